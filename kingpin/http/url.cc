#include "kingpin/http/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace kingpin::http {
namespace {

constexpr size_t kMaxBytes = 64 << 10;
constexpr size_t kMaxHostBytes = 253;  // RFC 1035 section 2.3.4, as text.
constexpr auto kNone = std::string_view::npos;

absl::Status Refuse(std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("URL \"", text.substr(0, 200), "\": ", why));
}

bool IsHostByte(char c) {
  return absl::ascii_isalnum(c) || c == '.' || c == '-' || c == '_';
}

// A name in ASCII, or an address.
bool IsHost(const std::string& host) {
  in6_addr address;
  return std::all_of(host.begin(), host.end(), IsHostByte) ||
         // inet_pton would stop at a NUL.
         (host.find('\0') == kNone &&
          ::inet_pton(AF_INET6, host.c_str(), &address) == 1);
}

// RFC 3986 section 3.3, and what stands for itself in a query.
bool IsTargetByte(char c) {
  return absl::ascii_isalnum(c) ||
         std::string_view("-._~!$&'()*+,;=:@/?%").find(c) != kNone;
}

std::string Encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (IsTargetByte(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

// RFC 3986 section 5.2.4, of a path that begins with "/".
std::string WithoutDots(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    path.remove_prefix(1);  // The slash.
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    const bool is_last = path.empty();
    if (segment == "..") {
      out.resize(out.empty() ? 0 : out.rfind('/'));
    } else if (segment != ".") {
      absl::StrAppend(&out, "/", segment);
      continue;
    }
    if (is_last) out += '/';
  }
  return out;
}

// What stands in front of `delimiter`, which goes, too; `rest` gets what is behind,
// nothing if there is no delimiter.
std::string_view CutAt(std::string_view text, char delimiter,
                       std::string_view* rest) {
  const size_t at = text.find(delimiter);
  *rest = at == kNone ? std::string_view() : text.substr(at);
  return text.substr(0, at);
}

absl::Status SetHost(std::string_view text, std::string_view host, Url* url) {
  if (host.empty()) return Refuse(text, "it has no host");
  if (host.size() > kMaxHostBytes) return Refuse(text, "its host is too long");
  url->host = absl::AsciiStrToLower(host);
  if (IsHost(url->host)) return absl::OkStatus();
  return Refuse(text, "its host is neither a name in ASCII nor an address");
}

// "host", "host:port", "[address]:port".
absl::Status SetAuthority(std::string_view text, std::string_view authority,
                          Url* url) {
  if (authority.find('@') != kNone) {
    return Refuse(text, "a user name in front of the host is not supported");
  }
  std::string_view host;
  std::string_view port;
  if (absl::StartsWith(authority, "[")) {
    const size_t end = authority.find(']');
    if (end == kNone) return Refuse(text, "it has a [ without its ]");
    host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
    if (host.find(':') == kNone)
      return Refuse(text, "[...] is no IPv6 address");
  } else {
    host = CutAt(authority, ':', &port);
  }
  if (!port.empty()) {
    uint32_t number = 0;
    const bool is_colon = port.front() == ':';
    port.remove_prefix(1);
    if (!is_colon ||
        !std::all_of(port.begin(), port.end(), absl::ascii_isdigit) ||
        (!port.empty() &&
         (!absl::SimpleAtoi(port, &number) || number == 0 || number > 65535))) {
      return Refuse(text, "its port is not 1 to 65535");
    }
    if (number != 0) url->port = static_cast<uint16_t>(number);
  }
  return SetHost(text, host, url);
}

void SetTarget(std::string_view path_and_query, Url* url) {
  std::string_view query;
  const std::string_view path = CutAt(path_and_query, '?', &query);
  url->target = Encoded(path.empty() ? "/" : WithoutDots(path));
  absl::StrAppend(&url->target, Encoded(query));
}

// Both are of `url` already: the scheme, and so the port.
absl::StatusOr<Url> ParseBehindScheme(std::string_view text,
                                      std::string_view rest, Url url) {
  rest.remove_prefix(2);  // "//"
  const size_t end = std::min(rest.find_first_of("/?"), rest.size());
  if (absl::Status status = SetAuthority(text, rest.substr(0, end), &url);
      !status.ok()) {
    return status;
  }
  SetTarget(rest.substr(end), &url);
  return url;
}

// White space and the fragment gone; nothing that ends a line.
absl::StatusOr<std::string_view> Trim(std::string_view text) {
  if (text.size() > kMaxBytes) return Refuse(text, "it is above 64 KiB");
  std::string_view trimmed = absl::StripAsciiWhitespace(text);
  if (std::any_of(trimmed.begin(), trimmed.end(), absl::ascii_iscntrl)) {
    return Refuse("", "it has control characters");
  }
  return trimmed.substr(0, trimmed.find('#'));
}

// "scheme:", nothing if `text` begins with none (RFC 3986 section 3.1).
std::string_view SchemeOf(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == kNone || colon == 0 || !absl::ascii_isalpha(text[0])) return {};
  const std::string_view scheme = text.substr(0, colon + 1);
  const bool valid = std::all_of(scheme.begin(), scheme.end() - 1, [](char c) {
    return absl::ascii_isalnum(c) || c == '+' || c == '-' || c == '.';
  });
  return valid ? scheme : std::string_view();
}

}  // namespace

absl::StatusOr<Url> Url::Parse(std::string_view text) {
  const absl::StatusOr<std::string_view> trimmed = Trim(text);
  if (!trimmed.ok()) return trimmed.status();
  const std::string_view scheme = SchemeOf(*trimmed);
  Url url;
  url.is_https = absl::EqualsIgnoreCase(scheme, "https:");
  if (!url.is_https && !absl::EqualsIgnoreCase(scheme, "http:")) {
    return Refuse(*trimmed, "it does not begin with http:// or https://");
  }
  url.port = url.is_https ? 443 : 80;
  const std::string_view rest = trimmed->substr(scheme.size());
  if (!absl::StartsWith(rest, "//")) {
    return Refuse(*trimmed, "there is no // behind its scheme");
  }
  return ParseBehindScheme(*trimmed, rest, std::move(url));
}

absl::StatusOr<Url> Url::Resolve(std::string_view reference) const {
  const absl::StatusOr<std::string_view> trimmed = Trim(reference);
  if (!trimmed.ok()) return trimmed.status();
  const std::string_view text = *trimmed;
  if (!SchemeOf(text).empty()) return Parse(text);
  Url url = *this;
  if (absl::StartsWith(text, "//")) {
    url.port = is_https ? 443 : 80;
    return ParseBehindScheme(text, text, std::move(url));
  }
  const std::string_view base = std::string_view(target);
  const std::string_view base_path = base.substr(0, base.find('?'));
  if (text.empty()) return url;
  if (text.front() == '?') {
    SetTarget(absl::StrCat(base_path, text), &url);
  } else if (text.front() == '/') {
    SetTarget(text, &url);
  } else {
    SetTarget(absl::StrCat(base_path.substr(0, base_path.rfind('/') + 1), text),
              &url);
  }
  return url;
}

std::string Url::HostField() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  std::string field = is_ipv6 ? absl::StrCat("[", host, "]") : host;
  if (port != (is_https ? 443 : 80)) absl::StrAppend(&field, ":", port);
  return field;
}

absl::Status Url::Check() const {
  const auto refuse = [this](std::string_view why) {
    return Refuse(absl::CHexEscape(ToString()), why);
  };
  if (host.empty()) return refuse("it has no host");
  if (host.size() > kMaxHostBytes) return refuse("its host is too long");
  if (!IsHost(host)) {
    return refuse("its host is neither a name in ASCII nor an address");
  }
  if (port == 0) return refuse("its port is not 1 to 65535");
  if (!absl::StartsWith(target, "/")) {
    return refuse("its target does not begin with /");
  }
  if (!std::all_of(target.begin(), target.end(), IsTargetByte)) {
    return refuse(
        "its target has a byte that has to be percent-encoded (Url::Parse does "
        "that)");
  }
  return absl::OkStatus();
}

std::string Url::ToString() const {
  return absl::StrCat(is_https ? "https://" : "http://", HostField(), target);
}

}  // namespace kingpin::http

#include "kingpin/dns/host_name.h"

#include <algorithm>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace kingpin {
namespace {

absl::Status Refuse(absl::string_view host, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(QuotedHost(host), ": ", why));
}

absl::Status CheckLabel(absl::string_view host, absl::string_view label) {
  if (label.empty()) return Refuse(host, "an empty label (two dots)");
  if (label.size() > kMaxLabelBytes) {
    return Refuse(host, absl::StrCat("a label of ", label.size(),
                                     " characters, 63 are allowed"));
  }
  for (const char c : label) {
    if (absl::ascii_isalnum(c) || c == '-' || c == '_') continue;
    if (!absl::ascii_isascii(c)) {
      return Refuse(host,
                    "bytes outside of ASCII; an international name is asked "
                    "for in its encoded form (xn--...)");
    }
    return Refuse(host, "a character other than letters, digits, - and _");
  }
  return absl::OkStatus();
}

bool IsNumber(absl::string_view label) {
  if (absl::ConsumePrefix(&label, "0x")) {
    return std::all_of(label.begin(), label.end(), absl::ascii_isxdigit);
  }
  return std::all_of(label.begin(), label.end(), absl::ascii_isdigit);
}

}  // namespace

absl::StatusOr<HostName> ParseHostName(absl::string_view host) {
  absl::string_view rest = host;
  HostName name;
  name.absolute = absl::ConsumeSuffix(&rest, ".");
  if (rest.empty()) return Refuse(host, "an empty name");
  if (rest.size() > kMaxHostNameBytes) {
    return Refuse(host, absl::StrCat("a name of ", rest.size(),
                                     " characters, 253 are allowed"));
  }
  name.text = absl::AsciiStrToLower(rest);
  absl::string_view last;
  for (absl::string_view label : absl::StrSplit(name.text, '.')) {
    absl::Status status = CheckLabel(host, label);
    if (!status.ok()) return status;
    last = label;
  }
  if (IsNumber(last)) {
    return Refuse(host, "neither an address nor a name: it ends in a number");
  }
  return name;
}

std::string QuotedHost(absl::string_view host) {
  return absl::StrCat("\"", absl::CHexEscape(host.substr(0, 100)),
                      host.size() > 100 ? "...\"" : "\"");
}

bool IsWithin(absl::string_view name, absl::string_view domain) {
  return absl::ConsumeSuffix(&name, domain) &&
         (name.empty() || name.back() == '.');
}

}  // namespace kingpin

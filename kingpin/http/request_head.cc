#include "kingpin/http/request_head.h"

#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kingpin/http/scan.h"

namespace kingpin::http {
namespace {

constexpr std::string_view kOwnFields[] = {
    "Host", "Content-Length", "Transfer-Encoding", "Connection", "Expect"};

bool IsToken(std::string_view text) {
  const char* end = text.data() + text.size();
  return !text.empty() && SkipBytes(text.data(), end, kTokenByte) == end;
}

bool IsValue(std::string_view text) {
  const char* end = text.data() + text.size();
  return SkipValue(text.data(), end) == end;
}

absl::Status CheckField(std::string_view name, std::string_view value) {
  if (!IsToken(name)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the field name \"", absl::CHexEscape(name), "\" is not a token"));
  }
  if (!IsValue(value)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the value of ", name, " has a control character: \"",
                     absl::CHexEscape(value), "\""));
  }
  for (std::string_view own : kOwnFields) {
    if (absl::EqualsIgnoreCase(name, own)) {
      return absl::InvalidArgumentError(
          absl::StrCat(own, " is written by the client itself"));
    }
  }
  return absl::OkStatus();
}

std::string Authority(const Url& url) {
  const bool is_ipv6 = absl::StrContains(url.host, ':');
  return absl::StrCat(is_ipv6 ? "[" : "", url.host, is_ipv6 ? "]:" : ":",
                      url.port);
}

std::string Target(const RequestHeadParts& parts) {
  switch (parts.form) {
    case TargetForm::kOrigin:
      return parts.url.target;
    case TargetForm::kAbsolute:
      return parts.url.ToString();
    case TargetForm::kAuthority:
      return Authority(parts.url);
  }
  return {};
}

}  // namespace

absl::StatusOr<std::string> WriteRequestHead(const RequestHeadParts& parts) {
  if (!IsToken(parts.method)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the method \"", absl::CHexEscape(parts.method), "\" is not a token"));
  }
  if ((parts.method == "CONNECT") != (parts.form == TargetForm::kAuthority)) {
    return absl::InvalidArgumentError(
        "CONNECT opens a tunnel through a proxy, and nothing else does");
  }
  if (auto status = parts.url.Check(); !status.ok()) return status;
  if (!parts.upgrade.empty() && !IsToken(parts.upgrade)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the protocol \"", absl::CHexEscape(parts.upgrade),
                     "\" to upgrade to is not a token"));
  }
  // With CONNECT the port is always there (RFC 9110 section 9.3.6).
  const std::string host = parts.form == TargetForm::kAuthority
                               ? Authority(parts.url)
                               : parts.url.HostField();
  std::string head = absl::StrCat(parts.method, " ", Target(parts),
                                  " HTTP/1.1\r\nHost: ", host, "\r\n");
  for (const auto& [name, value] : parts.fields) {
    if (auto status = CheckField(name, value); !status.ok()) return status;
    absl::StrAppend(&head, name, ": ", value, "\r\n");
  }
  if (parts.content_length.has_value()) {
    absl::StrAppend(&head, "Content-Length: ", *parts.content_length, "\r\n");
  }
  if (parts.close) absl::StrAppend(&head, "Connection: close\r\n");
  if (!parts.upgrade.empty()) {
    absl::StrAppend(&head, "Connection: Upgrade\r\nUpgrade: ", parts.upgrade,
                    "\r\n");
  }
  if (parts.expect_continue) absl::StrAppend(&head, "Expect: 100-continue\r\n");
  absl::StrAppend(&head, "\r\n");
  return head;
}

}  // namespace kingpin::http

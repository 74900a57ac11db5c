#include "kingpin/http/websocket_handshake.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "kingpin/http/field.h"
#include "kingpin/http/scan.h"
#include "kingpin/http/websocket_accept_key.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin::http {
namespace {

constexpr std::string_view kVersion = "13";
constexpr size_t kKeyBytes = 16;

// All fields of that name as one list (RFC 9110 section 5.3).
std::string JoinFields(std::span<const Field> fields, std::string_view name) {
  std::string all;
  for (const Field& field : fields) {
    if (!absl::EqualsIgnoreCase(field.name, name)) continue;
    absl::StrAppend(&all, all.empty() ? "" : ", ", field.value);
  }
  return all;
}

bool ListHas(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    if (absl::EqualsIgnoreCase(TakeElement(&list), token)) return true;
  }
  return false;
}

// The only field of that name; nullopt: there is none, or more.
std::optional<std::string_view> FindOnly(std::span<const Field> fields,
                                         std::string_view name) {
  std::optional<std::string_view> found;
  for (const Field& field : fields) {
    if (!absl::EqualsIgnoreCase(field.name, name)) continue;
    if (found.has_value()) return std::nullopt;
    found = field.value;
  }
  return found;
}

bool IsKey(std::string_view text) {
  std::string bytes;
  return text.size() == (kKeyBytes + 2) / 3 * 4 && text.ends_with("==") &&
         absl::Base64Unescape(text, &bytes) && bytes.size() == kKeyBytes;
}

absl::Status NotAgreed(std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("not an answer to the WebSocket handshake: ", why));
}

absl::Status CheckUpgrade(const Response& response, std::string_view key) {
  if (!absl::EqualsIgnoreCase(JoinFields(response.fields, "Upgrade"),
                              "websocket")) {
    return NotAgreed("Upgrade is not websocket");
  }
  if (!ListHas(JoinFields(response.fields, "Connection"), "upgrade")) {
    return NotAgreed("Connection is not Upgrade");
  }
  if (FindOnly(response.fields, "Sec-WebSocket-Accept") !=
      WebSocketAcceptKey(key)) {
    return NotAgreed("Sec-WebSocket-Accept is not that of the key");
  }
  return absl::OkStatus();
}

}  // namespace

// --- Server ------------------------------------------------------------------

bool AsksForWebSocket(const Request& request) {
  return ListHas(JoinFields(request.fields, "Upgrade"), "websocket");
}

HttpStatus ReadWebSocketOpening(const Request& request,
                                WebSocketOpening* opening) {
  if (!AsksForWebSocket(request)) return HttpStatus::kUpgradeRequired;
  const bool fit = request.method == Method::kGet &&
                   request.minor_version == 1 && !request.has_body() &&
                   ListHas(JoinFields(request.fields, "Connection"), "upgrade");
  if (!fit) return HttpStatus::kBadRequest;
  if (FindOnly(request.fields, "Sec-WebSocket-Version") != kVersion) {
    return HttpStatus::kUpgradeRequired;
  }
  const auto key = FindOnly(request.fields, "Sec-WebSocket-Key");
  if (!key.has_value() || !IsKey(*key)) return HttpStatus::kBadRequest;
  opening->accept = WebSocketAcceptKey(*key);
  opening->protocols = JoinFields(request.fields, "Sec-WebSocket-Protocol");
  opening->extensions = JoinFields(request.fields, "Sec-WebSocket-Extensions");
  return HttpStatus::kSwitchingProtocols;
}

std::string_view ChooseProtocol(std::string_view offered,
                                std::span<const std::string_view> supported) {
  while (!offered.empty()) {
    const std::string_view protocol = TakeElement(&offered);
    const auto found = std::find(supported.begin(), supported.end(), protocol);
    if (!protocol.empty() && found != supported.end()) return *found;
  }
  return {};
}

bool IsSameOrigin(const Request& request) {
  const std::optional<std::string_view> origin = request.Find("Origin");
  if (!origin.has_value()) return true;
  const size_t scheme_end = origin->find("://");
  return scheme_end != origin->npos &&
         absl::EqualsIgnoreCase(origin->substr(scheme_end + 3), request.host);
}

bool IsOriginAmong(const Request& request,
                   std::span<const std::string_view> origins) {
  const std::optional<std::string_view> origin = request.Find("Origin");
  return !origin.has_value() ||
         std::any_of(origins.begin(), origins.end(), [&](std::string_view o) {
           return absl::EqualsIgnoreCase(o, *origin);
         });
}

// --- Client ------------------------------------------------------------------

absl::StatusOr<Url> ParseWebSocketUrl(std::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  const size_t colon = std::min(text.find(':'), text.size());
  const std::string_view scheme = text.substr(0, colon);
  const bool is_wss = absl::EqualsIgnoreCase(scheme, "wss");
  if (!is_wss && !absl::EqualsIgnoreCase(scheme, "ws")) {
    return absl::InvalidArgumentError(
        absl::StrCat("not a ws or wss URL: ", text));
  }
  if (absl::StrContains(text, '#')) {
    return absl::InvalidArgumentError(
        absl::StrCat("a WebSocket URL has no fragment: ", text));
  }
  return Url::Parse(
      absl::StrCat(is_wss ? "https" : "http", text.substr(colon)));
}

std::string NewWebSocketKey() {
  char bytes[kKeyBytes];
  sys::FillRandom(absl::MakeSpan(bytes));
  return absl::Base64Escape(std::string_view(bytes, sizeof(bytes)));
}

void AddWebSocketFields(std::string_view key,
                        const std::vector<std::string>& protocols,
                        const DeflateOptions& deflate,
                        RequestHeadParts* parts) {
  parts->upgrade = "websocket";
  parts->fields.emplace_back("Sec-WebSocket-Version", kVersion);
  parts->fields.emplace_back("Sec-WebSocket-Key", key);
  if (!protocols.empty()) {
    parts->fields.emplace_back("Sec-WebSocket-Protocol",
                               absl::StrJoin(protocols, ", "));
  }
  if (deflate.enabled) {
    parts->fields.emplace_back("Sec-WebSocket-Extensions",
                               OfferDeflate(deflate));
  }
}

absl::StatusOr<WebSocketAgreement> ReadWebSocketAnswer(
    const Response& response, std::string_view key,
    const std::vector<std::string>& protocols, const DeflateOptions& deflate) {
  if (response.status != 101) {
    return absl::FailedPreconditionError(
        absl::StrCat("the server does not open a WebSocket: it answered ",
                     response.status, " ", response.reason));
  }
  if (absl::Status status = CheckUpgrade(response, key); !status.ok()) {
    return status;
  }
  WebSocketAgreement agreement;
  agreement.protocol = JoinFields(response.fields, "Sec-WebSocket-Protocol");
  if (!agreement.protocol.empty() &&
      !absl::c_linear_search(protocols, agreement.protocol)) {
    return NotAgreed(
        absl::StrCat("the protocol ", agreement.protocol, " was not offered"));
  }
  auto terms = AcceptDeflateAnswer(
      JoinFields(response.fields, "Sec-WebSocket-Extensions"), deflate);
  if (!terms.ok()) return terms.status();
  agreement.deflate = *terms;
  return agreement;
}

}  // namespace kingpin::http

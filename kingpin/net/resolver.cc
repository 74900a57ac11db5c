#include "kingpin/net/resolver.h"

#include "absl/log/log.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace kingpin {
namespace {

// "localhost", "LOCALHOST.", "a.localhost" (RFC 6761, section 6.3).
bool IsLocalhost(absl::string_view host) {
  absl::ConsumeSuffix(&host, ".");
  return absl::EqualsIgnoreCase(host, "localhost") ||
         absl::EndsWithIgnoreCase(host, ".localhost");
}

}  // namespace

absl::string_view ToString(ResolveError error) {
  switch (error) {
    case ResolveError::kNone:
      return "resolved";
    case ResolveError::kBadName:
      return "not a host name";
    case ResolveError::kNotFound:
      return "no such name";
    case ResolveError::kNoAddress:
      return "the name has no address";
    case ResolveError::kTimeout:
      return "no name server answered in time";
    case ResolveError::kServerFailure:
      return "the name server failed";
    case ResolveError::kNoResources:
      return "no resources to look a name up";
  }
  return "unknown";
}

std::optional<SocketAddress> ParseLiteralHost(absl::string_view host) {
  // A colon is in no name and in no IPv4 address.
  const bool bare_ipv6 = absl::StrContains(host, ':') && host[0] != '[';
  if (host.empty() || absl::StartsWith(host, "unix:")) return std::nullopt;
  absl::StatusOr<SocketAddress> address = SocketAddress::Parse(
      bare_ipv6 ? absl::StrCat("[", host, "]:0") : absl::StrCat(host, ":0"));
  if (!address.ok()) return std::nullopt;
  return *address;
}

std::optional<ResolveAnswer> LookupLiteral(absl::string_view host) {
  if (IsLocalhost(host)) {
    return ResolveAnswer{
        .addresses = {*ParseLiteralHost("::1"), *ParseLiteralHost("127.0.0.1")},
    };
  }
  std::optional<SocketAddress> address = ParseLiteralHost(host);
  if (!address.has_value()) return std::nullopt;
  return ResolveAnswer{.addresses = {*address}};
}

std::optional<ResolveAnswer> LiteralResolver::Lookup(absl::string_view host) {
  std::optional<ResolveAnswer> answer = LookupLiteral(host);
  if (answer.has_value()) return answer;
  return ResolveAnswer{
      .error = ResolveError::kNotFound,
      .detail = absl::StrCat("\"", host,
                             "\" is not an address, and this client has no "
                             "resolver that looks names up")};
}

ResolveId LiteralResolver::Start(absl::string_view host, Callback) {
  LOG(FATAL) << "Start(\"" << host << "\"): Lookup() has the answer";
}

}  // namespace kingpin

// What holds for any bytes that are taken for the message of a name server: at
// most as many addresses as asked for, of the family asked for, or a reason; and
// TTLs that are no time at all before the start.
//
// The first byte's lowest bit is the type, the rest the message; the name is that
// of its question where that can be told, as a server would copy it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "kingpin/dns/dns_reply.h"

namespace kingpin {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

std::string QuestionName(absl::string_view message) {
  std::string name;
  for (size_t at = 12; at < message.size() && message[at] != 0;) {
    const size_t length = static_cast<uint8_t>(message[at]);
    if (length > 63) break;
    if (!name.empty()) name += '.';
    name += absl::AsciiStrToLower(message.substr(at + 1, length));
    at += 1 + length;
  }
  return name;
}

void Check(absl::string_view message, DnsType type) {
  constexpr size_t kMost = 8;
  const DnsReply reply =
      ParseDnsReply(message, QuestionName(message), type, kMost);
  Require(reply.addresses.size() <= kMost);
  Require(reply.addresses.empty() == (reply.error != ResolveError::kNone));
  Require(reply.ttl >= absl::ZeroDuration());
  Require(reply.ttl <= absl::Seconds(INT32_MAX));
  for (const IpAddress& address : reply.addresses) {
    Require(address.is_v6 == (type == DnsType::kAaaa));
  }
}

}  // namespace
}  // namespace kingpin

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using kingpin::DnsType;
  if (size == 0) return 0;
  kingpin::Check(
      absl::string_view(reinterpret_cast<const char*>(data) + 1, size - 1),
      (data[0] & 1) != 0 ? DnsType::kAaaa : DnsType::kA);
  return 0;
}

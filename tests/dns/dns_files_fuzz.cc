// What holds for any bytes in a hosts file or a resolv.conf: names that come out
// are names, within the bounds, and a file cut in two anywhere reads the same.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "kingpin/dns/host_name.h"
#include "kingpin/dns/hosts_file.h"
#include "kingpin/dns/resolv_conf.h"

namespace kingpin {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckHosts(absl::string_view text) {
  HostsParser whole;
  whole.Take(text);
  const HostsTable table = whole.Finish(/*cut=*/false);
  for (const auto& [name, addresses] : table) {
    Require(ParseHostName(name).ok());
    Require(!addresses.empty());
    Require(addresses.size() <= HostsParser::kMaxAddresses);
  }
  HostsParser pieces;
  const size_t cut = text.empty() ? 0 : static_cast<uint8_t>(text[0]);
  pieces.Take(text.substr(0, std::min(cut, text.size())));
  pieces.Take(text.substr(std::min(cut, text.size())));
  Require(pieces.Finish(/*cut=*/false) == table);
}

void CheckResolvConf(absl::string_view text) {
  const ResolvConf conf = ResolvConf::Parse(text, "host.example");
  Require(conf.servers.size() <= ResolvConf::kMaxServers);
  Require(conf.search.size() <= ResolvConf::kMaxDomains);
  Require(conf.ndots >= 0 && conf.ndots <= 15);
  for (const std::string& name : conf.Candidates({"name", false})) {
    Require(ParseHostName(name).ok());
  }
}

}  // namespace
}  // namespace kingpin

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  kingpin::CheckHosts(text);
  kingpin::CheckResolvConf(text);
  const absl::StatusOr<kingpin::HostName> name = kingpin::ParseHostName(text);
  if (name.ok()) {
    kingpin::Require(name->text.size() <= kingpin::kMaxHostNameBytes);
    kingpin::Require(kingpin::ParseHostName(name->text).ok());
  }
  return 0;
}

// ResolvConf: what resolv.conf(5) says about servers and search domains.
//
// Read by us and not by c-ares, because c-ares gives the search domains back in
// some versions only, and reads other files on the way. What is not understood
// is passed over, as the C library does: "sortlist", other options, name
// servers that are no addresses. The environment (LOCALDOMAIN, RES_OPTIONS) is
// not asked. Bounds: 8 servers, 16 domains, 64 KiB.
//
// Threads: a value. Load() reads a file: for set-up, not for a loop.
//
//   ResolvConf conf = ResolvConf::Load("/etc/resolv.conf");
//   for (const std::string& name : conf.Candidates(*ParseHostName("db"))) ...
#ifndef KINGPIN_DNS_RESOLV_CONF_H_
#define KINGPIN_DNS_RESOLV_CONF_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "kingpin/dns/host_name.h"
#include "kingpin/sys/socket_address.h"

namespace kingpin {

struct ResolvConf {
  static constexpr size_t kMaxServers = 8;
  static constexpr size_t kMaxDomains = 16;
  static constexpr size_t kMaxBytes = 64 << 10;

  std::vector<SocketAddress> servers;  // Port 53.
  std::vector<std::string> search;     // In the form of HostName::text.
  int ndots = 1;
  absl::Duration timeout = absl::ZeroDuration();  // Zero: it does not say.
  int attempts = 0;                               // Likewise.
  bool rotate = false;

  // `local_name` is this host's: its domain is searched if the file names none.
  static ResolvConf Parse(absl::string_view text, absl::string_view local_name);
  // Without the file (or servers in it): the server on this host, as
  // resolv.conf(5) says.
  static ResolvConf Load(const std::string& path);

  // The names to ask for, in this order, until one exists: a name of at least
  // `ndots` dots as it is and then within each search domain, one of fewer the
  // other way round, an absolute one as it is.
  std::vector<std::string> Candidates(const HostName& name) const;
};

}  // namespace kingpin

#endif  // KINGPIN_DNS_RESOLV_CONF_H_

// DnsServer: a name server for tests, on 127.0.0.1 by UDP and TCP, whose every
// answer is the script's: wrong ones, late ones, none.
//
//   DnsServer server([](const DnsQuestion& q) -> DnsMessages {
//     return {DnsMessage(q).A("10.0.0.1", 60).bytes()};
//   });
//   Resolve("example.org", {.servers = {server.address()}});
//   EXPECT_EQ(server.count("example.org", kDnsA), 1);
#ifndef KINGPIN_TESTS_TESTING_DNS_SERVER_H_
#define KINGPIN_TESTS_TESTING_DNS_SERVER_H_

#include <netinet/in.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin {
namespace testing {

inline constexpr uint16_t kDnsA = 1, kDnsCname = 5, kDnsSoa = 6, kDnsAaaa = 28;

struct DnsQuestion {
  uint16_t id = 0;
  std::string name;  // Lower case, without the dot at the end.
  uint16_t type = 0;
  bool tcp = false;
  int time = 1;  // The how manieth with this name and type it is.
  sockaddr_in peer = {};
};

// Messages to send back, in this order.
using DnsMessages = std::vector<std::string>;

// Makes the answer to a question, record by record.
class DnsMessage {
 public:
  explicit DnsMessage(const DnsQuestion& question);

  DnsMessage& Id(uint16_t id);
  DnsMessage& Code(int rcode);
  DnsMessage& Truncated();
  // The owner of a record is the name of the question unless it is given.
  DnsMessage& A(absl::string_view address, uint32_t ttl,
                absl::string_view owner = "");
  DnsMessage& Aaaa(absl::string_view address, uint32_t ttl,
                   absl::string_view owner = "");
  DnsMessage& Cname(absl::string_view target, uint32_t ttl,
                    absl::string_view owner = "");
  // In the authority section; goes last.
  DnsMessage& Soa(uint32_t minimum, uint32_t ttl);

  std::string bytes() const { return bytes_; }

 private:
  DnsMessage& Record(absl::string_view owner, uint16_t type, uint32_t ttl,
                     const std::string& data, int count_at);
  void SetU16(size_t at, uint16_t value);

  const std::string name_;
  std::string bytes_;
};

class DnsServer {
 public:
  using Script = std::function<DnsMessages(const DnsQuestion&)>;

  // The script runs on the server's thread.
  // By TCP, no message closes the connection.
  explicit DnsServer(Script script);
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  std::string address() const;  // "127.0.0.1:12345"
  uint16_t port() const { return port_; }

  // Sends, now and from any thread, what the script held back. UDP only.
  void Send(const DnsQuestion& question, const std::string& message);

  std::vector<DnsQuestion> questions() const ABSL_LOCKS_EXCLUDED(mu_);
  // How often that was asked for.
  int count(absl::string_view name, uint16_t type) const
      ABSL_LOCKS_EXCLUDED(mu_);
  int count() const { return static_cast<int>(questions().size()); }

 private:
  void Run();
  void ServeUdp();
  // False when the connection is to end.
  bool ServeTcp(int peer);
  // The answers to a message; none if it is no question.
  DnsMessages Answer(const std::string& message, DnsQuestion question)
      ABSL_LOCKS_EXCLUDED(mu_);

  const Script script_;
  UniqueFd udp_, tcp_, stop_;
  uint16_t port_ = 0;
  mutable absl::Mutex mu_;
  std::vector<DnsQuestion> questions_ ABSL_GUARDED_BY(mu_);
  std::map<std::pair<std::string, uint16_t>, int> counts_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace testing
}  // namespace kingpin

#endif  // KINGPIN_TESTS_TESTING_DNS_SERVER_H_

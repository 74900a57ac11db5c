// DnsChannel: questions to name servers through c-ares, in the loop of a thread.
//
// c-ares makes the messages and their identifiers, sends them by UDP, takes
// truncated answers again by TCP, tries again and other servers, and throws away
// what does not answer a question of ours. It names the descriptors and times it
// waits for, which are watches and a timer of the loop. It reads no file: its
// servers are given to it.
//
// Re-entry: c-ares calls back in the middle of its own work, also from within
// the call that asks and the one that destroys it, and none of its functions
// may destroy it then. So nothing of ours runs inside it: its callback takes the
// message and puts it on a list, and the listener runs when c-ares has returned,
// from the loop, never inside Ask(). It may ask more and may destroy the channel.
//
// Bounds: `max_queries` questions are with the servers at a time; further ones
// wait in line, and their time-out has not begun. From there they can be taken
// back; what is with the servers is c-ares' until its end.
//
// Threads: loop thread only.
// Lifetime: the loop outlives it. Questions that are open when it is destroyed
// have no answer. When the loop's run has ended nothing is called any more.
// Errors: kTimeout, kServerFailure or kNoResources, in the answer.
//
//   auto channel = DnsChannel::Create(&handler, options,
//                                     [](auto answers) { Take(answers); });
//   (*channel)->Ask("example.org", DnsType::kA);
#ifndef KINGPIN_DNS_DNS_CHANNEL_H_
#define KINGPIN_DNS_DNS_CHANNEL_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "kingpin/dns/dns_reply.h"
#include "kingpin/net/io_handler.h"
#include "kingpin/sys/socket_address.h"

struct ares_channeldata;

namespace kingpin {

struct DnsChannelOptions {
  std::vector<SocketAddress> servers;  // At least one.
  // Of the first try at each server; c-ares doubles it each round.
  absl::Duration attempt_timeout = absl::Seconds(2);
  int tries = 2;        // Of each server.
  bool rotate = false;  // Begin with another server each time.
  size_t max_queries = 256;
  size_t max_addresses = 64;  // Of an answer.
};

class DnsChannel {
 public:
  struct Answer {
    std::string name;
    DnsType type;
    DnsReply reply;
  };
  using Listener = absl::AnyInvocable<void(std::vector<Answer> answers)>;
  // Names a question, until the listener is called with its answer.
  struct Question;

  static absl::StatusOr<std::unique_ptr<DnsChannel>> Create(
      IOHandler* loop, DnsChannelOptions options, Listener listener);
  ~DnsChannel();
  DnsChannel(const DnsChannel&) = delete;
  DnsChannel& operator=(const DnsChannel&) = delete;

  // `name` in the form of HostName::text. Each question has one answer, unless it
  // is taken back.
  Question* Ask(absl::string_view name, DnsType type);
  // It was not asked yet, and neither was any that came later.
  bool InLine(const Question& question) const;
  // One that is in line.
  void TakeBack(Question* question);

  size_t open_questions() const { return asked_.size() + waiting_.size(); }

 private:
  DnsChannel(IOHandler* loop, DnsChannelOptions options, Listener listener);
  absl::Status Open();
  absl::Status SetServers();

  // Called by c-ares.
  static void OnSocketState(void* channel, int fd, int readable, int writable);
  static void OnAnswer(void* question, int status, int timeouts,
                       unsigned char* message, int size);

  void UpdateWatch(int fd, uint32_t events);
  void OnReady(int fd, uint32_t events);
  void OnTimer();
  // After every call of c-ares: passes on what waits, sets the timer, and has
  // the listener called from the loop if there are answers.
  void Settle();
  void AskWaiting();
  void ArmTimer();
  void PostDelivery();
  // The last thing a function does: the listener may destroy the channel.
  void Deliver();

  IOHandler& loop_;
  const DnsChannelOptions options_;
  const std::shared_ptr<Listener> listener_;
  ares_channeldata* ares_ = nullptr;
  absl::flat_hash_map<int, WatchId> watches_;
  TimerId timer_;
  bool delivery_posted_ = false;
  bool closing_ = false;

  // Moved from list to list, so that what c-ares calls allocates nothing here.
  std::list<Question> waiting_;
  std::list<Question> asked_;
  std::list<Question> answered_;

  // Expires with the channel: for what is posted to the loop.
  std::shared_ptr<DnsChannel*> self_ = std::make_shared<DnsChannel*>(this);
};

}  // namespace kingpin

#endif  // KINGPIN_DNS_DNS_CHANNEL_H_

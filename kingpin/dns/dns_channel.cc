#include "kingpin/dns/dns_channel.h"

// ares_query() is deprecated since 1.28 in favour of a call that 1.18 lacks.
#define CARES_NO_DEPRECATED
#include <ares.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/time.h>

#include <algorithm>
#include <new>
#include <utility>

#include "absl/base/call_once.h"
#include "absl/log/check.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kingpin/logger/klog.h"

namespace kingpin {
namespace {

constexpr int kClassIn = 1;

absl::Status AresError(absl::string_view call, int status) {
  return absl::InternalError(
      absl::StrCat("c-ares: ", call, ": ", ares_strerror(status)));
}

// Once a process; it is never undone, because other users may remain.
absl::Status InitLibrary() {
  static absl::once_flag once;
  static int status;
  absl::call_once(once, [] { status = ares_library_init(ARES_LIB_INIT_ALL); });
  return status == ARES_SUCCESS ? absl::OkStatus()
                                : AresError("ares_library_init", status);
}

// c-ares wants the interface of a link-local address behind the port.
std::string ServerText(const SocketAddress& server) {
  std::string host = server.host();
  const size_t percent = host.find('%');
  if (percent == host.npos) return server.ToString();
  return absl::StrCat("[", host.substr(0, percent), "]:", server.port(),
                      host.substr(percent));
}

ResolveError ErrorOf(int status) {
  switch (status) {
    case ARES_ETIMEOUT:
      return ResolveError::kTimeout;
    case ARES_ENOMEM:
    case ARES_EFILE:
      return ResolveError::kNoResources;
    default:
      return ResolveError::kServerFailure;
  }
}

std::string DetailOf(int status) {
  switch (status) {
    case ARES_ESERVFAIL:
      return "the name servers answered SERVFAIL: they could not find out";
    case ARES_EREFUSED:
      return "the name servers answered REFUSED: they do not serve this client "
             "or name";
    case ARES_ENOTIMP:
      return "the name servers answered NOTIMP: they do not know that kind of "
             "question";
    case ARES_ECONNREFUSED:
      // Older versions do not say which of these it was.
      return "no name server could be reached, or all of them answered "
             "SERVFAIL, "
             "REFUSED or NOTIMP";
    default:
      return ares_strerror(status);
  }
}

}  // namespace

struct DnsChannel::Question {
  DnsChannel* channel;
  std::string name;
  DnsType type;
  bool in_line = true;
  DnsReply reply = {};
  std::list<Question>::iterator self = {};
};

// --- Set-up ------------------------------------------------------------------

absl::StatusOr<std::unique_ptr<DnsChannel>> DnsChannel::Create(
    IOHandler* loop, DnsChannelOptions options, Listener listener) {
  std::unique_ptr<DnsChannel> channel(
      new DnsChannel(loop, std::move(options), std::move(listener)));
  absl::Status status = InitLibrary();
  if (status.ok()) status = channel->Open();
  if (!status.ok()) return status;
  return channel;
}

DnsChannel::DnsChannel(IOHandler* loop, DnsChannelOptions options,
                       Listener listener)
    : loop_(*loop),
      options_(std::move(options)),
      listener_(std::make_shared<Listener>(std::move(listener))) {}

absl::Status DnsChannel::Open() {
  ares_options set = {};
  // No EDNS: older versions of c-ares lose a question when a server does not
  // know it, and what does not fit comes by TCP.
  set.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
  set.timeout = static_cast<int>(std::clamp<int64_t>(
      absl::ToInt64Milliseconds(options_.attempt_timeout), 1, INT_MAX));
  set.tries = std::max(options_.tries, 1);
  set.sock_state_cb = &OnSocketState;
  set.sock_state_cb_data = this;
  // So that it reads no files.
  char dns_only[] = "b";
  char no_file[] = "/dev/null";
  set.lookups = dns_only;
  set.resolvconf_path = no_file;
  int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
             ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS | ARES_OPT_RESOLVCONF |
             (options_.rotate ? ARES_OPT_ROTATE : ARES_OPT_NOROTATE);
#ifdef ARES_OPT_QUERY_CACHE
  // We have our own, on the loop's clock.
  set.qcache_max_ttl = 0;
  mask |= ARES_OPT_QUERY_CACHE;
#endif
  int status = ares_init_options(&ares_, &set, mask);
  if (status != ARES_SUCCESS) {
    ares_ = nullptr;
    return AresError("ares_init_options", status);
  }
  return SetServers();
}

absl::Status DnsChannel::SetServers() {
  std::vector<std::string> texts;
  for (const SocketAddress& server : options_.servers) {
    texts.push_back(ServerText(server));
  }
  if (texts.empty()) return absl::InvalidArgumentError("no name servers");
  int status =
      ares_set_servers_ports_csv(ares_, absl::StrJoin(texts, ",").c_str());
  if (status != ARES_SUCCESS) {
    // Older versions do not know of interfaces.
    std::erase_if(texts, [](const std::string& text) {
      return absl::StrContains(text, '%');
    });
    KLOG(WARNING) << "name servers with link-local addresses are left out: "
                  << ares_strerror(status);
    status =
        ares_set_servers_ports_csv(ares_, absl::StrJoin(texts, ",").c_str());
  }
  if (status == ARES_SUCCESS && !texts.empty()) return absl::OkStatus();
  return AresError("ares_set_servers_ports_csv", status);
}

DnsChannel::~DnsChannel() {
  closing_ = true;
  // Ends the open questions by OnAnswer, and its sockets by OnSocketState.
  if (ares_ != nullptr) ares_destroy(ares_);
  for (auto& [fd, watch] : watches_) loop_.EndWatch(watch);
  loop_.CancelTimer(timer_);
}

// --- Questions and answers -----------------------------------------------------

DnsChannel::Question* DnsChannel::Ask(absl::string_view name, DnsType type) {
  waiting_.push_back({this, std::string(name), type});
  Question& question = waiting_.back();
  question.self = std::prev(waiting_.end());
  Settle();
  return &question;  // An answer that is there already has not been delivered.
}

bool DnsChannel::InLine(const Question& question) const {
  return question.in_line;
}

void DnsChannel::TakeBack(Question* question) {
  DCHECK(question->in_line);
  waiting_.erase(question->self);
}

void DnsChannel::AskWaiting() {
  while (!waiting_.empty() && asked_.size() < options_.max_queries) {
    Question& question = waiting_.front();
    question.in_line = false;
    asked_.splice(asked_.end(), waiting_, question.self);
    // May call OnAnswer before it returns.
    ares_query(ares_, question.name.c_str(), kClassIn,
               static_cast<int>(question.type), &OnAnswer, &question);
  }
}

void DnsChannel::OnAnswer(void* arg, int status, int /*timeouts*/,
                          unsigned char* message, int size) {
  Question& question = *static_cast<Question*>(arg);
  DnsChannel& channel = *question.channel;
  if (channel.closing_) return;
  // Whatever the status, a message says more: the SOA of a name that is not.
  try {
    if (message != nullptr) {
      question.reply = ParseDnsReply(
          absl::string_view(reinterpret_cast<const char*>(message),
                            static_cast<size_t>(size)),
          question.name, question.type, channel.options_.max_addresses);
    } else {
      question.reply = {.error = ErrorOf(status), .detail = DetailOf(status)};
    }
  } catch (const std::bad_alloc&) {  // Must not pass through c-ares.
    question.reply = {.error = ResolveError::kNoResources};
  }
  channel.answered_.splice(channel.answered_.end(), channel.asked_,
                           question.self);
}

void DnsChannel::Settle() {
  AskWaiting();
  ArmTimer();
  if (!answered_.empty() && !delivery_posted_) PostDelivery();
}

void DnsChannel::PostDelivery() {
  delivery_posted_ = true;
  auto deliver = [weak = std::weak_ptr<DnsChannel*>(self_)] {
    DnsChannel* channel = weak.expired() ? nullptr : *weak.lock();
    if (channel != nullptr) channel->Deliver();
  };
  if (!loop_.shared().thread(loop_.thread()).Post(deliver)) {
    loop_.RunAfter(absl::ZeroDuration(), deliver);
  }
}

void DnsChannel::Deliver() {
  delivery_posted_ = false;
  if (answered_.empty()) return;
  std::vector<Answer> answers;
  answers.reserve(answered_.size());
  for (Question& question : answered_) {
    answers.push_back(
        {std::move(question.name), question.type, std::move(question.reply)});
  }
  answered_.clear();
  // Outlives its own call, and nothing comes after it.
  std::shared_ptr<Listener> listener = listener_;
  (*listener)(std::move(answers));
}

// --- Descriptors and time ------------------------------------------------------

void DnsChannel::OnSocketState(void* arg, int fd, int readable, int writable) {
  DnsChannel& channel = *static_cast<DnsChannel*>(arg);
  try {
    channel.UpdateWatch(fd,
                        (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u));
  } catch (const std::bad_alloc&) {  // Must not pass through c-ares.
    KLOG_EVERY_SECOND(ERROR) << "no memory to watch a socket to a name server";
  }
}

void DnsChannel::UpdateWatch(int fd, uint32_t events) {
  auto found = watches_.find(fd);
  if (events == 0) {  // It is about to be closed.
    if (found == watches_.end()) return;
    loop_.EndWatch(found->second);
    watches_.erase(found);
    return;
  }
  absl::Status status;
  if (found != watches_.end()) {
    status = loop_.ChangeWatch(found->second, events);
  } else {
    absl::StatusOr<WatchId> watch = loop_.Watch(
        fd, events, [this, fd](uint32_t ready) { OnReady(fd, ready); });
    if (watch.ok()) watches_.emplace(fd, *watch);
    status = watch.status();
  }
  // Its questions time out and are asked again.
  if (!status.ok()) KLOG_EVERY_SECOND(ERROR) << "name server: " << status;
}

void DnsChannel::OnReady(int fd, uint32_t events) {
  // An error is found by reading.
  const bool read = (events & ~uint32_t{EPOLLOUT}) != 0;
  const bool write = (events & EPOLLOUT) != 0;
  ares_process_fd(ares_, read ? fd : ARES_SOCKET_BAD,
                  write ? fd : ARES_SOCKET_BAD);
  delivery_posted_ = true;  // By the last line.
  Settle();
  Deliver();
}

void DnsChannel::OnTimer() {
  ares_process_fd(ares_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  delivery_posted_ = true;
  Settle();
  Deliver();
}

void DnsChannel::ArmTimer() {
  loop_.CancelTimer(timer_);
  timer_ = {};
  timeval left;
  if (asked_.empty() || ares_timeout(ares_, nullptr, &left) == nullptr) return;
  timer_ =
      loop_.RunAfter(absl::DurationFromTimeval(left), [this] { OnTimer(); });
}

}  // namespace kingpin

#include "apps/chinese_chess/terminal/terminal_handler.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "apps/command_line/command_line.h"
#include "kingpin/dns/dns_resolver.h"

namespace chinese_chess {
namespace {

using kingpin::CloseReason;
using kingpin::Connection;
using kingpin::MonotonicTime;

// The server asks every 15 s whether somebody is there.
constexpr absl::Duration kSilence = absl::Seconds(45);
constexpr absl::Duration kFirstRetry = absl::Milliseconds(100);
constexpr absl::Duration kLastRetry = absl::Seconds(2);
// Between a "busy" and the next attempt.
constexpr absl::Duration kAskAgain = absl::Seconds(1);
constexpr size_t kReadBytes = 4096;
// What is read ahead of the session, so also the longest line.
constexpr size_t kMostInput = 64 << 10;

kingpin::ClientOptions Options() {
  kingpin::ClientOptions options;
  options.pool.max_back_off = kLastRetry;
  options.connection.timeouts.idle = kSilence;
  // A record of a long game is one line.
  options.connection.input_limit_bytes = 2 << 20;
  options.drain_timeout = absl::Seconds(1);
  return options;
}

MonotonicTime Now() { return kingpin::Clock::Real().Now(); }

std::string WhyClosed(const Connection& connection, CloseReason reason) {
  if (reason == CloseReason::kError) return connection.error_text();
  if (reason == CloseReason::kPeer) return "the server closed it";
  return std::string(ToString(reason));
}

}  // namespace

TerminalShared::TerminalShared(TerminalFlags flags, KeptToken kept,
                               std::unique_ptr<kingpin::TlsClient> tls)
    : ThreadSharedDataForClient(Options()),
      flags_(std::move(flags)),
      kept_(std::move(kept)),
      tls_(std::move(tls)) {}

TerminalHandler::TerminalHandler(TerminalShared* shared, int thread)
    : IOHandlerForClient(shared, thread),
      shared_(*shared),
      session_(shared->flags().session),
      lost_since_(Now()),
      token_file_(shared->flags().token_file),
      kept_(shared->kept()) {}

absl::Status TerminalHandler::Init() {
  absl::Status status = IOHandlerForClient::Init();
  if (!status.ok()) return status;
  WatchInput();
  WatchOutput();
  Connect();
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<kingpin::Resolver>>
TerminalHandler::MakeResolver() {
  auto resolver = kingpin::DnsResolver::Create(this, {});
  if (resolver.ok()) return *std::move(resolver);
  // Addresses and localhost can do without name servers.
  return IOHandlerForClient::MakeResolver();
}

// --- The connection ----------------------------------------------------------------------

void TerminalHandler::Connect() {
  // Refused only when the run ends.
  shared_
      .Add({.host = shared_.flags().host,
            .port = shared_.flags().port,
            .timeout = absl::InfiniteDuration(),
            .may_reuse = false})
      .IgnoreError();
}

void TerminalHandler::ConnectLater() {
  RunAfter(retry_after_, [this] {
    if (!over_) Connect();
  });
  retry_after_ = std::clamp(2 * retry_after_, kFirstRetry, kLastRetry);
}

std::unique_ptr<kingpin::Transport> TerminalHandler::NewTransport(
    const kingpin::Target& target) {
  if (shared_.tls() == nullptr) return nullptr;
  return shared_.tls()->NewTransport(target.host, target.port);
}

void TerminalHandler::OnConnect(Connection& connection) {
  connection_ = connection.id();
  connected_at_ = Now();
  session_.OnConnected();
  Step();
}

void TerminalHandler::OnMessage(Connection& connection) {
  for (;;) {
    const std::string_view input = connection.input().view();
    const size_t end = input.find('\n');
    if (end == input.npos) break;
    session_.OnServerLine(input.substr(0, end), Now());
    connection.input().Consume(end + 1);
  }
  ever_welcomed_ = ever_welcomed_ || session_.welcomed();
  Step();
}

void TerminalHandler::OnClose(Connection& connection, CloseReason reason) {
  connection_ = {};
  if (over_ || reason == CloseReason::kShutdown) return;
  if (reason == CloseReason::kLocal) {
    // Left by this side, to come back by another name.
    lost_since_ = Now();
    return Connect();
  }
  const std::string why = WhyClosed(connection, reason);
  if (!session_.welcomed()) {
    const bool may_want_tls = !ever_welcomed_ && shared_.tls() == nullptr;
    return NotWelcomed(may_want_tls ? why + "; is it --tls?" : why);
  }
  lost_since_ = Now();
  if (lost_since_ - connected_at_ > kLastRetry) retry_after_ = {};
  session_.OnDisconnected(why);
  ConnectLater();
  Step();
}

void TerminalHandler::OnConnectFailed(kingpin::Target&,
                                      const kingpin::ConnectFailure& failure) {
  if (!over_) NotWelcomed(failure.ToString());
}

void TerminalHandler::NotWelcomed(const std::string& why) {
  const TerminalFlags& flags = shared_.flags();
  const bool hopeless = Now() - lost_since_ > flags.give_up ||
                        (!ever_welcomed_ && flags.session.script);
  if (hopeless) {
    std::fprintf(stderr, "terminal: no connection to %s: %s\n",
                 absl::StrCat(flags.host, ":", flags.port).c_str(),
                 why.c_str());
    return End(1);
  }
  session_.OnDisconnected(why);
  ConnectLater();
  Step();
}

// --- The user ----------------------------------------------------------------------------

void TerminalHandler::WatchInput() {
  auto watch = Watch(STDIN_FILENO, EPOLLIN, [this](uint32_t) {
    ReadInput();
    Step();
  });
  // Files are always ready, which epoll does not know how to say.
  input_is_ready_ = !watch.ok();
  if (watch.ok()) watch_ = *watch;
}

// So that it is known at once, and not with the next line, that there is nobody to read it.
void TerminalHandler::WatchOutput() {
  // A file, which cannot be watched, does not go away either.
  Watch(STDOUT_FILENO, 0, [this](uint32_t) {
    EndFailed(absl::ErrnoToStatus(EPIPE, "standard output cannot be written"));
  }).IgnoreError();
}

void TerminalHandler::ReadInput() {
  char buffer[kReadBytes];
  const ssize_t n = read(STDIN_FILENO, buffer, sizeof(buffer));
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (n < 0) {
    return EndFailed(absl::ErrnoToStatus(errno, "standard input"));
  }
  if (n > 0) {
    input_.append(buffer, static_cast<size_t>(n));
    if (input_.size() >= kMostInput) StopWatchingInput();
    return;
  }
  input_ended_ = true;
  if (!input_.empty() && input_.back() != '\n') input_ += '\n';
  StopWatchingInput();
}

void TerminalHandler::StopWatchingInput() {
  if (watch_.has_value()) EndWatch(*std::exchange(watch_, std::nullopt));
}

void TerminalHandler::ReadMore() {
  if (input_.size() >= kMostInput) {
    return EndFailed(absl::InvalidArgumentError(absl::StrCat(
        "standard input: a line of more than ", kMostInput, " bytes")));
  }
  if (input_is_ready_) return ReadInput();
  if (!watch_.has_value()) WatchInput();
}

void TerminalHandler::FeedSession() {
  while (!over_ && session_.ready()) {
    const size_t end = input_.find('\n');
    if (end == input_.npos) {
      if (input_ended_) {
        KeepToken();  // What the last line has changed.
        return End(session_.exit_code());
      }
      ReadMore();
      if (!input_is_ready_) return;
      continue;
    }
    const std::string line = input_.substr(0, end);
    input_.erase(0, end + 1);
    session_.OnUserLine(line, Now());
    Flush();
  }
}

void TerminalHandler::Step() {
  if (over_) return;
  Flush();
  FeedSession();
  Flush();
  if (over_) return;
  KeepToken();
  if (session_.quit()) return End(session_.exit_code());
  if (session_.TakeAskLater()) {
    RunAfter(kAskAgain, [this] {
      session_.AskAgain();
      Step();
    });
  }
  Connection* connection = Find(connection_);
  if (session_.TakeReconnect() && connection != nullptr) connection->Abort();
}

void TerminalHandler::Flush() {
  const std::string text = session_.TakeToScreen();
  if (!text.empty() && !over_) {
    const absl::Status printed = command_line::Print(text);
    if (!printed.ok()) return EndFailed(printed);
  }
  const std::string lines = session_.TakeToServer();
  Connection* connection = Find(connection_);
  if (connection != nullptr && !lines.empty()) connection->Write(lines);
}

void TerminalHandler::KeepToken() {
  KeptToken now{session_.token(), session_.name()};
  if (token_file_.empty() || !session_.welcomed() || now == kept_) return;
  const absl::Status status = WriteToken(now);
  kept_ = std::move(now);
  if (status.ok()) return;
  std::fprintf(stderr, "terminal: the token cannot be kept: %s\n",
               std::string(status.message()).c_str());
  // It may have the other token still, which no later name may write over.
  token_file_.clear();
}

absl::Status TerminalHandler::WriteToken(const KeptToken& token) {
  // Another server's, perhaps, and not to be had again.
  if (!kept_.token.empty() && kept_.token != token.token) {
    const absl::StatusOr<std::string> aside = SetTokenFileAside(token_file_);
    if (aside.ok()) {
      std::fprintf(stderr, "terminal: the old token is in %s\n",
                   aside->c_str());
    } else if (!absl::IsNotFound(aside.status())) {
      return aside.status();
    }
  }
  return WriteTokenFile(token_file_, token);
}

void TerminalHandler::EndFailed(const absl::Status& why) {
  if (over_) return;
  std::fprintf(stderr, "terminal: %s\n", std::string(why.message()).c_str());
  End(1);
}

void TerminalHandler::End(int code) {
  if (std::exchange(over_, true)) return;
  shared_.exit_code = code;
  if (Connection* connection = Find(connection_)) connection->Close();
  shared_.Shutdown();
}

}  // namespace chinese_chess

#include "apps/chinese_chess/terminal/terminal_handler.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "kingpin/dns/dns_resolver.h"
#include "kingpin/sys/unique_fd.h"

namespace chinese_chess {
namespace {

using kingpin::CloseReason;
using kingpin::Connection;
using kingpin::MonotonicTime;

// The server asks every 15 s whether somebody is there.
constexpr absl::Duration kSilence = absl::Seconds(45);
constexpr size_t kReadBytes = 4096;

kingpin::ClientOptions OptionsOf(const TerminalFlags&) {
  kingpin::ClientOptions options;
  options.pool.max_back_off = absl::Seconds(2);
  options.connection.timeouts.idle = kSilence;
  // A record of a long game is one line.
  options.connection.input_limit_bytes = 2 << 20;
  options.drain_timeout = absl::Seconds(1);
  return options;
}

MonotonicTime Now() { return kingpin::Clock::Real().Now(); }

}  // namespace

TerminalShared::TerminalShared(TerminalFlags flags)
    : ThreadSharedDataForClient(OptionsOf(flags)), flags_(std::move(flags)) {}

TerminalHandler::TerminalHandler(TerminalShared* shared, int thread)
    : IOHandlerForClient(shared, thread),
      shared_(*shared),
      session_(shared->flags().session),
      lost_since_(Now()),
      kept_token_(shared->flags().session.token) {}

absl::Status TerminalHandler::Init() {
  absl::Status status = IOHandlerForClient::Init();
  if (status.ok()) status = WatchInput();
  if (status.ok()) Connect();
  return status;
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

void TerminalHandler::OnConnect(Connection& connection) {
  ever_connected_ = true;
  connection_ = connection.id();
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
  Step();
}

void TerminalHandler::OnClose(Connection& connection, CloseReason reason) {
  connection_ = {};
  if (over_ || reason == CloseReason::kShutdown) return;
  lost_since_ = Now();
  session_.OnDisconnected(reason == CloseReason::kError
                              ? connection.error_text()
                              : std::string(ToString(reason)));
  Connect();
  Step();
}

void TerminalHandler::OnConnectFailed(kingpin::Target&,
                                      const kingpin::ConnectFailure& failure) {
  if (over_) return;
  const TerminalFlags& flags = shared_.flags();
  const bool hopeless = Now() - lost_since_ > flags.give_up ||
                        (!ever_connected_ && flags.session.script);
  if (!hopeless) return Connect();  // After the back-off of the pool.
  std::fprintf(stderr, "terminal: no connection to %s: %s\n",
               absl::StrCat(flags.host, ":", flags.port).c_str(),
               failure.ToString().c_str());
  End(1);
}

// --- The user ----------------------------------------------------------------------------

absl::Status TerminalHandler::WatchInput() {
  auto watch = Watch(STDIN_FILENO, EPOLLIN, [this](uint32_t) {
    ReadInput();
    Step();
  });
  if (watch.ok()) {
    watch_ = *watch;
    return absl::OkStatus();
  }
  // Files are always ready, which epoll does not know how to say: read it whole.
  while (!input_ended_) ReadInput();
  return absl::OkStatus();
}

void TerminalHandler::ReadInput() {
  char buffer[kReadBytes];
  const ssize_t n = read(STDIN_FILENO, buffer, sizeof(buffer));
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (n > 0) {
    input_.append(buffer, static_cast<size_t>(n));
    return;
  }
  input_ended_ = true;
  if (!input_.empty() && input_.back() != '\n') input_ += '\n';
  if (watch_.has_value()) EndWatch(*std::exchange(watch_, std::nullopt));
}

void TerminalHandler::FeedSession() {
  while (session_.ready()) {
    const size_t end = input_.find('\n');
    if (end == input_.npos) {
      if (input_ended_) End(session_.exit_code());
      return;
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
  KeepToken();
  if (session_.quit()) return End(session_.exit_code());
  Connection* connection = Find(connection_);
  if (session_.TakeReconnect() && connection != nullptr) connection->Abort();
}

void TerminalHandler::Flush() {
  const std::string text = session_.TakeToScreen();
  if (!text.empty()) {
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
  }
  const std::string lines = session_.TakeToServer();
  Connection* connection = Find(connection_);
  if (connection != nullptr && !lines.empty()) connection->Write(lines);
}

void TerminalHandler::KeepToken() {
  const std::string& path = shared_.flags().token_file;
  if (path.empty() || session_.token().empty() ||
      session_.token() == kept_token_) {
    return;
  }
  kept_token_ = session_.token();
  const kingpin::UniqueFd file(open(path.c_str(),
                                    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                                    S_IRUSR | S_IWUSR));
  const std::string line =
      absl::StrCat(kept_token_, "\n", session_.name(), "\n");
  if (!file.valid() || write(file.get(), line.data(), line.size()) !=
                           static_cast<ssize_t>(line.size())) {
    std::fprintf(stderr, "terminal: the token cannot be kept in \"%s\"\n",
                 path.c_str());
  }
}

void TerminalHandler::End(int code) {
  if (std::exchange(over_, true)) return;
  shared_.exit_code = code;
  if (Connection* connection = Find(connection_)) connection->Close();
  shared_.Shutdown();
}

}  // namespace chinese_chess

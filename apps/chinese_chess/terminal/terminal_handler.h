// TerminalHandler: the loop of the terminal client. One connection of the client path and
// stdin are watched by the same epoll; nothing blocks but stdout.
//
// A connection that is lost is made again at once. One that ended soon or was not even
// welcomed (a proxy in front of nothing, a server of something else) is not: the pauses
// double up to two seconds, and after --give_up without a welcome the program ends.
//
// Threads, lifetime: as IOHandler; one thread.
#ifndef APPS_CHINESE_CHESS_TERMINAL_TERMINAL_HANDLER_H_
#define APPS_CHINESE_CHESS_TERMINAL_TERMINAL_HANDLER_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/terminal/flags.h"
#include "apps/chinese_chess/terminal/session.h"
#include "apps/chinese_chess/terminal/token_file.h"
#include "kingpin/net/io_handler_for_client.h"
#include "kingpin/net/transport.h"
#include "kingpin/pool/thread_shared_data_for_client.h"
#include "kingpin/sys/clock.h"
#include "kingpin/tls/tls_client.h"

namespace chinese_chess {

class TerminalShared : public kingpin::ThreadSharedDataForClient {
 public:
  // `kept`: what is in the token file. `tls` null: what is said is not encrypted.
  TerminalShared(TerminalFlags flags, KeptToken kept,
                 std::unique_ptr<kingpin::TlsClient> tls);

  const TerminalFlags& flags() const { return flags_; }
  const KeptToken& kept() const { return kept_; }
  kingpin::TlsClient* tls() { return tls_.get(); }
  // How to end, once the run is over.
  int exit_code = 0;

 private:
  const TerminalFlags flags_;
  const KeptToken kept_;
  const std::unique_ptr<kingpin::TlsClient> tls_;
};

class TerminalHandler : public kingpin::IOHandlerForClient {
 public:
  TerminalHandler(TerminalShared* shared, int thread);

  absl::Status Init() override;
  void OnConnect(kingpin::Connection& connection) override;
  void OnMessage(kingpin::Connection& connection) override;
  void OnClose(kingpin::Connection& connection,
               kingpin::CloseReason reason) override;
  void OnConnectFailed(kingpin::Target& target,
                       const kingpin::ConnectFailure& failure) override;
  std::unique_ptr<kingpin::Transport> NewTransport(
      const kingpin::Target& target) override;
  void OnShutdown() override { over_ = true; }

 protected:
  absl::StatusOr<std::unique_ptr<kingpin::Resolver>> MakeResolver() override;

 private:
  void Connect();
  void ConnectLater();
  void NotWelcomed(const std::string& why);
  void WatchInput();
  void StopWatchingInput();
  void WatchOutput();
  void ReadInput();
  // The session has taken all lines that have been read.
  void ReadMore();
  // Gives the session what it can take, and the world what it says.
  void Step();
  void Flush();
  void FeedSession();
  void KeepToken();
  absl::Status WriteToken(const KeptToken& token);
  // What is printed cannot be written any more, or what is typed not be read.
  void EndFailed(const absl::Status& why);
  void End(int code);

  TerminalShared& shared_;
  Session session_;
  std::optional<kingpin::WatchId> watch_;
  std::string input_;  // What the user has typed and the session has not taken.
  bool input_is_ready_ = false;  // Always: it is a file.
  bool input_ended_ = false;
  bool over_ = false;
  bool ever_welcomed_ = false;
  kingpin::ConnectionId connection_;
  kingpin::MonotonicTime connected_at_;
  kingpin::MonotonicTime lost_since_;  // The last connection with a welcome.
  absl::Duration retry_after_;
  std::string token_file_;  // Empty: none is kept.
  KeptToken kept_;          // In the file.
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_TERMINAL_TERMINAL_HANDLER_H_

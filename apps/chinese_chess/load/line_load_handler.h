// LineLoadHandler: players who speak the line protocol, as scripts and the terminal do.
//
// Threads, lifetime: as IOHandler; one thread.
#ifndef APPS_CHINESE_CHESS_LOAD_LINE_LOAD_HANDLER_H_
#define APPS_CHINESE_CHESS_LOAD_LINE_LOAD_HANDLER_H_

#include <memory>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/load/load_run.h"
#include "kingpin/net/io_handler_for_client.h"
#include "kingpin/net/transport.h"
#include "kingpin/pool/thread_shared_data_for_client.h"
#include "kingpin/tls/tls_client.h"

namespace chinese_chess {

class LineLoadShared : public kingpin::ThreadSharedDataForClient {
 public:
  // The job outlives it. `tls` null: what is said is not encrypted.
  LineLoadShared(LoadJob* job, std::unique_ptr<kingpin::TlsClient> tls);

  LoadJob& job() { return job_; }
  kingpin::TlsClient* tls() { return tls_.get(); }

 private:
  LoadJob& job_;
  const std::unique_ptr<kingpin::TlsClient> tls_;
};

class LineLoadHandler : public kingpin::IOHandlerForClient,
                        private LoadRun::Wire {
 public:
  LineLoadHandler(LineLoadShared* shared, int thread);

  absl::Status Init() override;
  std::unique_ptr<kingpin::Transport> NewTransport(
      const kingpin::Target& target) override;
  void OnConnect(kingpin::Connection& connection) override;
  void OnMessage(kingpin::Connection& connection) override;
  void OnClose(kingpin::Connection& connection,
               kingpin::CloseReason reason) override;
  void OnConnectFailed(kingpin::Target& target,
                       const kingpin::ConnectFailure& failure) override;
  void OnShutdown() override;

 private:
  // LoadRun::Wire
  void Connect(int player) override;
  void Send(int player, std::string_view message) override;
  void Drop(int player, bool at_once) override;
  void RunLater(absl::Duration delay, absl::AnyInvocable<void()> task) override;
  void End() override { shared_.Shutdown(); }

  LineLoadShared& shared_;
  std::vector<kingpin::ConnectionId> connections_;  // By player.
  LoadRun run_;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_LOAD_LINE_LOAD_HANDLER_H_

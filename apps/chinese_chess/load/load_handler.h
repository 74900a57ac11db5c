// LoadHandler: all players of a process on one loop of the client path. Two who play one
// another are on the same thread, so what they know of each other needs no lock; who
// wants more load starts more processes.
//
// Threads, lifetime: as IOHandler; one thread.
#ifndef APPS_CHINESE_CHESS_LOAD_LOAD_HANDLER_H_
#define APPS_CHINESE_CHESS_LOAD_LOAD_HANDLER_H_

#include <cstdint>
#include <cstdio>
#include <memory>
#include <random>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/load/load_report.h"
#include "apps/chinese_chess/load/options.h"
#include "apps/chinese_chess/load/random_player.h"
#include "apps/chinese_chess/rules/outcome.h"
#include "kingpin/net/io_handler_for_client.h"
#include "kingpin/net/transport.h"
#include "kingpin/pool/thread_shared_data_for_client.h"
#include "kingpin/sys/clock.h"
#include "kingpin/tls/tls_client.h"

namespace chinese_chess {

class LoadShared : public kingpin::ThreadSharedDataForClient {
 public:
  // `tls` null: what is said is not encrypted.
  LoadShared(const LoadOptions& options,
             std::unique_ptr<kingpin::TlsClient> tls);

  const LoadOptions& options() const { return options_; }
  kingpin::TlsClient* tls() { return tls_.get(); }

  // Of the handler's, to be read when the run is over.
  LoadResult result;
  absl::Status status;

 private:
  const LoadOptions options_;
  const std::unique_ptr<kingpin::TlsClient> tls_;
};

class LoadHandler : public kingpin::IOHandlerForClient,
                    public RandomPlayer::Host {
 public:
  LoadHandler(LoadShared* shared, int thread);

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
  struct Seat {
    std::unique_ptr<RandomPlayer> player;
    kingpin::ConnectionId connection;
    kingpin::MonotonicTime connecting_since;
    bool dropping = false;
  };

  absl::Status OpenFinished();
  void Connect(int number);
  void Tick(int second);
  void EndRun(absl::Status status);
  int Seated() const;

  // RandomPlayer::Host
  void Send(int player, std::string_view lines) override;
  void Drop(int player, bool at_once) override;
  void After(absl::Duration delay, absl::AnyInvocable<void()> task) override;
  double Random() override;
  LoadCounts& counts() override { return shared_.result.counts; }
  bool counting() const override { return counting_; }
  void OnGameFinished(std::string_view game, Reason reason) override;

  LoadShared& shared_;
  // Of --finished; nullptr: nobody wants to know.
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> finished_{nullptr,
                                                            std::fclose};
  std::mt19937_64 random_;
  std::vector<RandomPlayer::Table> tables_;
  std::vector<Seat> seats_;
  kingpin::MonotonicTime start_;
  bool counting_ = false;
  bool ever_connected_ = false;
  bool over_ = false;
  double cpu_before_ = 0;
  kingpin::MonotonicTime counting_since_;
  uint64_t moves_before_ = 0;  // Counting began.
  uint64_t moves_at_tick_ = 0;
  kingpin::MonotonicTime last_progress_;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_LOAD_LOAD_HANDLER_H_

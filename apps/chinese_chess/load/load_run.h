// LoadRun: all players of a process, the clock of their run and what becomes of it,
// without a network: a Wire carries what they say. Two who play one another are on the
// same thread, so what they know of each other needs no lock; who wants more load
// starts more processes.
//
// Threads: one, the wire's loop.
// Lifetime: the job and the wire outlive it.
//
//   LoadRun run(&job, this);    // `this` is a loop, and a Wire.
//   run.Start();                // Players ask to be connected;
//   run.Connected(7);           // OnConnect,
//   run.Received(7, R"({"t":"welcome",...})", now);
//   run.Finish();               // OnShutdown.
#ifndef APPS_CHINESE_CHESS_LOAD_LOAD_RUN_H_
#define APPS_CHINESE_CHESS_LOAD_LOAD_RUN_H_

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
#include "kingpin/pool/thread_shared_data_for_client.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess {

// What a run is to do, and what has come of it when its loop has ended.
struct LoadJob {
  const LoadOptions options;
  LoadResult result = {};
  absl::Status status = {};
};

// The number of a player, with the target of the connection.
struct SeatNumber : kingpin::TargetContext {
  explicit SeatNumber(int n) : number(n) {}
  const int number;
};

// Of the pool, whatever is spoken: each player has a connection.
kingpin::ClientOptions LoadClientOptions(const LoadOptions& options);

class LoadRun : public RandomPlayer::Host {
 public:
  class Wire {
   public:
    // Will be answered by Connected() or ConnectFailed().
    virtual void Connect(int player) = 0;
    // One message; the player is connected.
    virtual void Send(int player, std::string_view message) = 0;
    // Closes the connection, at once or once all has been sent; Closed() follows.
    virtual void Drop(int player, bool at_once) = 0;
    virtual void RunLater(absl::Duration delay,
                          absl::AnyInvocable<void()> task) = 0;
    // The run is over: Finish() follows.
    virtual void End() = 0;

   protected:
    ~Wire() = default;
  };

  LoadRun(LoadJob* job, Wire* wire);

  absl::Status Start();
  void Connected(int player);
  void Received(int player, std::string_view message,
                kingpin::MonotonicTime now);
  void Closed(int player);
  void ConnectFailed(int player, std::string_view why);
  // Counts what there is; nothing more happens.
  void Finish();

 private:
  struct Seat {
    std::unique_ptr<RandomPlayer> player;
    kingpin::MonotonicTime connecting_since;
    bool connected = false;
    bool dropping = false;
    bool ever_seated = false;  // In a game.
  };

  absl::Status OpenFinished();
  Seat& seat(int player) { return seats_[static_cast<size_t>(player)]; }
  void Connect(int player);
  // `why` nothing came of it, unless nobody was ever welcomed.
  absl::Status WhyNobodyPlays(absl::Status why) const;
  absl::Status CheckAllWereSeated() const;
  void Tick(int second);
  void ShowProgress(int second, uint64_t moves) const;
  void EndRun(absl::Status status);
  int Seated() const;

  // RandomPlayer::Host
  void Send(int player, std::string_view message) override;
  void Drop(int player, bool at_once) override;
  void After(absl::Duration delay, absl::AnyInvocable<void()> task) override;
  double Random() override;
  LoadCounts& counts() override { return job_.result.counts; }
  bool counting() const override { return counting_; }
  void OnGameFinished(std::string_view game, Reason reason) override;

  LoadJob& job_;
  Wire& wire_;
  // Of --finished; nullptr: nobody wants to know.
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> finished_{nullptr,
                                                            std::fclose};
  std::mt19937_64 random_;
  std::vector<RandomPlayer::Table> tables_;
  std::vector<Seat> seats_;
  kingpin::MonotonicTime start_;
  bool counting_ = false;
  bool ever_connected_ = false;
  bool ever_welcomed_ = false;
  bool over_ = false;
  double cpu_before_ = 0;
  kingpin::MonotonicTime counting_since_;
  uint64_t moves_before_ = 0;  // Counting began.
  uint64_t moves_at_tick_ = 0;
  kingpin::MonotonicTime last_progress_;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_LOAD_LOAD_RUN_H_

// LoadHandler: one thread of the load. It keeps its connections busy, reads what they
// answer, and writes down how long that took.
//
// A closed loop sends on a connection as soon as it has answered. At a constant rate
// (Options::rate) a thread's share of the requests falls due at a pace of its own; one
// that is due goes to a connection that is free, or waits for one, and its latency
// counts from when it was due (no coordinated omission: see G. Tene, "How NOT to
// measure latency").
//
// Threads, lifetime: as IOHandler.
#ifndef APPS_BENCH_CLIENT_LOAD_HANDLER_H_
#define APPS_BENCH_CLIENT_LOAD_HANDLER_H_

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "apps/bench_client/load.h"
#include "apps/bench_client/pace.h"
#include "apps/bench_client/result.h"
#include "kingpin/http/response_parser.h"
#include "kingpin/http/response_reader.h"
#include "kingpin/net/io_handler_for_client.h"
#include "kingpin/net/transport.h"
#include "kingpin/sys/clock.h"
#include "kingpin/sys/unique_fd.h"

namespace bench_client {

class LoadHandler : public kingpin::IOHandlerForClient,
                    private kingpin::http::ResponseReader::Sink {
 public:
  LoadHandler(Load* load, int thread);

  absl::Status Init() override;
  std::unique_ptr<kingpin::Transport> NewTransport(
      const kingpin::Target&) override;
  void OnConnect(kingpin::Connection& connection) override;
  void OnMessage(kingpin::Connection& connection) override;
  void OnWriteComplete(kingpin::Connection& connection) override {
    WriteOn(connection);
  }
  void OnInputEnd(kingpin::Connection& connection) override;
  void OnClose(kingpin::Connection& connection,
               kingpin::CloseReason reason) override;
  void OnConnectFailed(kingpin::Target& target,
                       const kingpin::ConnectFailure& failure) override;
  void OnShutdown() override;

 protected:
  absl::StatusOr<std::unique_ptr<kingpin::Resolver>> MakeResolver() override;

 private:
  // Hangs on each connection.
  struct State {
    std::optional<kingpin::http::ResponseReader> reader;
    int status = 0;         // Of the answer that is being read.
    uint32_t raw_left = 0;  // Of the answer to a raw message.
    uint64_t to_write = 0;  // Of the requests under way.
    // Since when each request under way counts, the oldest first.
    std::vector<kingpin::MonotonicTime> since;
    kingpin::MonotonicTime free_since;
    bool is_free = false;  // It is in free_.
  };

  bool constant_rate() const { return pace_.has_value(); }
  // A connection that stays, at a constant rate, gets its requests from Pump().
  bool paced() const { return constant_rate() && !load_.options().reconnect; }

  void Send(kingpin::Connection& connection, kingpin::MonotonicTime since);
  // Hands the socket what it takes of the requests under way, which may be of any size.
  void WriteOn(kingpin::Connection& connection);
  // The next requests on a connection that stays: at once, or when they are due.
  void AskOn(kingpin::Connection& connection);
  // As many as may be under way on one connection.
  void Fill(kingpin::Connection& connection);
  // The first of the requests under way on it was answered. `keep`: it can carry more.
  void Answered(kingpin::Connection& connection, bool keep);
  // All requests under way on it fail; if there are none, the connection does.
  void Fail(kingpin::Connection& connection, std::string_view reason);
  std::string WhyUnreached(const kingpin::ConnectFailure& failure) const;
  // The run has ended before there was a connection.
  void LeaveBehind(const kingpin::Target& target);
  // Another connection for one that has ended, unless it comes with what is due.
  void Replace();
  // False: no whole answer is there.
  bool ReadAnswer(kingpin::Connection& connection, std::string_view* input);
  bool ReadRaw(State& state, std::string_view* input);

  // Sends, or asks for connections for, all that is due.
  void Pump();
  bool SendDue();
  absl::Status StartTimer();
  void ArmTimer();
  void Publish();
  // Of a connection, the requests that wait for an answer, of which there are some.
  Waiting UnderWay(const State& state) const;

  void OnHead(const kingpin::http::Response& response) override;
  void OnBody(std::string_view) override {}

  Load& load_;
  Counts counts_;
  int interval_ = 0;
  bool over_ = false;
  kingpin::http::Response scratch_;
  State* reading_ = nullptr;  // For OnHead.
  std::optional<Pace> pace_;
  kingpin::UniqueFd timer_;
  // Constant rate: what can be sent on. They take turns.
  std::deque<kingpin::ConnectionId> free_;
  Leftovers leftovers_;
};

}  // namespace bench_client

#endif  // APPS_BENCH_CLIENT_LOAD_HANDLER_H_

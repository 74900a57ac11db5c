// The end of an HTTP client at any instant (failure mode 55): while it waits for
// an answer, between the hops of a redirect, while a body waits for 100
// (Continue), in the middle of a body that decodes in turns, and from every
// callback. Each exchange ends once.
#include <zlib.h>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/http/http_client.h"
#include "kingpin/http/response_parser.h"
#include "kingpin/http/url.h"
#include "kingpin/pool/target.h"
#include "kingpin/pool/thread_shared_data.h"
#include "kingpin/pool/thread_shared_data_for_client.h"
#include "kingpin/sys/clock.h"
#include "tests/testing/any_instant.h"
#include "tests/testing/random.h"
#include "tests/testing/scripted_client.h"
#include "tests/testing/test_client.h"

namespace kingpin::http {
namespace {

using testing::End;
using testing::Random;
using testing::TestClient;
using testing::TestListener;

constexpr int kMaxExchanges = 100;

// What the scenario knows of an exchange.
struct Stage {
  bool expects = false;  // 100 (Continue).
  size_t body = 0;
  int ends = 0;
};

struct Name : TargetContext {
  Name(int n, int* a) : number(n), alive(a) { ++*alive; }
  ~Name() override { --*alive; }
  const int number;
  int* const alive;
};

int NumberOf(HttpExchange& exchange) {
  return static_cast<Name&>(*exchange.context()).number;
}

// What the callbacks do is the scenario's.
class Data : public HttpClientData {
 public:
  using HttpClientData::HttpClientData;
  std::function<void(HttpClientHandler&, HttpExchange&)> on_response;
  std::function<void(HttpClientHandler&, HttpExchange&, size_t)> on_body;
  std::function<void(HttpExchange&, const absl::Status&)> on_end;
  void OnEnd(HttpExchange& exchange, const absl::Status& status) override {
    on_end(exchange, status);
  }
};

class Handler : public HttpClientHandler {
 public:
  explicit Handler(Data* data) : HttpClientHandler(data, 0), data_(*data) {}
  void OnResponse(HttpExchange& exchange, const Response&) override {
    data_.on_response(*this, exchange);
  }
  void OnBody(HttpExchange& exchange, std::string_view data) override {
    data_.on_body(*this, exchange, data.size());
  }
  void OnEnd(HttpExchange& exchange, const absl::Status& status) override {
    data_.on_end(exchange, status);
  }
  using HttpClientHandler::RoleDone;

 private:
  Data& data_;
};

// 1 MiB in 1 KiB: it decodes in four turns of the loop.
std::string GzipAnswer() {
  std::string body(1 << 20, 'g');
  std::string coded(1 << 16, '\0');
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, 0), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(body.data());
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(coded.data());
  stream.avail_out = static_cast<uInt>(coded.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  coded.resize(stream.total_out);
  deflateEnd(&stream);
  return absl::StrCat(
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ",
      coded.size(), "\r\n\r\n", coded);
}

// The server's end of a connection. It answers as many requests as it has got, a
// piece at a time.
struct Peer {
  TestClient socket;
  std::string left = {};  // Of an answer.
  size_t searched = 0;
  int owed = 0;  // Answers.
  bool continued = false;
};

class Scenario {
 public:
  explicit Scenario(uint64_t seed)
      : random_(seed),
        data_({.tls = {.ca_file = "/dev/null"},  // There is no https here.
               .continue_timeout = absl::Milliseconds(100)},
              Options()) {
    data_.on_response = [this](HttpClientHandler& handler, HttpExchange& e) {
      Callback(handler, e);
    };
    data_.on_body = [this](HttpClientHandler& handler, HttpExchange& e,
                           size_t size) {
      stages_[NumberOf(e)].body += size;
      // A body has many.
      if (random_.OneIn(16)) Callback(handler, e);
    };
    data_.on_end = [this](HttpExchange& e, const absl::Status& status) {
      OnEnd(e, status);
    };
    EXPECT_TRUE(data_.Open(1).ok());
    handler_ = std::make_unique<Handler>(&data_);
    EXPECT_TRUE(handler_->Init().ok());
  }

  void Run() {
    const int steps = random_.Below(100);
    for (int i = 0; i < steps; ++i) Step();
    Finish(static_cast<End>(random_.Below(3)));
    EXPECT_EQ(contexts_, 0) << "an exchange was lost";
  }
  const std::set<std::string>& seen() const { return seen_; }

 private:
  ClientOptions Options() {
    ClientOptions options = {
        .pool = {.max_connections_per_host = 1 + random_.Below(3),
                 .max_connections = 2 + random_.Below(4),
                 .idle_timeout = absl::Milliseconds(300)},
        .drain_timeout = absl::Milliseconds(200),
        .clock = &clock_};
    options.connection.timeouts.read =
        absl::Milliseconds(100 + random_.Below(1000));
    return options;
  }

  // --- What the application does -----------------------------------------------

  void Fetch() {
    if (stages_.size() >= kMaxExchanges) return;
    const bool refused = random_.OneIn(8);
    HttpRequest request = {
        .url = *Url::Parse(absl::StrCat(
            "http://127.0.0.1:", refused ? refused_.port() : server_.port(),
            "/")),
        .timeout = absl::Milliseconds(1 + random_.Below(2000)),
        .max_redirects = random_.Below(3),
        .priority = static_cast<TargetPriority>(random_.Below(3)),
        .fresh_connection = random_.OneIn(6)};
    if (random_.OneIn(2)) {
      request.method = "POST";
      request.body = std::string(1 + random_.Below(300'000), 'b');
      request.expect_continue = !random_.OneIn(3);
    }
    const bool expects = request.expect_continue;
    const int number = static_cast<int>(stages_.size());
    stages_.push_back({.expects = expects});
    request.context = std::make_unique<Name>(number, &contexts_);
    if (!data_.Fetch(std::move(request)).ok()) stages_.pop_back();
  }

  void Callback(HttpClientHandler& handler, HttpExchange& exchange) {
    EXPECT_FALSE(over_);
    EXPECT_EQ(stages_[NumberOf(exchange)].ends, 0);
    switch (random_.Below(24)) {
      case 0:
        return handler.Cancel(exchange);
      case 1:
        throw std::runtime_error("a callback's");
      case 2:
        return data_.Shutdown(RunPhase::kDraining);
      case 3:
        return data_.Shutdown(RunPhase::kStopping);
      case 4:
      case 5:
        return Fetch();
    }
  }

  void OnEnd(HttpExchange& exchange, const absl::Status& status) {
    Stage& stage = stages_[NumberOf(exchange)];
    EXPECT_EQ(++stage.ends, 1) << status;
    EXPECT_FALSE(absl::IsFailedPrecondition(status))
        << status << ": the end of the run is Cancelled";
    seen_.insert(absl::StrCat(absl::StatusCodeToString(status.code()),
                              exchange.redirects() > 0 ? " in a hop" : ""));
    if (stage.body == 1 << 20 && status.ok()) seen_.insert("decoded");
    if (!over_ && random_.OneIn(4)) Fetch();
  }

  // --- What its peers do ---------------------------------------------------------

  void PeerActs() {
    if (peers_.empty()) return;
    const int index = random_.Below(static_cast<int>(peers_.size()));
    Peer& peer = peers_[index];
    switch (random_.Below(24)) {
      case 0:
        peer.socket.Reset();
        peers_.erase(peers_.begin() + index);
        break;
      case 1:
        peers_.erase(peers_.begin() + index);
        break;
      case 2:
        peer.socket.HalfClose();
        break;
      default:
        Listen(peer);
        Speak(peer);
    }
  }

  void Listen(Peer& peer) {
    const std::string& received = peer.socket.received();
    constexpr std::string_view kVersion = " HTTP/1.1\r\n";
    for (;;) {
      const size_t at = received.find(kVersion, peer.searched);
      if (at == received.npos) break;
      peer.searched = at + kVersion.size();
      ++peer.owed;
    }
    if (absl::StrContains(received, "100-continue") &&
        absl::EndsWith(received, "b")) {
      seen_.insert(peer.continued ? "continued" : "went without 100");
    }
  }

  void Speak(Peer& peer) {
    if (peer.left.empty() && (peer.owed > 0 || random_.OneIn(30))) {
      peer.left = Answer(peer);
    }
    const size_t size =
        random_.OneIn(2) ? peer.left.size() : random_.Below(100);
    peer.left.erase(
        0, peer.socket.TrySend(std::string_view(peer.left).substr(0, size)));
  }

  std::string Answer(Peer& peer) {
    const int kind = random_.Below(10);
    if (kind < 2) {
      peer.continued = true;
      return "HTTP/1.1 100 Continue\r\n\r\n";  // The answer is still owed.
    }
    --peer.owed;
    switch (kind) {
      case 2:
        return "HTTP/1.1 302 Found\r\nLocation: /next\r\n"
               "Content-Length: 4\r\n\r\ngone";
      case 3:
        return absl::StrCat(
            "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:",
            random_.OneIn(3) ? refused_.port() : server_.port(),
            "/\r\nContent-Length: 0\r\n\r\n");
      case 4:
        return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
               "5\r\nhello\r\n0\r\n\r\n";
      case 5:
        return "HTTP/1.1 200 OK\r\n\r\nuntil the end";
      case 6:
        return "HTTP/1.1 OK 200\r\n\r\n";
      default:
        static const std::string* const gzip = new std::string(GzipAnswer());
        return *gzip;
    }
  }

  // --- Time ------------------------------------------------------------------------

  void Turn(int count) {
    for (int i = 0; i < count; ++i) handler_->RunOnce(absl::ZeroDuration());
  }

  void Step() {
    switch (random_.Below(8)) {
      case 0:
      case 1:
        Fetch();
        break;
      case 2:
        clock_.Advance(absl::Milliseconds(random_.Below(100)));
        break;
      case 3:
        if (std::optional<TestClient> peer = server_.TryAccept()) {
          peers_.push_back({*std::move(peer)});
        }
        break;
      default:
        PeerActs();
    }
    Turn(random_.Below(3));
  }

  // In the middle of what the end comes.
  void NoteStages(End end) {
    for (const Stage& stage : stages_) {
      if (stage.ends > 0) continue;
      seen_.insert(absl::StrCat(ToString(end), stage.body > 0 ? " in a body"
                                               : stage.expects
                                                   ? " of one that expects"
                                                   : " before an answer"));
    }
  }

  void Finish(End end) {
    NoteStages(end);
    if (end == End::kDrop) {
      over_ = true;
      handler_.reset();
      data_.OnRunEnded();
      return;
    }
    data_.Shutdown(end == End::kDrain ? RunPhase::kDraining
                                      : RunPhase::kStopping);
    const auto done = [this] {
      return handler_->connections() == 0 && handler_->RoleDone();
    };
    for (int i = 0; i < 1000; ++i) {
      Turn(1);
      if (done()) break;
      clock_.Advance(absl::Milliseconds(5));
    }
    EXPECT_TRUE(done()) << "does not end";
    EXPECT_EQ(data_.pool().open(), 0) << data_.pool().DebugString();
    for (size_t i = 0; i < stages_.size(); ++i) {
      EXPECT_EQ(stages_[i].ends, 1) << "exchange " << i;
    }
    over_ = true;
    handler_.reset();
  }

  Clock clock_ = Clock::Manual();
  Random random_;
  TestListener server_;
  const testing::RefusedAddress refused_;
  std::vector<Peer> peers_;
  std::vector<Stage> stages_;  // By number of the exchange.
  int contexts_ = 0;
  bool over_ = false;
  std::set<std::string> seen_;
  Data data_;
  std::unique_ptr<Handler> handler_;
};

// 2,000 instants, of which each shard takes its part.
class FailureMode55 : public ::testing::TestWithParam<int> {};
constexpr int kParts = 4;

TEST_P(FailureMode55, ExchangesEndOnceAtAnyInstant) {
  constexpr int kEach = 2'000 / kParts;
  const std::set<std::string> seen =
      testing::RunScenarios<Scenario>(uint64_t{kEach} * GetParam(), kEach);
  std::set<std::string> all = {"OK",
                               "OK in a hop",
                               "CANCELLED",
                               "CANCELLED in a hop",
                               "DEADLINE_EXCEEDED",
                               "DEADLINE_EXCEEDED in a hop",
                               "UNAVAILABLE",
                               "UNAVAILABLE in a hop",
                               "DATA_LOSS",
                               "INVALID_ARGUMENT",
                               "INTERNAL",
                               "decoded",
                               "continued",
                               "went without 100"};
  for (const char* end : {"drop", "drain", "stop"}) {
    for (const char* stage :
         {" in a body", " of one that expects", " before an answer"}) {
      all.insert(absl::StrCat(end, stage));
    }
  }
  testing::ExpectSeen(seen, all);
}

INSTANTIATE_TEST_SUITE_P(Part, FailureMode55, ::testing::Range(0, kParts));

}  // namespace
}  // namespace kingpin::http

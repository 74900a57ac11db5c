#include "apps/bench_client/load.h"

#include <algorithm>
#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "kingpin/http/request_head.h"

namespace bench_client {
namespace {

// Fine enough for a curve, coarse enough to be nothing beside the load.
absl::Duration IntervalOf(const Options& options) {
  return std::clamp(options.duration / 100, absl::Milliseconds(100),
                    absl::Seconds(1));
}

kingpin::ClientOptions ClientOptionsOf(const Options& options) {
  kingpin::ClientOptions client;
  client.pool.max_connections_per_host = options.connections;
  client.pool.max_connections = options.connections;
  // All that can be due in a second wait here when a server stalls.
  client.pool.max_waiting = std::max<size_t>(
      options.connections, static_cast<size_t>(options.rate) + 1'000'000);
  // A connection more than the other threads have is a load more.
  client.pool.load_margin = 1;
  // What waits behind a failed connect is measured: it is to be the server's time.
  client.pool.first_back_off = absl::Milliseconds(10);
  client.pool.max_back_off = absl::Milliseconds(100);
  client.connect_timeout = options.timeout;
  client.connection.timeouts = {.idle = absl::InfiniteDuration(),
                                .read = options.timeout,
                                .write = options.timeout,
                                .handshake = options.timeout};
  // Heads and lines of chunks are what is held; bodies pass through.
  client.connection.input_limit_bytes = 1 << 20;
  return client;
}

}  // namespace

int ThreadCount(const Options& options) {
  const int wanted =
      options.threads > 0
          ? options.threads
          : static_cast<int>(std::thread::hardware_concurrency());
  return std::clamp(wanted, 1, options.connections);
}

Load::Load(const Options& options)
    : ThreadSharedDataForClient(ClientOptionsOf(options)),
      options_(options),
      thread_count_(ThreadCount(options)),
      recorder_(IntervalOf(options)) {}

absl::Status Load::Prepare() {
  if (options_.url.is_https) {
    auto tls = kingpin::TlsClient::Create(
        {.verify = !options_.insecure, .alpn = {"http/1.1"}});
    if (!tls.ok()) return tls.status();
    tls_ = *std::move(tls);
  }
  if (options_.is_raw) {
    request_.assign(options_.size, 'x');
  } else {
    kingpin::http::RequestHeadParts parts{.method = options_.method,
                                          .url = options_.url,
                                          .fields = options_.headers,
                                          .close = options_.reconnect};
    if (!options_.body.empty()) parts.content_length = options_.body.size();
    auto head = kingpin::http::WriteRequestHead(parts);
    if (!head.ok()) return head.status();
    request_ = absl::StrCat(*head, options_.body);
    method_ = kingpin::http::IdentifyMethod(options_.method);
  }
  // With a connection for each request, these are the first ones; at a constant rate
  // each comes as it is due.
  if (options_.reconnect && options_.rate > 0) return absl::OkStatus();
  for (int i = 0; i < options_.connections; ++i) AddTarget(Now());
  return absl::OkStatus();
}

double Load::gap_ns_per_thread() const {
  return 1e9 * thread_count_ / options_.rate;
}

void Load::AddTarget(kingpin::MonotonicTime since) {
  // Refused only when the run ends, or behind a million that wait, which the pace
  // then goes on counting.
  Add({.host = options_.host,
       .port = options_.port,
       .timeout = absl::InfiniteDuration(),
       .may_reuse = false,
       .context = std::make_unique<LoadTarget>(since)})
      .IgnoreError();
}

bool Load::TakeTicket() {
  if (options_.requests == 0) return true;
  return tickets_.fetch_add(1, std::memory_order_relaxed) < options_.requests;
}

void Load::CountEnd() {
  if (options_.requests == 0) return;
  if (ended_.fetch_add(1, std::memory_order_relaxed) + 1 == options_.requests) {
    Shutdown(kingpin::RunPhase::kStopping);
  }
}

void Load::GiveUp(std::string_view why) {
  {
    absl::MutexLock lock(&mu_);
    status_.Update(absl::UnavailableError(why));
  }
  Shutdown(kingpin::RunPhase::kStopping);
}

absl::Status Load::status() const {
  absl::MutexLock lock(&mu_);
  return status_;
}

void Load::AddLeftovers(const Leftovers& leftovers) {
  absl::MutexLock lock(&mu_);
  leftovers_.unsent += leftovers.unsent;
  leftovers_.unanswered.Add(leftovers.unanswered);
  leftovers_.connecting.Add(leftovers.connecting);
  leftovers_.lag.Merge(leftovers.lag);
}

Leftovers Load::leftovers() const {
  absl::MutexLock lock(&mu_);
  return leftovers_;
}

}  // namespace bench_client

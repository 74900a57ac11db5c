// Ten thousand connections at a time from two threads, to a server in a process of
// its own: each of the two needs a descriptor for every one.
#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

#include "gtest/gtest.h"
#include "kingpin/net/io_handler_for_client.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/net/counting_server.h"
#include "tests/testing/process.h"
#include "tests/testing/scripted_client.h"

namespace kingpin {
namespace {

using testing::ClientScript;
using testing::CountingServer;
using testing::ScriptedClientHandler;
using testing::ThreadedClient;

constexpr int kHosts = 4;
constexpr int kInAll = 10'000;
constexpr int kOfHost = 2'600;
constexpr int kChurn = 10'000;
// More than there is room for; so many that no host runs out of targets before the
// others are at their limits.
constexpr int kMore = 6'000;

struct Counts {
  int most_in_all;
  int most[kHosts];
};

// Serves until the client closes `done`, then writes its Counts to `result`.
int Serve(CountingServer& server, int done, int result) {
  server.Start();
  char none;
  while (read(done, &none, 1) > 0) {
  }
  server.Stop();
  Counts counts = {.most_in_all = server.most_in_all(), .most = {}};
  for (int i = 0; i < kHosts; ++i) counts.most[i] = server.most(i);
  return write(result, &counts, sizeof(counts)) == sizeof(counts)
             ? EXIT_SUCCESS
             : EXIT_FAILURE;
}

bool RaiseDescriptorLimit(rlim_t wanted) {
  rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur >= wanted;
}

struct Pipe {
  Pipe() {
    int ends[2];
    if (pipe(ends) != 0) std::abort();
    reading.Reset(ends[0]);
    writing.Reset(ends[1]);
  }
  UniqueFd reading;
  UniqueFd writing;
};

// The first targets come and go, a third of them closing its connection; the later
// ones keep theirs.
ClientScript ChurnThenHold(std::atomic<int>* answered) {
  return {.on_message = [=](ScriptedClientHandler& handler, Connection& c) {
    c.input().TakeAll();
    const int number = ++*answered;
    if (number > kChurn) return;
    if (number % 3 == 0) return c.Close();
    handler.GiveBack(c);
  }};
}

TEST(ClientCrowd, TenThousandFromTwoThreadsByTheServersOwnCount) {
  ASSERT_TRUE(RaiseDescriptorLimit(kInAll + 1'000))
      << "needs `ulimit -Hn` of at least " << kInAll + 1'000;
  CountingServer server(kHosts);
  Pipe done;
  Pipe result;
  const pid_t child = testing::Fork([&] {
    done.writing.Reset();
    return Serve(server, done.reading.get(), result.writing.get());
  });

  std::atomic<int> answered = 0;
  ThreadedClient client(ChurnThenHold(&answered),
                        {.pool = {.max_connections_per_host = kOfHost,
                                  .max_connections = kInAll,
                                  .stuck_after = testing::kPatience}},
                        /*threads=*/2);
  for (int i = 0; i < kChurn + kInAll + kMore; ++i) {
    ASSERT_TRUE(client.shared().Add(server.target(i % kHosts)).ok());
  }
  ASSERT_TRUE(testing::Eventually([&] { return answered == kChurn + kInAll; }))
      << answered << " answered, "
      << client.shared().Sum(&LoopStats::connect_failures)
      << " connects failed; " << client.pool().DebugString();
  EXPECT_EQ(client.shared().connections(), kInAll);
  EXPECT_EQ(client.pool().waiting(), static_cast<size_t>(kMore));
  for (int thread : {0, 1}) {
    EXPECT_NEAR(client.shared().thread(thread).load(), kInAll / 2, kInAll / 20);
    EXPECT_NEAR(client.pool().draws(thread), (kChurn + kInAll) / 2,
                (kChurn + kInAll) / 20);
  }
  done.writing.Reset();
  Counts counts;
  ASSERT_EQ(read(result.reading.get(), &counts, sizeof(counts)),
            static_cast<ssize_t>(sizeof(counts)));
  EXPECT_EQ(testing::WaitForExit(child), EXIT_SUCCESS);
  EXPECT_EQ(counts.most_in_all, kInAll);
  for (int most : counts.most) EXPECT_LE(most, kOfHost);
}

}  // namespace
}  // namespace kingpin

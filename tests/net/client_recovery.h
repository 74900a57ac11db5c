// What tests of a client's failures have in common.
#ifndef KINGPIN_TESTS_NET_CLIENT_RECOVERY_H_
#define KINGPIN_TESTS_NET_CLIENT_RECOVERY_H_

#include "gtest/gtest.h"
#include "kingpin/net/io_handler_for_client.h"
#include "tests/testing/scripted_client.h"
#include "tests/testing/test_client.h"

namespace kingpin::testing {

// Gives the connection back when anything has come.
inline ClientScript GivesBack() {
  return {.on_message = [](ScriptedClientHandler& handler, Connection& c) {
    c.input().TakeAll();
    handler.GiveBack(c);
  }};
}

// After every failure: another target is served, what is left is closed, and the
// loop sleeps.
inline void ExpectRecovered(ManualClient& client) {
  TestListener server;
  const int before = client.shared().ended;
  client.Add(server.target("ping"));
  TestClient peer = server.Accept(client);
  EXPECT_TRUE(client.RunUntil([&] { return peer.received() == "ping"; }));
  peer.HalfClose();
  EXPECT_TRUE(client.RunUntilEnded(before + 1));
  EXPECT_GT(client.Rest(), 0) << "spins";
}

}  // namespace kingpin::testing

#endif  // KINGPIN_TESTS_NET_CLIENT_RECOVERY_H_

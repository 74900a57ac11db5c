// What the Autobahn testsuite asks of an echo, chapter by chapter (its numbers
// are given), of both our roles over real sockets: framing, control frames,
// reserved bits and opcodes, fragments, UTF-8, closing, limits, compression.

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/http/websocket_host.h"
#include "tests/http/websocket_echo_ends.h"
#include "tests/http/websocket_peer.h"

namespace kingpin {
namespace testing {
namespace {

using std::string_literals::operator""s;
using Frames = std::vector<PeerFrame>;
using Events = std::vector<std::string>;

enum class Role { kServer, kClient };

constexpr int kText = 0x81, kTextBegin = 0x01, kBinary = 0x82;
constexpr int kBinaryBegin = 0x02, kMore = 0x00, kLast = 0x80;
constexpr int kClose = 0x88, kPing = 0x89, kPong = 0x8a;

constexpr size_t kMegabyte = 1 << 20;

class WebSocketConformance : public ::testing::TestWithParam<Role> {
 protected:
  static void SetUpTestSuite() {
    const http::WebSocketOptions options = {
        .limits = {.max_frame_bytes = 16 * kMegabyte,
                   .max_message_bytes = 16 * kMegabyte},
        .deflate = {.enabled = true,
                    .server_context_takeover = true,
                    .client_context_takeover = true,
                    .min_bytes = 1},
        // The peer counts frames, and may be slow.
        .ping_interval = absl::InfiniteDuration()};
    const ConnectionOptions connection = {.output_limit_bytes = 64 * kMegabyte};
    server_ = new EchoServer(options, connection);
    client_ = new EchoClient(options, connection);
  }
  static void TearDownTestSuite() {
    delete server_;
    delete client_;
  }

  static WebSocketPeer Connect(std::string_view fields = "") {
    return GetParam() == Role::kServer
               ? WebSocketPeer::ToServer(server_->port(), fields)
               : client_->Accept();
  }

  // Sends `frames` and expects `events`, then the end if the last of them is a
  // Close; else closes, too. In one piece, frame by frame, byte by byte.
  static void Expect(const std::string& name, const Frames& frames,
                     const Events& events) {
    SCOPED_TRACE(name);
    for (const size_t chop : {SIZE_MAX, size_t{0}, size_t{1}}) {
      WebSocketPeer peer = Connect();
      std::string all;
      for (const PeerFrame& frame : frames) {
        if (chop == 0) peer.Send(frame);
        all += peer.Encode(frame);
      }
      // Byte by byte, large ones would take for ever.
      if (chop != 0) peer.SendBytes(all, all.size() > 2000 ? 997 : chop);
      ExpectEvents(peer, events);
    }
  }

  static void ExpectEvents(WebSocketPeer& peer, const Events& events) {
    for (const std::string& event : events) {
      const std::string got = peer.Read();
      // Of our own reasons only the code matters.
      ASSERT_EQ(
          absl::StartsWith(event, "close:") ? got.substr(0, event.size()) : got,
          event);
    }
    if (events.empty() || !absl::StartsWith(events.back(), "close:")) {
      peer.SendClose(1000, "done");
      ASSERT_EQ(peer.Read(), "close:1000");
    }
    // A client waits for the server to close; one that fails does not.
    if (GetParam() == Role::kClient) peer.socket().HalfClose();
    ASSERT_EQ(peer.Read(), "end");
  }

  static void ExpectFailure(const std::string& name, const Frames& frames,
                            int code) {
    Expect(name, frames, {absl::StrCat("close:", code)});
  }

  static EchoServer* server_;
  static EchoClient* client_;
};

EchoServer* WebSocketConformance::server_ = nullptr;
EchoClient* WebSocketConformance::client_ = nullptr;

INSTANTIATE_TEST_SUITE_P(BothRoles, WebSocketConformance,
                         ::testing::Values(Role::kServer, Role::kClient),
                         [](const auto& role) {
                           return role.param == Role::kServer ? "Server"
                                                              : "Client";
                         });

TEST_P(WebSocketConformance, Chapter1Framing) {
  for (const size_t size : {0, 125, 126, 127, 128, 65535, 65536}) {
    const std::string text(size, '*');
    const std::string bytes(size, '\xfe');
    Expect(absl::StrCat("1.1 text of ", size), {{kText, text}},
           {"text:" + text});
    Expect(absl::StrCat("1.2 binary of ", size), {{kBinary, bytes}},
           {"binary:" + bytes});
  }
}

TEST_P(WebSocketConformance, Chapter2PingsAndPongs) {
  Expect("2.1", {{kPing, ""}}, {"pong:"});
  Expect("2.2", {{kPing, "Hello, world!"}}, {"pong:Hello, world!"});
  const std::string binary = "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"s;
  Expect("2.3", {{kPing, binary}}, {"pong:" + binary});
  const std::string most(125, '\xfe');
  Expect("2.4, 2.6", {{kPing, most}}, {"pong:" + most});
  ExpectFailure("2.5", {{kPing, most + "x"}}, 1002);
  Expect("2.7", {{kPong, ""}}, {});
  Expect("2.8", {{kPong, "unsolicited"}}, {});
  Expect("2.9", {{kPong, "unsolicited"}, {kPing, "p"}}, {"pong:p"});
  Frames pings;
  Events pongs;
  for (int i = 0; i < 10; ++i) {
    pings.push_back({kPing, absl::StrCat("payload-", i)});
    pongs.push_back(absl::StrCat("pong:payload-", i));
  }
  Expect("2.10, 2.11", pings, pongs);
}

TEST_P(WebSocketConformance, Chapter3ReservedBits) {
  // RSV1 is permessage-deflate's, which the peer has not asked for here.
  for (const int rsv : {0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70}) {
    ExpectFailure("3.1", {{kText | rsv, "x"}}, 1002);
    Expect("3.2 to 3.4", {{kText, "before"}, {kText | rsv, "x"}, {kPing, ""}},
           {"text:before", "close:1002"});
    ExpectFailure("3.5", {{kBinary | rsv, "x"}}, 1002);
    ExpectFailure("3.6", {{kPing | rsv, "x"}}, 1002);
    ExpectFailure("3.7", {{kClose | rsv, CloseText(1000)}}, 1002);
  }
}

TEST_P(WebSocketConformance, Chapter4ReservedOpcodes) {
  for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    ExpectFailure("4.1.1, 4.2.1", {{0x80 | opcode, ""}}, 1002);
    Expect("4.1.3, 4.2.3",
           {{kText, "before"}, {0x80 | opcode, "x"}, {kPing, ""}},
           {"text:before", "close:1002"});
  }
}

TEST_P(WebSocketConformance, Chapter5Fragments) {
  ExpectFailure("5.1", {{0x09, "frag"}, {kLast, "ment"}}, 1002);
  ExpectFailure("5.2", {{0x0a, "frag"}, {kLast, "ment"}}, 1002);
  Expect("5.3 to 5.5", {{kTextBegin, "frag"}, {kLast, "ment"}},
         {"text:fragment"});
  Expect("5.6 to 5.8", {{kTextBegin, "frag"}, {kPing, "p"}, {kLast, "ment"}},
         {"pong:p", "text:fragment"});
  ExpectFailure("5.9 to 5.11", {{kLast, "x"}, {kText, "y"}}, 1002);
  ExpectFailure("5.12 to 5.14", {{kMore, "x"}, {kText, "y"}}, 1002);
  Expect("5.15",
         {{kTextBegin, "frag"}, {kLast, "ment"}, {kMore, "x"}, {kText, "y"}},
         {"text:fragment", "close:1002"});
  ExpectFailure("5.16", {{kMore, "x"}, {kTextBegin, "y"}, {kLast, "z"}}, 1002);
  ExpectFailure("5.17", {{kLast, "x"}, {kTextBegin, "y"}, {kLast, "z"}}, 1002);
  ExpectFailure("5.18", {{kTextBegin, "frag"}, {kText, "ment"}}, 1002);
  Expect("5.19, 5.20",
         {{kTextBegin, "1"},
          {kMore, "2"},
          {kPing, "one"},
          {kMore, "3"},
          {kMore, "4"},
          {kPing, "two"},
          {kLast, "5"}},
         {"pong:one", "pong:two", "text:12345"});
}

// --- Chapter 6: UTF-8 --------------------------------------------------------

constexpr std::string_view kGreek =
    "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";

TEST_P(WebSocketConformance, Chapter6EmptyText) {
  Expect("6.1.1", {{kText, ""}}, {"text:"});
  Expect("6.1.2", {{kTextBegin, ""}, {kMore, ""}, {kLast, ""}}, {"text:"});
  Expect("6.1.3", {{kTextBegin, ""}, {kMore, "middle"}, {kLast, ""}},
         {"text:middle"});
}

TEST_P(WebSocketConformance, Chapter6ValidText) {
  const std::string text = "Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4-UTF-8!!";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    Expect(absl::StrCat("6.2.1 to 6.2.3, cut at ", cut),
           {{kTextBegin, text.substr(0, cut)}, {kLast, text.substr(cut)}},
           {"text:" + text});
  }
  Frames octets = {{kTextBegin, ""}};
  for (const char c : kGreek) octets.push_back({kMore, std::string(1, c)});
  octets.push_back({kLast, ""});
  Expect("6.2.4, 6.5.5", octets, {absl::StrCat("text:", kGreek)});
  for (const std::string_view valid :
       {"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5",          // 6.6.11
        "\xc2\x80", "\xe0\xa0\x80", "\xf0\x90\x80\x80",          // 6.7
        "\x7f", "\xdf\xbf", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf",  // 6.9
        "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbd",          // 6.11
        // 6.22: what is no character is valid all the same.
        "\xef\xbf\xbe", "\xf0\x9f\xbf\xbe", "\xf0\x9f\xbf\xbf",
        "\xf0\xaf\xbf\xbe", "\xf1\x8f\xbf\xbf", "\xf2\x8f\xbf\xbe",
        "\xf3\xbf\xbf\xbf", "\xf4\x8f\xbf\xbe", "\xef\xb7\x90",
        "\xef\xbf\xbc"}) {  // 6.23
    Expect("6.5 to 6.23", {{kText, std::string(valid)}},
           {absl::StrCat("text:", valid)});
  }
  Expect("6.7.1", {{kText, "\0"s}}, {"text:\0"s});
}

TEST_P(WebSocketConformance, Chapter6InvalidText) {
  ExpectFailure(
      "6.3.1", {{kText, absl::StrCat(kGreek, "\xed\xa0\x80", "edited")}}, 1007);
  Frames octets = {{kTextBegin, ""}};
  for (const char c : absl::StrCat(kGreek, "\xed\xa0\x80")) {
    octets.push_back({kMore, std::string(1, c)});
  }
  ExpectFailure("6.3.2", octets, 1007);
  for (const std::string_view invalid :
       {"\xf8\x88\x80\x80\x80",
        "\xfc\x84\x80\x80\x80\x80",  // 6.8
        "\xf7\xbf\xbf\xbf",
        "\xfb\xbf\xbf\xbf\xbf",  // 6.10
        "\xfd\xbf\xbf\xbf\xbf\xbf",
        "\xf4\x90\x80\x80",  // 6.11.5
        "\x80",
        "\xbf",
        "\x80\xbf",
        "\x80\xbf\x80",  // 6.12
        "\xc0 \xc1 ",
        "\xe0 \xe1 ",
        "\xf0 \xf1 ",
        "\xf8 \xf9 ",  // 6.13
        "\xc0",
        "\xe0\x80",
        "\xf0\x80\x80",
        "\xf8\x80\x80\x80",  // 6.14
        "\xdf",
        "\xef\xbf",
        "\xf7\xbf\xbf",
        "\xfb\xbf\xbf\xbf",                          //
        "\xc0\xe0\x80\xf0\x80\x80\xf8\x80\x80\x80",  // 6.15
        "\xfe",
        "\xff",
        "\xfe\xfe\xff\xff",  // 6.16
        "\xc0\xaf",
        "\xe0\x80\xaf",
        "\xf0\x80\x80\xaf",  // 6.17
        "\xf8\x80\x80\x80\xaf",
        "\xfc\x80\x80\x80\x80\xaf",  //
        "\xc1\xbf",
        "\xe0\x9f\xbf",
        "\xf0\x8f\xbf\xbf",  // 6.18
        "\xc0\x80",
        "\xe0\x80\x80",
        "\xf0\x80\x80\x80",  // 6.19
        "\xed\xa0\x80",
        "\xed\xad\xbf",
        "\xed\xae\x80",  // 6.20
        "\xed\xaf\xbf",
        "\xed\xb0\x80",
        "\xed\xbe\x80",  //
        "\xed\xbf\xbf",
        "\xed\xa0\x80\xed\xb0\x80",  // 6.21
        "\xed\xaf\xbf\xed\xbf\xbf"}) {
    ExpectFailure("6.8 to 6.21", {{kText, std::string(invalid)}}, 1007);
  }
  // 6.6: every cut inside of a character.
  for (const size_t cut : {1, 3, 4, 6, 8, 10}) {
    ExpectFailure("6.6", {{kText, std::string(kGreek.substr(0, cut))}}, 1007);
  }
}

TEST_P(WebSocketConformance, Chapter6FailsBeforeTheMessageEnds) {
  ExpectFailure(
      "6.4.1", {{kTextBegin, std::string(kGreek)}, {kMore, "\xf4\x90\x80\x80"}},
      1007);
  ExpectFailure("6.4.2",
                {{kTextBegin, absl::StrCat(kGreek, "\xf4")}, {kMore, "\x90"}},
                1007);
  // 6.4.3, 6.4.4: inside of a frame that never ends.
  WebSocketPeer peer = Connect();
  const std::string frame =
      peer.Encode({kText, absl::StrCat(kGreek, "\xf4\x90\x80\x80", "edited")});
  peer.SendBytes(std::string_view(frame).substr(0, frame.size() - 8));
  ExpectEvents(peer, {"close:1007"});
}

// --- Chapter 7: closing ------------------------------------------------------

TEST_P(WebSocketConformance, Chapter7TheOrderOfThings) {
  const std::string bye = CloseText(1000);
  Expect("7.1.1", {{kText, "Hello World!"}, {kClose, bye}},
         {"text:Hello World!", "close:1000"});
  Expect("7.1.2", {{kClose, bye}, {kClose, bye}}, {"close:1000"});
  Expect("7.1.3", {{kClose, bye}, {kPing, "x"}}, {"close:1000"});
  Expect("7.1.4", {{kClose, bye}, {kText, "x"}}, {"close:1000"});
  Expect("7.1.5", {{kTextBegin, "frag"}, {kClose, bye}, {kLast, "ment"}},
         {"close:1000"});
  const std::string large(256 << 10, '*');
  Expect("7.1.6", {{kText, large}, {kClose, bye}, {kPing, "x"}},
         {"text:" + large, "close:1000"});
}

TEST_P(WebSocketConformance, Chapter7Payloads) {
  Expect("7.3.1", {{kClose, ""}}, {"close:"});
  ExpectFailure("7.3.2", {{kClose, "a"}}, 1002);
  Expect("7.3.3", {{kClose, CloseText(1000)}}, {"close:1000"});
  Expect("7.3.4", {{kClose, CloseText(1000, "Hello World!")}}, {"close:1000"});
  const std::string most(123, '*');
  Expect("7.3.5", {{kClose, CloseText(1000, most)}}, {"close:1000"});
  ExpectFailure("7.3.6", {{kClose, CloseText(1000, most + "*")}}, 1002);
  ExpectFailure("7.5.1", {{kClose, CloseText(1000, "\xce\xba\xed\xa0\x80")}},
                1007);
}

TEST_P(WebSocketConformance, Chapter7Codes) {
  for (const int code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011,
                         1012, 1013, 1014, 3000, 3999, 4000, 4999}) {
    Expect("7.7", {{kClose, CloseText(code)}}, {absl::StrCat("close:", code)});
  }
  for (const int code :
       {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535}) {
    ExpectFailure("7.9, 7.13", {{kClose, CloseText(code)}}, 1002);
  }
}

TEST_P(WebSocketConformance, MasksAreTheClients) {
  ExpectFailure("RFC 6455 section 5.1",
                {{kText, "x", GetParam() == Role::kClient}}, 1002);
}

// --- Chapter 9 and 10: large messages ----------------------------------------

TEST_P(WebSocketConformance, Chapter9LargeMessages) {
  for (const size_t size : {64 << 10, 256 << 10, 1 << 20, 4 << 20}) {
    const std::string payload(size, '*');
    WebSocketPeer peer = Connect();
    peer.Send({kText, payload});
    ASSERT_TRUE(peer.Read() == "text:" + payload) << "9.1, " << size;
    peer.Send({kBinary, payload});
    ASSERT_TRUE(peer.Read() == "binary:" + payload) << "9.2, " << size;
    ExpectEvents(peer, {});
  }
  WebSocketPeer peer = Connect();
  const std::string most(16 * kMegabyte, '*');
  peer.Send({kBinary, most});
  ASSERT_TRUE(peer.Read() == "binary:" + most) << "9.2.6";
  ExpectEvents(peer, {});
}

TEST_P(WebSocketConformance, Chapter9ManyFragments) {
  const std::string payload(kMegabyte, '*');
  for (const size_t fragment : {64, 1024, 16384, 262144}) {
    WebSocketPeer peer = Connect();
    std::string bytes;
    for (size_t at = 0; at < payload.size(); at += fragment) {
      const bool last = at + fragment >= payload.size();
      bytes += peer.Encode({(last ? 0x80 : 0) | (at == 0 ? 2 : 0),
                            payload.substr(at, fragment)});
    }
    peer.SendBytes(bytes);
    ASSERT_TRUE(peer.Read() == "binary:" + payload) << "9.3, " << fragment;
    ExpectEvents(peer, {});
  }
}

TEST_P(WebSocketConformance, Chapter9ChoppedAndManySmall) {
  const std::string payload(kMegabyte, '*');
  WebSocketPeer peer = Connect();
  peer.SendBytes(peer.Encode({kText, payload}), 1000);
  ASSERT_TRUE(peer.Read() == "text:" + payload) << "9.5";
  for (const size_t size : {0, 16, 64, 256, 1024}) {
    std::string bytes;
    for (int i = 0; i < 500; ++i) {
      bytes += peer.Encode({kBinary, std::string(size, '*')});
    }
    peer.SendBytes(bytes);
    for (int i = 0; i < 500; ++i) {
      ASSERT_EQ(peer.Read(), "binary:" + std::string(size, '*')) << "9.8";
    }
  }
  ExpectEvents(peer, {});
}

TEST_P(WebSocketConformance, Chapter10ManyFragmentsOfText) {
  const std::string payload(65536, '*');
  Frames frames;
  for (size_t at = 0; at < payload.size(); at += 1300) {
    frames.push_back({at == 0 ? kTextBegin : kMore, payload.substr(at, 1300)});
  }
  frames.back().first = kLast;
  Expect("10.1.1", frames, {"text:" + payload});
}

// --- Chapters 12 and 13: permessage-deflate ----------------------------------

struct DeflateCase {
  std::string_view offer;   // Of a client; the server answers as it must.
  std::string_view answer;  // Of a server, to our offer.
  WebSocketPeer::Deflation terms;  // As a client, that the offer leads to.
};

std::string Compressible(size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) {
    absl::StrAppend(&text, "{\"move\":", i * 7919 % 1009,
                    ",\"side\":\"red\"},");
  }
  return text.substr(0, size);
}

class WebSocketDeflateConformance : public WebSocketConformance {
 protected:
  static WebSocketPeer ConnectWith(const DeflateCase& c) {
    if (GetParam() == Role::kServer) {
      WebSocketPeer peer =
          Connect(absl::StrCat("Sec-WebSocket-Extensions: ", c.offer, "\r\n"));
      EXPECT_TRUE(
          absl::StrContains(peer.head(), "Extensions: permessage-deflate"));
      peer.UseDeflate(c.terms);
      return peer;
    }
    WebSocketPeer peer = client_->Accept(c.answer);
    // The same terms, seen from the other end.
    peer.UseDeflate(c.terms);
    return peer;
  }
};

INSTANTIATE_TEST_SUITE_P(BothRoles, WebSocketDeflateConformance,
                         ::testing::Values(Role::kServer, Role::kClient),
                         [](const auto& role) {
                           return role.param == Role::kServer ? "Server"
                                                              : "Client";
                         });

TEST_P(WebSocketDeflateConformance, Chapters12And13) {
  const bool as_client = GetParam() == Role::kServer;
  // The peer's own side is the client's or the server's.
  const auto terms = [&](bool server_context, bool client_context,
                         int server_bits, int client_bits) {
    return as_client ? WebSocketPeer::Deflation{client_context, server_context,
                                                client_bits, server_bits}
                     : WebSocketPeer::Deflation{server_context, client_context,
                                                server_bits, client_bits};
  };
  const std::vector<DeflateCase> cases = {
      {"permessage-deflate", "permessage-deflate", terms(true, true, 15, 15)},
      {"permessage-deflate; server_no_context_takeover",
       "permessage-deflate; server_no_context_takeover",
       terms(false, true, 15, 15)},
      {"permessage-deflate; client_no_context_takeover",
       "permessage-deflate; client_no_context_takeover",
       terms(true, false, 15, 15)},
      {"permessage-deflate; server_max_window_bits=9",
       "permessage-deflate; server_max_window_bits=9",
       terms(true, true, 9, 15)},
      {"permessage-deflate; client_max_window_bits=9",
       "permessage-deflate; client_max_window_bits=9",
       terms(true, true, 15, 9)},
      {"permessage-deflate; server_no_context_takeover; "
       "server_max_window_bits=9; client_no_context_takeover; "
       "client_max_window_bits=10",
       "permessage-deflate; server_no_context_takeover; "
       "server_max_window_bits=9; client_no_context_takeover; "
       "client_max_window_bits=10",
       terms(false, false, 9, 10)},
      {"permessage-deflate; server_max_window_bits=7, permessage-deflate; "
       "server_no_context_takeover; server_max_window_bits=12",
       "permessage-deflate; server_no_context_takeover; "
       "server_max_window_bits=12",
       terms(false, true, 12, 15)},
  };
  for (const DeflateCase& c : cases) {
    SCOPED_TRACE(c.offer);
    WebSocketPeer peer = ConnectWith(c);
    for (const size_t size : {16, 64, 256, 1024, 4096, 8192, 32768, 131072}) {
      const std::string text = Compressible(size);
      for (int i = 0; i < 3; ++i) {
        peer.Send({kText | 0x40, peer.Deflate(text)});
        ASSERT_TRUE(peer.Read() == "text:" + text) << size;
      }
      // In fragments, of which the first says that it is compressed, with a
      // control frame between.
      const std::string deflated = peer.Deflate(text);
      const size_t half = deflated.size() / 2;
      peer.Send({kBinaryBegin | 0x40, deflated.substr(0, half)});
      peer.Send({kPing, "between"});
      peer.Send({kLast, deflated.substr(half)});
      ASSERT_EQ(peer.Read(), "pong:between");
      ASSERT_TRUE(peer.Read() == "binary:" + text) << size;
      // One that is not compressed may stand among the others.
      peer.SendText("plain");
      ASSERT_EQ(peer.Read(), "text:plain");
    }
    EXPECT_GT(peer.compressed(), 20);
    ExpectEvents(peer, {});
  }
}

TEST_P(WebSocketDeflateConformance, WhatIsWrongInside) {
  const DeflateCase c = {"permessage-deflate", "permessage-deflate", {}};
  struct Wrong {
    std::string name;
    Frames frames;
    int code;
  };
  WebSocketPeer coder = ConnectWith(c);
  const std::string bomb = coder.Deflate(std::string(64 * kMegabyte, '\0'));
  const std::string not_text = [&] {
    WebSocketPeer other = ConnectWith(c);
    return other.Deflate("abc\xff");
  }();
  for (const Wrong& wrong :
       {Wrong{"damaged", {{kText | 0x40, "\xff\xff\xff"}}, 1007},
        Wrong{"a bomb", {{kText | 0x40, bomb}}, 1009},
        Wrong{"not text", {{kText | 0x40, not_text}}, 1007},
        Wrong{"RSV1 on a continuation",
              {{kTextBegin | 0x40, "\xf2"}, {kLast | 0x40, "\x48"}},
              1002},
        Wrong{"RSV1 on a ping", {{kPing | 0x40, ""}}, 1002},
        Wrong{"RSV2", {{kText | 0x20, ""}}, 1002}}) {
    SCOPED_TRACE(wrong.name);
    WebSocketPeer peer = ConnectWith(c);
    for (const PeerFrame& frame : wrong.frames) peer.Send(frame);
    ExpectEvents(peer, {absl::StrCat("close:", wrong.code)});
  }
}

}  // namespace
}  // namespace testing
}  // namespace kingpin

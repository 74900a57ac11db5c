#include "kingpin/http/websocket_extension.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

namespace kingpin::http {
namespace {

DeflateOptions Options(bool takeover = true) {
  return {.enabled = true,
          .server_context_takeover = takeover,
          .client_context_takeover = takeover};
}

// The field of the answer; "-" without compression.
std::string Answer(std::string_view offers, const DeflateOptions& options) {
  std::string answer;
  const bool agreed = AnswerDeflateOffer(offers, options, &answer).has_value();
  EXPECT_EQ(agreed, !answer.empty());
  return agreed ? answer : "-";
}

TEST(WebSocketExtensionTest, AnswersOfAServer) {
  struct Case {
    std::string_view offer;
    std::string_view answer;
  };
  for (const Case& c : {
           Case{"permessage-deflate", "permessage-deflate"},
           Case{"permessage-deflate; client_max_window_bits",
                "permessage-deflate"},
           Case{"permessage-deflate; server_no_context_takeover",
                "permessage-deflate; server_no_context_takeover"},
           Case{"permessage-deflate; client_no_context_takeover",
                "permessage-deflate; client_no_context_takeover"},
           Case{"permessage-deflate; server_max_window_bits=10",
                "permessage-deflate; server_max_window_bits=10"},
           Case{"permessage-deflate; server_max_window_bits=\"10\"",
                "permessage-deflate; server_max_window_bits=10"},
           Case{"permessage-deflate; server_max_window_bits=8",
                "permessage-deflate; server_max_window_bits=8"},
           Case{"permessage-deflate; client_max_window_bits=9",
                "permessage-deflate; client_max_window_bits=9"},
           // The first that can be kept.
           Case{"x-webkit-deflate-frame, permessage-deflate; foo, "
                "permessage-deflate; client_max_window_bits=12",
                "permessage-deflate; client_max_window_bits=12"},
           Case{"", "-"},
           Case{"permessage-bzip2", "-"},
           Case{"permessage-deflate; foo=1", "-"},
           Case{"permessage-deflate; server_max_window_bits", "-"},
           Case{"permessage-deflate; server_max_window_bits=7", "-"},
           Case{"permessage-deflate; server_max_window_bits=16", "-"},
           Case{"permessage-deflate; server_max_window_bits=09", "-"},
           Case{"permessage-deflate; client_max_window_bits=", "-"},
           Case{"permessage-deflate; client_max_window_bits=x", "-"},
           Case{"permessage-deflate; server_no_context_takeover=1", "-"},
           Case{"permessage-deflate; server_no_context_takeover; "
                "server_no_context_takeover",
                "-"},
       }) {
    EXPECT_EQ(Answer(c.offer, Options()), c.answer) << c.offer;
  }
}

TEST(WebSocketExtensionTest, WithoutTakeoverBothSidesAreAskedToForgoIt) {
  EXPECT_EQ(Answer("permessage-deflate; client_max_window_bits",
                   Options(/*takeover=*/false)),
            "permessage-deflate; server_no_context_takeover; "
            "client_no_context_takeover");
}

TEST(WebSocketExtensionTest, OwnWindowsOfAServer) {
  DeflateOptions options = Options();
  options.server_max_window_bits = 11;
  options.client_max_window_bits = 10;
  EXPECT_EQ(Answer("permessage-deflate", options),
            "permessage-deflate; server_max_window_bits=11");
  EXPECT_EQ(Answer("permessage-deflate; client_max_window_bits=9; "
                   "server_max_window_bits=12",
                   options),
            "permessage-deflate; server_max_window_bits=11; "
            "client_max_window_bits=9");
}

TEST(WebSocketExtensionTest, OffNothingIsAgreed) {
  EXPECT_EQ(Answer("permessage-deflate", {}), "-");
  EXPECT_EQ(OfferDeflate({}), "");
}

TEST(WebSocketExtensionTest, OffersOfAClient) {
  EXPECT_EQ(OfferDeflate(Options()),
            "permessage-deflate; client_max_window_bits");
  DeflateOptions options = Options(false);
  options.server_max_window_bits = 12;
  options.client_max_window_bits = 11;
  EXPECT_EQ(OfferDeflate(options),
            "permessage-deflate; server_no_context_takeover; "
            "client_no_context_takeover; server_max_window_bits=12; "
            "client_max_window_bits=11");
}

TEST(WebSocketExtensionTest, AClientTakesWhatItHasOffered) {
  auto terms = AcceptDeflateAnswer(
      "permessage-deflate; server_no_context_takeover; "
      "client_max_window_bits=10; server_max_window_bits=9",
      Options());
  ASSERT_TRUE(terms.ok()) << terms.status();
  EXPECT_EQ(**terms, (DeflateTerms{.server_context_takeover = false,
                                   .client_context_takeover = true,
                                   .server_window_bits = 9,
                                   .client_window_bits = 10}));
  terms = AcceptDeflateAnswer("", Options());
  ASSERT_TRUE(terms.ok());
  EXPECT_FALSE(terms->has_value());
}

TEST(WebSocketExtensionTest, AClientRefusesTheRest) {
  for (const std::string_view answer :
       {"permessage-bzip2", "permessage-deflate, permessage-deflate",
        "permessage-deflate; foo", "permessage-deflate; client_max_window_bits",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16"}) {
    EXPECT_FALSE(AcceptDeflateAnswer(answer, Options()).ok()) << answer;
  }
  EXPECT_FALSE(AcceptDeflateAnswer("permessage-deflate", {}).ok());
  // What was asked for has to be granted.
  EXPECT_FALSE(AcceptDeflateAnswer("permessage-deflate", Options(false)).ok());
  DeflateOptions narrow = Options();
  narrow.server_max_window_bits = 10;
  EXPECT_FALSE(AcceptDeflateAnswer("permessage-deflate", narrow).ok());
  EXPECT_TRUE(AcceptDeflateAnswer(
                  "permessage-deflate; server_max_window_bits=10", narrow)
                  .ok());
  narrow.client_max_window_bits = 10;
  EXPECT_FALSE(AcceptDeflateAnswer("permessage-deflate; "
                                   "server_max_window_bits=10; "
                                   "client_max_window_bits=11",
                                   narrow)
                   .ok());
}

TEST(WebSocketExtensionTest, OptionsOutOfTheirBounds) {
  EXPECT_TRUE(CheckDeflateOptions({}).ok());
  EXPECT_FALSE(CheckDeflateOptions({.server_max_window_bits = 8}).ok());
  EXPECT_FALSE(CheckDeflateOptions({.client_max_window_bits = 16}).ok());
  EXPECT_FALSE(CheckDeflateOptions({.level = 0}).ok());
  EXPECT_FALSE(CheckDeflateOptions({.memory_level = 10}).ok());
}

}  // namespace
}  // namespace kingpin::http

#include "kingpin/http/http_status.h"

#include <gtest/gtest.h>

namespace kingpin::http {
namespace {

TEST(HttpStatusTest, KnowsThePhrases) {
  EXPECT_EQ(ReasonPhrase(HttpStatus::kOk), "OK");
  EXPECT_EQ(ReasonPhrase(HttpStatus::kNotFound), "Not Found");
  EXPECT_EQ(ReasonPhrase(HttpStatus::kUriTooLong), "URI Too Long");
  EXPECT_EQ(ReasonPhrase(HttpStatus::kRequestHeaderFieldsTooLarge),
            "Request Header Fields Too Large");
  EXPECT_EQ(ReasonPhrase(HttpStatus::kHttpVersionNotSupported),
            "HTTP Version Not Supported");
}

TEST(HttpStatusTest, OtherCodesHaveThePhraseOfTheirClass) {
  EXPECT_EQ(ReasonPhrase(static_cast<HttpStatus>(103)), "Informational");
  EXPECT_EQ(ReasonPhrase(static_cast<HttpStatus>(299)), "Success");
  EXPECT_EQ(ReasonPhrase(static_cast<HttpStatus>(399)), "Redirection");
  EXPECT_EQ(ReasonPhrase(static_cast<HttpStatus>(418)), "Client Error");
  EXPECT_EQ(ReasonPhrase(static_cast<HttpStatus>(599)), "Server Error");
  EXPECT_EQ(ReasonPhrase(static_cast<HttpStatus>(999)), "Unknown");
}

TEST(HttpStatusTest, TheExampleInTheHeaderWorks) {
  HttpStatus status = HttpStatus::kNotFound;
  int code = static_cast<int>(status);
  EXPECT_EQ(code, 404);
}

}  // namespace
}  // namespace kingpin::http

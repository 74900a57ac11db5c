#include "kingpin/http/redirect.h"

#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kingpin::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

RequestHeadParts Request(std::string_view method) {
  return {.method = std::string(method),
          .url = *Url::Parse("http://a.example/dir/page?q"),
          .fields = {{"Accept", "*/*"},
                     {"Content-Type", "text/plain"},
                     {"authorization", "Basic x"},
                     {"Cookie", "c"}},
          .content_length = 3,
          .expect_continue = true};
}

RequestHeadParts Follow(std::string_view method, int status,
                        std::string_view location) {
  auto next = FollowRedirect(Request(method), status, location);
  EXPECT_TRUE(next.ok()) << next.status();
  EXPECT_TRUE(next->has_value());
  return **next;
}

TEST(Redirect, OnlyFiveStatusesWithALocation) {
  for (int status : {200, 201, 300, 304, 305, 306, 309, 399, 404}) {
    EXPECT_EQ(FollowRedirect(Request("GET"), status, "/x")->has_value(), false)
        << status;
  }
  for (int status : {301, 302, 303, 307, 308}) {
    EXPECT_EQ(Follow("GET", status, "x").url.ToString(),
              "http://a.example/dir/x");
    EXPECT_EQ(FollowRedirect(Request("GET"), status, "")->has_value(), false);
  }
}

TEST(Redirect, MethodsAsBrowsersHaveThem) {
  const auto method = [](std::string_view from, int status) {
    return Follow(from, status, "/x").method;
  };
  EXPECT_EQ(method("POST", 301), "GET");
  EXPECT_EQ(method("POST", 302), "GET");
  EXPECT_EQ(method("PUT", 302), "PUT");
  EXPECT_EQ(method("PUT", 303), "GET");
  EXPECT_EQ(method("HEAD", 303), "HEAD");
  EXPECT_EQ(method("POST", 307), "POST");
  EXPECT_EQ(method("POST", 308), "POST");
}

TEST(Redirect, WhatBecomesAGetLosesItsBody) {
  const RequestHeadParts get = Follow("POST", 303, "/x");
  EXPECT_FALSE(get.content_length.has_value());
  EXPECT_FALSE(get.expect_continue);
  EXPECT_THAT(get.fields, ElementsAre(Pair("Accept", "*/*"),
                                      Pair("authorization", "Basic x"),
                                      Pair("Cookie", "c")));
  const RequestHeadParts post = Follow("POST", 308, "/x");
  EXPECT_EQ(post.content_length, 3);
  EXPECT_EQ(post.fields.size(), 4u);
}

TEST(Redirect, CredentialsStayWithTheirOrigin) {
  for (const char* other : {"http://b.example/", "//b.example/",
                            "https://a.example/", "http://a.example:81/"}) {
    EXPECT_THAT(
        Follow("GET", 302, other).fields,
        ElementsAre(Pair("Accept", "*/*"), Pair("Content-Type", "text/plain")))
        << other;
  }
  EXPECT_EQ(Follow("GET", 302, "http://A.example:80/").fields.size(), 4u);
}

TEST(Redirect, ALocationNobodyCanGoTo) {
  for (const char* bad : {"ftp://a/", "http://", "http://u@b/", "mailto:x"}) {
    auto next = FollowRedirect(Request("GET"), 302, bad);
    EXPECT_EQ(next.status().code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_THAT(std::string(next.status().message()),
                HasSubstr("redirected to \""));
  }
}

}  // namespace
}  // namespace kingpin::http

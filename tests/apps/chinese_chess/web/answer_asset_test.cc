// The files of the browser client, over HTTP.
#include "apps/chinese_chess/web/answer_asset.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/web/assets.h"
#include "gtest/gtest.h"
#include "kingpin/http/content_decoder.h"
#include "kingpin/http/http_handler.h"
#include "kingpin/http/http_status.h"
#include "tests/http/http_test_client.h"
#include "tests/http/http_test_server.h"

namespace chinese_chess {
namespace {

using kingpin::testing::Get;
using kingpin::testing::HttpAnswer;
using kingpin::testing::HttpTestClient;
using kingpin::testing::HttpTestHandler;
using kingpin::testing::HttpTestServer;

kingpin::testing::HttpScript AssetScript() {
  return {.on_request = [](HttpTestHandler& handler,
                           kingpin::Connection& connection,
                           const kingpin::http::Request& request) {
    if (AnswerAsset(handler, connection, request)) return;
    handler.AnswerError(connection, kingpin::http::HttpStatus::kNotFound);
  }};
}

TEST(AssetsTest, AreFoundByTheirPaths) {
  ASSERT_GT(Assets().size(), 10u);
  EXPECT_TRUE(std::ranges::is_sorted(Assets(), {}, &Asset::path));
  for (const Asset& asset : Assets()) EXPECT_EQ(FindAsset(asset.path), &asset);
  EXPECT_EQ(FindAsset("/"), FindAsset("/index.html"));
  for (const std::string_view path :
       {"", "index.html", "/index.html/", "/BUILD.bazel", "/../web/index.html",
        "/zzz", "/rules"}) {
    EXPECT_EQ(FindAsset(path), nullptr) << path;
  }
}

TEST(AssetsTest, HaveTagsOfTheirOwnAndAreTheSameCompressed) {
  for (const Asset& a : Assets()) {
    EXPECT_EQ(std::ranges::count(Assets(), a.etag, &Asset::etag), 1) << a.path;
    EXPECT_TRUE(a.etag.starts_with('"') && a.etag.ends_with('"')) << a.etag;
    EXPECT_FALSE(a.bytes.empty());
    EXPECT_NE(a.gzip_etag, a.etag);
    if (a.gzip_bytes.empty()) continue;
    EXPECT_LT(a.gzip_bytes.size(), a.bytes.size());
    auto decoder = kingpin::http::ContentDecoder::Make("gzip", 1 << 20);
    ASSERT_TRUE(decoder.ok());
    std::string bytes;
    std::string_view input = a.gzip_bytes;
    size_t budget = 1 << 20;
    ASSERT_TRUE(decoder
                    ->Decode(&input, &budget,
                             [&](std::string_view piece) { bytes += piece; })
                    .ok());
    EXPECT_TRUE(decoder->Finish().ok());
    EXPECT_EQ(bytes, a.bytes) << a.path;
  }
}

TEST(AnswerAssetTest, ServesAFileWithItsPolicy) {
  HttpTestServer server(AssetScript());
  HttpTestClient client(server.port());
  for (const Asset& asset : Assets()) {
    const HttpAnswer answer = client.Get(asset.path);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, asset.bytes);
    EXPECT_EQ(answer.field("content-type"), asset.media_type);
    EXPECT_EQ(answer.field("x-content-type-options"), "nosniff");
    EXPECT_TRUE(absl::StartsWith(answer.field("content-security-policy"),
                                 "default-src 'self';"));
  }
  EXPECT_EQ(client.Get("/").field("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(client.Get("/rules/moves.js").field("content-type"),
            "text/javascript; charset=utf-8");
  EXPECT_EQ(client.Get("/nothing").status, 404);
}

TEST(AnswerAssetTest, GzipIsForWhoTakesIt) {
  HttpTestServer server(AssetScript());
  HttpTestClient client(server.port());
  const Asset& asset = *FindAsset("/main.js");
  EXPECT_LT(asset.gzip_bytes.size(), asset.bytes.size() / 2);
  for (const std::string_view codings :
       {"gzip", "deflate, gzip, br", "br;q=1, GZIP ; q=0.5"}) {
    const HttpAnswer answer = client.Get(
        asset.path, absl::StrCat("Accept-Encoding: ", codings, "\r\n"));
    EXPECT_EQ(answer.field("content-encoding"), "gzip") << codings;
    EXPECT_EQ(answer.field("vary"), "Accept-Encoding");
    EXPECT_EQ(answer.field("etag"), asset.gzip_etag);
    EXPECT_EQ(answer.body, asset.gzip_bytes);
  }
  for (const std::string_view codings :
       {"", "br", "identity", "gzip;q=0", "gzip;q=0.000", "*"}) {
    const HttpAnswer answer = client.Get(
        asset.path, absl::StrCat("Accept-Encoding: ", codings, "\r\n"));
    EXPECT_FALSE(answer.has("content-encoding")) << codings;
    EXPECT_EQ(answer.field("etag"), asset.etag);
    EXPECT_EQ(answer.body, asset.bytes);
  }
}

TEST(AnswerAssetTest, SaysNothingTwice) {
  HttpTestServer server(AssetScript());
  HttpTestClient client(server.port());
  const std::string tag(client.Get("/").field("etag"));
  ASSERT_TRUE(
      client.Send(Get("/", absl::StrCat("If-None-Match: ", tag, "\r\n"))));
  HttpAnswer same = client.ReadAnswer();
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.field("etag"), tag);
  EXPECT_EQ(same.body, "");
  ASSERT_TRUE(client.Send(Get("/", "If-None-Match: \"other\"\r\n")));
  EXPECT_EQ(client.ReadAnswer().status, 200);
  ASSERT_TRUE(client.Send(Get("/", "If-Match: \"other\"\r\n")));
  EXPECT_EQ(client.ReadAnswer().status, 412);
}

TEST(AnswerAssetTest, IsReadOnly) {
  HttpTestServer server(AssetScript());
  HttpTestClient client(server.port());
  ASSERT_TRUE(
      client.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi"));
  const HttpAnswer answer = client.ReadAnswer();
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.field("allow"), "GET, HEAD");
}

}  // namespace
}  // namespace chinese_chess

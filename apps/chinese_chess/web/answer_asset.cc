#include "apps/chinese_chess/web/answer_asset.h"

#include <string_view>

#include "apps/chinese_chess/web/assets.h"
#include "kingpin/http/conditional.h"
#include "kingpin/http/http_status.h"
#include "kingpin/http/method.h"
#include "kingpin/http/response_head.h"

namespace chinese_chess {
namespace {

namespace http = kingpin::http;
using http::HttpStatus;

constexpr std::string_view kPolicy =
    "default-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; object-src 'none'";

http::ResponseHead BeginAsset(http::HttpHandler& handler,
                              kingpin::Connection& connection,
                              HttpStatus status, const Asset& asset,
                              std::span<char> room) {
  http::ResponseHead head = handler.BeginHead(connection, status, room);
  head.Add("ETag", asset.etag);
  head.Add("Cache-Control", "no-cache");
  head.Add("Content-Security-Policy", kPolicy);
  head.Add("X-Content-Type-Options", "nosniff");
  head.Add("Referrer-Policy", "no-referrer");
  return head;
}

}  // namespace

bool AnswerAsset(http::HttpHandler& handler, kingpin::Connection& connection,
                 const http::Request& request) {
  const Asset* asset = FindAsset(request.path);
  if (asset == nullptr) return false;
  handler.IgnoreBody(connection);
  if (request.method != http::Method::kGet &&
      request.method != http::Method::kHead) {
    handler.AnswerError(connection, HttpStatus::kMethodNotAllowed,
                        {{"Allow", "GET, HEAD"}});
    return true;
  }
  const http::Conditional conditional = http::EvaluateConditions(
      request, {.etag = asset->etag}, handler.unix_seconds());
  char room[1024];
  switch (conditional.outcome) {
    case http::Conditional::Outcome::kPreconditionFailed:
      handler.AnswerError(connection, HttpStatus::kPreconditionFailed);
      return true;
    case http::Conditional::Outcome::kNotModified: {
      http::ResponseHead head = BeginAsset(
          handler, connection, HttpStatus::kNotModified, *asset, room);
      handler.Answer(connection, HttpStatus::kNotModified, &head, {});
      return true;
    }
    case http::Conditional::Outcome::kProceed:
      break;
  }
  http::ResponseHead head =
      BeginAsset(handler, connection, HttpStatus::kOk, *asset, room);
  head.Add("Content-Type", asset->media_type);
  handler.Answer(connection, HttpStatus::kOk, &head, asset->bytes);
  return true;
}

}  // namespace chinese_chess

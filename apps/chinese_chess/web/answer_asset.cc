#include "apps/chinese_chess/web/answer_asset.h"

#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
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

// RFC 9110 section 12.5.3; "*" alone is nobody's way of asking for it.
bool TakesGzip(const http::Request& request) {
  const std::string_view codings = request.Find("Accept-Encoding").value_or("");
  for (const std::string_view item : absl::StrSplit(codings, ',')) {
    const std::pair<std::string_view, std::string_view> parts =
        absl::StrSplit(item, absl::MaxSplits(';', 1));
    if (!absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(parts.first),
                                "gzip")) {
      continue;
    }
    const std::string_view weight = absl::StripAsciiWhitespace(parts.second);
    // "q=0", "q=0.000".
    return weight.empty() || weight.find_first_of("123456789") != weight.npos;
  }
  return false;
}

// One of the forms that a file is there in.
struct Form {
  std::string_view etag;
  std::string_view bytes;
  bool gzip;
};

Form FormFor(const http::Request& request, const Asset& asset) {
  if (!asset.gzip_bytes.empty() && TakesGzip(request)) {
    return {asset.gzip_etag, asset.gzip_bytes, true};
  }
  return {asset.etag, asset.bytes, false};
}

http::ResponseHead BeginAsset(http::HttpHandler& handler,
                              kingpin::Connection& connection,
                              HttpStatus status, const Form& form,
                              std::span<char> room) {
  http::ResponseHead head = handler.BeginHead(connection, status, room);
  head.Add("ETag", form.etag);
  head.Add("Cache-Control", "no-cache");
  head.Add("Vary", "Accept-Encoding");
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
  const Form form = FormFor(request, *asset);
  const http::Conditional conditional = http::EvaluateConditions(
      request, {.etag = form.etag}, handler.unix_seconds());
  char room[1024];
  switch (conditional.outcome) {
    case http::Conditional::Outcome::kPreconditionFailed:
      handler.AnswerError(connection, HttpStatus::kPreconditionFailed);
      return true;
    case http::Conditional::Outcome::kNotModified: {
      http::ResponseHead head =
          BeginAsset(handler, connection, HttpStatus::kNotModified, form, room);
      handler.Answer(connection, HttpStatus::kNotModified, &head, {});
      return true;
    }
    case http::Conditional::Outcome::kProceed:
      break;
  }
  http::ResponseHead head =
      BeginAsset(handler, connection, HttpStatus::kOk, form, room);
  head.Add("Content-Type", asset->media_type);
  if (form.gzip) head.Add("Content-Encoding", "gzip");
  handler.Answer(connection, HttpStatus::kOk, &head, form.bytes);
  return true;
}

}  // namespace chinese_chess

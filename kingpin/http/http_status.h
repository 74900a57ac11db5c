// Status codes of RFC 9110 section 15 (and 428-431 of RFC 6585) by name.
//
// Pure; safe from any thread. A code that is not listed is still an HttpStatus:
// static_cast it, its phrase is that of its class ("Client Error").
//
//   HttpStatus status = HttpStatus::kNotFound;
//   int code = static_cast<int>(status);                  // 404
//   std::string_view phrase = ReasonPhrase(status);       // "Not Found"

#ifndef KINGPIN_HTTP_HTTP_STATUS_H_
#define KINGPIN_HTTP_HTTP_STATUS_H_

#include <cstdint>
#include <string_view>

namespace kingpin::http {

enum class HttpStatus : uint16_t {
  kContinue = 100,
  kSwitchingProtocols = 101,
  kOk = 200,
  kCreated = 201,
  kAccepted = 202,
  kNoContent = 204,
  kPartialContent = 206,
  kMovedPermanently = 301,
  kFound = 302,
  kSeeOther = 303,
  kNotModified = 304,
  kTemporaryRedirect = 307,
  kPermanentRedirect = 308,
  kBadRequest = 400,
  kUnauthorized = 401,
  kForbidden = 403,
  kNotFound = 404,
  kMethodNotAllowed = 405,
  kNotAcceptable = 406,
  kRequestTimeout = 408,
  kConflict = 409,
  kGone = 410,
  kLengthRequired = 411,
  kPreconditionFailed = 412,
  kContentTooLarge = 413,
  kUriTooLong = 414,
  kUnsupportedMediaType = 415,
  kRangeNotSatisfiable = 416,
  kExpectationFailed = 417,
  kMisdirectedRequest = 421,
  kUpgradeRequired = 426,
  kPreconditionRequired = 428,
  kTooManyRequests = 429,
  kRequestHeaderFieldsTooLarge = 431,
  kInternalServerError = 500,
  kNotImplemented = 501,
  kBadGateway = 502,
  kServiceUnavailable = 503,
  kGatewayTimeout = 504,
  kHttpVersionNotSupported = 505,
  kInsufficientStorage = 507,
};

// An answer that ends with its head, whatever its fields say (RFC 9110 6.4.1):
// what followed would be taken for the next answer.
constexpr bool HasNoBody(HttpStatus status) {
  return static_cast<int>(status) < 200 || status == HttpStatus::kNoContent ||
         status == HttpStatus::kNotModified;
}

// The text after the code in a status line. Never empty; lives for ever.
std::string_view ReasonPhrase(HttpStatus status);

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_HTTP_STATUS_H_

// Where a response sends its reader on to, and with what (RFC 9110 section 15.4).
//
// Pure; safe from any thread.
//
//   auto next = FollowRedirect(request, response.status,
//                              response.Find("Location").value_or(""));
//   if (!next.ok()) return next.status();      // A Location nobody can go to.
//   if (next->has_value()) Send(**next);       // Else it is the answer.
//
// Decisions, those of browsers (the fetch standard, section 4.4, "HTTP-redirect
// fetch"): 301 and 302 make a POST a GET, 303 makes all but HEAD a GET, 307 and 308
// change nothing; a request that becomes a GET loses its body and the fields about
// it; one that goes to another scheme, host or port loses what was meant for the
// first: Authorization, Cookie, Proxy-Authorization.
#ifndef KINGPIN_HTTP_REDIRECT_H_
#define KINGPIN_HTTP_REDIRECT_H_

#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "kingpin/http/request_head.h"

namespace kingpin::http {

// The request that follows, as `request` was; nullopt if the status is no redirect or
// there is no Location: then the response is what was asked for. If content_length is
// gone, so is the body.
// kInvalidArgument: the Location is none that can be asked for (see url.h).
absl::StatusOr<std::optional<RequestHeadParts>> FollowRedirect(
    const RequestHeadParts& request, int status, std::string_view location);

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_REDIRECT_H_

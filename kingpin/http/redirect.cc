#include "kingpin/http/redirect.h"

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace kingpin::http {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

bool IsRedirect(int status) {
  return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

bool BecomesGet(std::string_view method, int status) {
  if (status == 303) return method != "HEAD" && method != "GET";
  return (status == 301 || status == 302) && method == "POST";
}

bool IsSameOrigin(const Url& a, const Url& b) {
  return a.is_https == b.is_https && a.host == b.host && a.port == b.port;
}

void Drop(Fields* fields, std::initializer_list<std::string_view> names) {
  std::erase_if(*fields, [&](const auto& field) {
    return absl::c_any_of(names, [&](std::string_view name) {
      return absl::EqualsIgnoreCase(field.first, name);
    });
  });
}

}  // namespace

absl::StatusOr<std::optional<RequestHeadParts>> FollowRedirect(
    const RequestHeadParts& request, int status, std::string_view location) {
  if (!IsRedirect(status) || location.empty()) return std::nullopt;
  auto url = request.url.Resolve(location);
  if (!url.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("redirected to \"", absl::CHexEscape(location),
                     "\": ", url.status().message()));
  }
  RequestHeadParts next = request;
  next.url = *std::move(url);
  if (BecomesGet(request.method, status)) {
    next.method = "GET";
    next.content_length.reset();
    next.expect_continue = false;
    Drop(&next.fields, {"Content-Type", "Content-Encoding", "Content-Language",
                        "Content-Location"});
  }
  if (!IsSameOrigin(request.url, next.url)) {
    Drop(&next.fields, {"Authorization", "Cookie", "Proxy-Authorization"});
  }
  return next;
}

}  // namespace kingpin::http

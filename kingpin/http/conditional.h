// Conditional requests: the preconditions of RFC 9110 section 13, in the order
// of 13.2.2.
//
// Pure, allocates nothing, safe from any thread. Call it once the answer
// without the conditions would be a 2xx, and before the range is looked at.
//
//   Validators current{.etag = "\"5f-60\"", .last_modified = mtime};
//   Conditional conditional = EvaluateConditions(request, current, now);
//   using Outcome = Conditional::Outcome;
//   if (conditional.outcome == Outcome::kNotModified) return Send304();
//   if (conditional.outcome == Outcome::kPreconditionFailed) return Send412();
//   if (conditional.range) range = ResolveByteRange(*conditional.range, size);
//
// Decisions where the RFC leaves a choice:
// - an entity-tag list with anything malformed in it, or with "*" among tags,
//   matches nothing: If-Match then fails (412), If-None-Match passes. Empty
//   list elements are skipped, as 5.6.1.2 demands;
// - fields that hold one value but come twice are ignored; two If-Range, like a
//   malformed one, withdraw the range;
// - a malformed date is ignored (13.1.3, 13.1.4);
// - a date in If-Range counts only if it is exactly Last-Modified and that
//   second is over: within it the file may have changed twice;
// - two Range fields are ignored.
#ifndef KINGPIN_HTTP_CONDITIONAL_H_
#define KINGPIN_HTTP_CONDITIONAL_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "kingpin/http/request_parser.h"

namespace kingpin::http {

// What is known about the current representation. All seconds are Unix time.
struct Validators {
  std::string_view etag;  // As sent: "\"x\"" or "W/\"x\"". Empty: none.
  std::optional<int64_t> last_modified;
  bool exists = true;  // False for a PUT of something new.
};

struct Conditional {
  enum class Outcome : uint8_t {
    kProceed,
    kNotModified,         // 304; GET and HEAD only.
    kPreconditionFailed,  // 412
  };
  Outcome outcome = Outcome::kProceed;
  // The value of the Range field if it applies: the method is GET, the outcome
  // kProceed, and If-Range is absent or true.
  std::optional<std::string_view> range;
};

Conditional EvaluateConditions(const Request& request,
                               const Validators& current, int64_t now);

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_CONDITIONAL_H_

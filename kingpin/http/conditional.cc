#include "kingpin/http/conditional.h"

#include "kingpin/http/http_date.h"
#include "kingpin/http/scan.h"

namespace kingpin::http {
namespace {

using Outcome = Conditional::Outcome;

enum class Comparison : uint8_t { kStrong, kWeak };

// Takes an entity-tag off the front of `text`; empty if there is none.
std::string_view TakeEntityTag(std::string_view* text) {
  const size_t quote = text->starts_with("W/") ? 2 : 0;
  if (quote >= text->size() || (*text)[quote] != '"') return {};
  const char* end = text->data() + text->size();
  const char* close = SkipBytes(text->data() + quote + 1, end, kEtagByte);
  if (close == end || *close != '"') return {};
  const std::string_view tag = text->substr(0, close + 1 - text->data());
  text->remove_prefix(tag.size());
  return tag;
}

// RFC 9110 8.8.3.2.
bool TagsMatch(std::string_view a, std::string_view b, Comparison comparison) {
  const bool a_weak = a.starts_with("W/");
  const bool b_weak = b.starts_with("W/");
  if (comparison == Comparison::kStrong && (a_weak || b_weak)) return false;
  return a.substr(a_weak ? 2 : 0) == b.substr(b_weak ? 2 : 0);
}

// What all lines of an If-Match or If-None-Match field say together.
struct TagList {
  bool present = false;
  bool malformed = false;
  bool star = false;
  bool any_tag = false;
  bool match = false;
};

void AddLine(std::string_view line, std::string_view etag,
             Comparison comparison, TagList* list) {
  if (line == "*") {
    list->malformed |= list->star;
    list->star = true;
    return;
  }
  bool separated = true;
  while (!line.empty()) {
    if (IsBlank(line.front()) || line.front() == ',') {
      separated |= line.front() == ',';
      line.remove_prefix(1);
      continue;
    }
    const std::string_view tag = TakeEntityTag(&line);
    if (tag.empty() || !separated) {
      list->malformed = true;
      return;
    }
    separated = false;
    list->any_tag = true;
    list->match |= !etag.empty() && TagsMatch(tag, etag, comparison);
  }
}

TagList ReadTags(const Request& request, FieldId id, const Validators& current,
                 Comparison comparison) {
  TagList list;
  for (const Field& field : request.fields) {
    if (field.id != id) continue;
    list.present = true;
    AddLine(field.value, current.etag, comparison, &list);
  }
  if (list.star) {
    list.malformed |= list.any_tag;
    list.match = current.exists;
  }
  if (list.malformed || !current.exists) list.match = false;
  return list;
}

// The value of a field that must come once.
struct Single {
  int count = 0;
  std::string_view value;
};

Single FindSingle(const Request& request, FieldId id) {
  Single single;
  for (const Field& field : request.fields) {
    if (field.id != id) continue;
    ++single.count;
    single.value = field.value;
  }
  return single;
}

// Whether a date field is there, well-formed, and Last-Modified is later than
// it; nullopt if the field is to be ignored.
std::optional<bool> ModifiedSince(const Request& request, FieldId id,
                                  const Validators& current, int64_t now) {
  const Single field = FindSingle(request, id);
  if (field.count != 1 || !current.exists ||
      !current.last_modified.has_value()) {
    return std::nullopt;
  }
  const std::optional<int64_t> date = ParseHttpDate(field.value, now);
  if (!date.has_value()) return std::nullopt;
  return *current.last_modified > *date;
}

// RFC 9110 13.1.5.
bool IfRangeHolds(const Request& request, const Validators& current,
                  int64_t now) {
  const Single field = FindSingle(request, FieldId::kIfRange);
  if (field.count == 0) return true;
  if (field.count > 1) return false;
  std::string_view rest = field.value;
  const std::string_view tag = TakeEntityTag(&rest);
  if (!tag.empty()) {
    return rest.empty() && !current.etag.empty() &&
           TagsMatch(tag, current.etag, Comparison::kStrong);
  }
  const std::optional<int64_t> date = ParseHttpDate(field.value, now);
  return date.has_value() && current.last_modified == date && *date < now;
}

Outcome Evaluate(const Request& request, const Validators& current,
                 int64_t now) {
  const bool is_read =
      request.method == Method::kGet || request.method == Method::kHead;
  // Steps 1 and 2.
  const TagList if_match =
      ReadTags(request, FieldId::kIfMatch, current, Comparison::kStrong);
  if (if_match.present) {
    if (!if_match.match) return Outcome::kPreconditionFailed;
  } else if (ModifiedSince(request, FieldId::kIfUnmodifiedSince, current, now)
                 .value_or(false)) {
    return Outcome::kPreconditionFailed;
  }
  // Steps 3 and 4.
  const TagList if_none_match =
      ReadTags(request, FieldId::kIfNoneMatch, current, Comparison::kWeak);
  if (if_none_match.present) {
    if (!if_none_match.match) return Outcome::kProceed;
    return is_read ? Outcome::kNotModified : Outcome::kPreconditionFailed;
  }
  if (is_read &&
      !ModifiedSince(request, FieldId::kIfModifiedSince, current, now)
           .value_or(true)) {
    return Outcome::kNotModified;
  }
  return Outcome::kProceed;
}

}  // namespace

Conditional EvaluateConditions(const Request& request,
                               const Validators& current, int64_t now) {
  Conditional result{Evaluate(request, current, now), std::nullopt};
  // Step 5.
  if (result.outcome == Outcome::kProceed && request.method == Method::kGet) {
    const Single range = FindSingle(request, FieldId::kRange);
    if (range.count == 1 && IfRangeHolds(request, current, now)) {
      result.range = range.value;
    }
  }
  return result;
}

}  // namespace kingpin::http

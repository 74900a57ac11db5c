#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/rules/fen.h"
#include "apps/chinese_chess/rules/pgn.h"
#include "apps/chinese_chess/rules/quote.h"
#include "apps/chinese_chess/rules/utf8.h"

namespace chinese_chess {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// "12.250" in seconds; milliseconds at most, and less than three centuries.
std::optional<int64_t> ParseSeconds(std::string_view text) {
  int64_t ms = 0;
  size_t i = 0;
  for (; i < text.size() && IsDigit(text[i]); ++i) {
    ms = ms * 10 + (text[i] - '0');
    if (ms > kMaxRecordedMs / 1000) return std::nullopt;
  }
  if (i == 0) return std::nullopt;
  ms *= 1000;
  if (i == text.size()) return ms;
  if (text[i] != '.' || text.size() - i < 2 || text.size() - i > 4) {
    return std::nullopt;
  }
  int64_t unit = 100;
  for (++i; i < text.size(); ++i, unit /= 10) {
    if (!IsDigit(text[i])) return std::nullopt;
    ms += (text[i] - '0') * unit;
  }
  return ms;
}

// Takes "[%NAME 1.250]" off the front of a comment, and the blank after it.
std::optional<int64_t> TakeTime(std::string_view name,
                                std::string_view* comment) {
  const std::string head = absl::StrCat("[%", name, " ");
  if (!absl::StartsWith(*comment, head)) return std::nullopt;
  const size_t end = comment->find(']');
  if (end == comment->npos) return std::nullopt;
  const std::optional<int64_t> ms =
      ParseSeconds(comment->substr(head.size(), end - head.size()));
  if (!ms.has_value()) return std::nullopt;
  comment->remove_prefix(end + 1);
  if (absl::StartsWith(*comment, " ")) comment->remove_prefix(1);
  return ms;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  absl::StatusOr<GameRecord> Read() {
    absl::Status status = ReadTags();
    while (status.ok() && !ended_) status = ReadItem();
    if (!status.ok()) return status;
    record_.outcome.result = result_.value_or(Result::kOngoing);
    return std::move(record_);
  }

 private:
  template <typename... Part>
  absl::Status Error(const Part&... parts) const {
    const auto line = std::count(text_.begin(), text_.begin() + at_, '\n') + 1;
    return absl::InvalidArgumentError(
        absl::StrCat("PGN, line ", line, ": ", parts...));
  }

  bool AtEnd() const { return at_ == text_.size(); }
  char Peek() const { return text_[at_]; }
  void SkipBlanks() {
    while (!AtEnd() && IsBlank(Peek())) ++at_;
  }

  // Through the next `end`, which is left out; nullopt if there is none.
  std::optional<std::string_view> TakeUntil(char end) {
    const size_t found = text_.find(end, at_);
    if (found == text_.npos) return std::nullopt;
    const std::string_view taken = text_.substr(at_, found - at_);
    at_ = found + 1;
    return taken;
  }

  absl::Status ReadTags() {
    for (SkipBlanks(); !AtEnd() && Peek() == '['; SkipBlanks()) {
      absl::Status status = ReadTag();
      if (!status.ok()) return status;
    }
    position_ = record_.start;
    return absl::OkStatus();
  }

  // [Name "value"]
  absl::Status ReadTag() {
    const size_t name_begin = ++at_;
    while (!AtEnd() && !IsBlank(Peek()) && Peek() != '"') ++at_;
    const std::string_view name = text_.substr(name_begin, at_ - name_begin);
    if (!IsTagName(name)) return Error("a tag is [Name \"value\"]");
    SkipBlanks();
    std::string value;
    if (AtEnd() || Peek() != '"' || !ReadQuoted(&value)) {
      return Error("the value of tag ", name, " is not quoted");
    }
    SkipBlanks();
    if (AtEnd() || Peek() != ']') return Error("tag ", name, " does not end");
    ++at_;
    return OnTag(name, value);
  }

  bool ReadQuoted(std::string* value) {
    for (++at_; !AtEnd() && Peek() != '\n'; ++at_) {
      if (Peek() == '"') {
        ++at_;
        return true;
      }
      if (Peek() == '\\' && at_ + 1 < text_.size()) ++at_;
      value->push_back(Peek());
    }
    return false;
  }

  absl::Status OnTag(std::string_view name, const std::string& value) {
    for (const std::string& seen : seen_) {
      if (seen == name) return Error("tag ", name, " is there twice");
    }
    if (seen_.size() == kMaxRecordTags) {
      return Error("more than ", kMaxRecordTags, " tags");
    }
    seen_.emplace_back(name);
    if (name == "FEN") return OnFen(value);
    if (name == "Result") return OnResult(value);
    if (name == "Termination") return OnTermination(value);
    if (name == "Game" && !value.empty() &&
        !absl::EqualsIgnoreCase(value, "Chinese Chess")) {
      return Error("it is a game of ", QuoteText(value));
    }
    if (!IsFieldTag(name)) record_.tags.emplace_back(name, value);
    return absl::OkStatus();
  }

  absl::Status OnFen(std::string_view value) {
    absl::StatusOr<Position> start = ParseFen(value);
    if (!start.ok()) return Error(start.status().message());
    record_.start = *start;
    return absl::OkStatus();
  }

  absl::Status OnResult(std::string_view value) {
    const std::optional<Result> result = ParseResult(value);
    if (!result.has_value()) {
      return Error(QuoteText(value), " is no result: 1-0, 0-1, 1/2-1/2 or *");
    }
    if (result_.has_value() && *result_ != *result) {
      return Error("the tag says ", ResultText(*result_), " and the end ",
                   ResultText(*result));
    }
    result_ = result;
    return absl::OkStatus();
  }

  // Other programs write other things there; those are just a tag.
  absl::Status OnTermination(std::string_view value) {
    const std::optional<Reason> reason = ParseReason(value);
    if (reason.has_value()) record_.outcome.reason = *reason;
    return absl::OkStatus();
  }

  absl::Status ReadItem() {
    SkipBlanks();
    if (AtEnd()) {
      ended_ = true;
      return absl::OkStatus();
    }
    switch (Peek()) {
      case '{':
        ++at_;
        return ReadComment('}');
      case ';':
        ++at_;
        return ReadComment('\n');
      case '(':
        return SkipVariation();
      default:
        return ReadWord();
    }
  }

  absl::Status ReadComment(char end) {
    std::optional<std::string_view> taken = TakeUntil(end);
    if (!taken.has_value() && end == '}') {
      return Error("a comment does not end");
    }
    if (!taken.has_value()) {
      taken = text_.substr(at_);
      at_ = text_.size();
    }
    std::string_view comment = *taken;
    if (record_.moves.empty()) {
      Append(comment, &record_.comment);
      return absl::OkStatus();
    }
    RecordedMove& move = record_.moves.back();
    if (const auto at = TakeTime("at", &comment)) move.at_ms = at;
    if (const auto charged = TakeTime("emt", &comment)) {
      move.charged_ms = charged;
    }
    Append(comment, &move.comment);
    return absl::OkStatus();
  }

  static void Append(std::string_view comment, std::string* text) {
    while (!comment.empty() && IsBlank(comment.back())) {
      comment.remove_suffix(1);
    }
    while (!comment.empty() && IsBlank(comment.front())) {
      comment.remove_prefix(1);
    }
    if (!text->empty() && !comment.empty()) text->push_back(' ');
    // A line break is as good as a blank, and is not kept by all who write these.
    for (const char c : comment) text->push_back(IsBlank(c) ? ' ' : c);
  }

  // Parentheses nest; those in comments do not count.
  absl::Status SkipVariation() {
    int depth = 0;
    do {
      if (AtEnd()) return Error("a variation does not end");
      const char c = text_[at_++];
      if (c == '(') ++depth;
      if (c == ')') --depth;
      if (c == '{' && !TakeUntil('}').has_value()) {
        return Error("a comment does not end");
      }
    } while (depth > 0);
    return absl::OkStatus();
  }

  // A move number, a result, an annotation or a move.
  absl::Status ReadWord() {
    const size_t begin = at_;
    while (!AtEnd() && !IsBlank(Peek()) && Peek() != '{' && Peek() != '(' &&
           Peek() != ';') {
      ++at_;
    }
    std::string_view word = text_.substr(begin, at_ - begin);
    if (word[0] == '$') return absl::OkStatus();
    if (ParseResult(word).has_value()) {
      ended_ = true;
      return OnResult(word);
    }
    RemoveNumber(&word);
    return word.empty() ? absl::OkStatus() : OnMove(word);
  }

  // "12." and "12..." and the front of "12.h2e2", but not that of "33.4", which is a
  // soldier's move in WXF.
  static void RemoveNumber(std::string_view* word) {
    size_t digits = 0;
    while (digits < word->size() && IsDigit((*word)[digits])) ++digits;
    size_t dots = digits;
    while (dots < word->size() && (*word)[dots] == '.') ++dots;
    const size_t rest = word->size() - dots;
    const bool is_number = rest == 0 || (dots > digits && rest >= 4);
    if (is_number) word->remove_prefix(dots);
  }

  absl::Status OnMove(std::string_view word) {
    if (record_.moves.size() == kMaxRecordedPlies) {
      return Error("more than ", kMaxRecordedPlies, " moves");
    }
    const absl::StatusOr<Move> move = ParseMove(position_, word);
    if (!move.ok()) return Error(move.status().message());
    position_.Make(*move);
    record_.moves.push_back(
        {.move = *move, .at_ms = {}, .charged_ms = {}, .comment = {}});
    return absl::OkStatus();
  }

  const std::string_view text_;
  size_t at_ = 0;
  bool ended_ = false;
  Position position_;  // After the moves so far.
  std::optional<Result> result_;
  std::vector<std::string> seen_;
  GameRecord record_;
};

}  // namespace

absl::StatusOr<GameRecord> ParsePgn(std::string_view text) {
  if (text.size() > kMaxRecordBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("PGN: more than ", kMaxRecordBytes, " bytes"));
  }
  if (!IsUtf8(text)) {
    return absl::InvalidArgumentError(
        "PGN: the text is not UTF-8; if it is GB18030, convert it first");
  }
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (absl::StartsWith(text, kByteOrderMark)) {
    text.remove_prefix(kByteOrderMark.size());
  }
  return Reader(text).Read();
}

}  // namespace chinese_chess

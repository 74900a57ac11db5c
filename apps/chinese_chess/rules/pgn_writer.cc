#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "apps/chinese_chess/rules/fen.h"
#include "apps/chinese_chess/rules/invisible.h"
#include "apps/chinese_chess/rules/pgn.h"
#include "apps/chinese_chess/rules/utf8.h"

namespace chinese_chess {
namespace {

constexpr std::string_view kFirstTags[] = {
    "Event", "Site", "Date", "Round", "RedTeam", "Red", "BlackTeam", "Black",
};

bool IsFirstTag(std::string_view name) {
  for (const std::string_view first : kFirstTags) {
    if (name == first) return true;
  }
  return false;
}

std::string_view FormatName(Notation notation) {
  switch (notation) {
    case Notation::kIccs:
      return "ICCS";
    case Notation::kWxf:
      return "WXF";
    default:
      return "Chinese";
  }
}

// PGN cannot escape control characters, and a terminal would obey them.
std::string BlankControls(std::string_view value) {
  std::string text;
  while (!value.empty()) {
    const char32_t character = TakeUtf8(&value).value_or(0xfffd);
    AppendUtf8(IsControl(character) ? U' ' : character, &text);
  }
  return text;
}

void AppendTag(std::string_view name, std::string_view value,
               std::string* text) {
  absl::StrAppend(text, "[", name, " \"");
  for (const char c : BlankControls(value)) {
    if (c == '"' || c == '\\') text->push_back('\\');
    text->push_back(c);
  }
  text->append("\"]\n");
}

void AppendTags(const GameRecord& record, Notation notation,
                std::string* text) {
  AppendTag("Game", "Chinese Chess", text);
  for (const std::string_view name : kFirstTags) {
    for (const auto& [key, value] : record.tags) {
      if (key == name) AppendTag(key, value, text);
    }
  }
  AppendTag("Result", ResultText(record.outcome.result), text);
  if (record.outcome.reason != Reason::kNone) {
    AppendTag("Termination", ReasonText(record.outcome.reason), text);
  }
  for (const auto& [key, value] : record.tags) {
    if (!IsFirstTag(key)) AppendTag(key, value, text);
  }
  AppendTag("Format", FormatName(notation), text);
  const std::string fen = FormatFen(record.start);
  if (fen != kStartFen) AppendTag("FEN", fen, text);
}

void AppendTime(std::string_view name, std::optional<int64_t> ms,
                std::string* comment) {
  if (!ms.has_value()) return;
  absl::StrAppendFormat(comment, "%s[%%%s %d.%03d]",
                        comment->empty() ? "" : " ", name, *ms / 1000,
                        *ms % 1000);
}

std::string CommentOf(const RecordedMove& move, bool times) {
  std::string comment;
  if (times) {
    AppendTime("at", move.at_ms, &comment);
    AppendTime("emt", move.charged_ms, &comment);
  }
  if (!comment.empty() && !move.comment.empty()) comment.push_back(' ');
  return comment + move.comment;
}

void AppendComment(std::string_view comment, std::string* text) {
  text->append(" {");
  for (const char c : BlankControls(comment)) {
    text->push_back(c == '}' ? ')' : c);
  }
  text->append("}\n");
}

void AppendMoves(const GameRecord& record, const PgnOptions& options,
                 std::string* text) {
  Position position = record.start;
  bool at_line = true;
  for (const RecordedMove& recorded : record.moves) {
    const bool is_red = position.turn() == Color::kRed;
    if (at_line) {
      absl::StrAppendFormat(text, "%3d.%s", position.move_number(),
                            is_red ? "" : " ...");
    }
    absl::StrAppend(text, " ",
                    FormatMove(position, recorded.move, options.notation));
    const std::string comment = CommentOf(recorded, options.times);
    at_line = !is_red || !comment.empty();
    if (!comment.empty()) {
      AppendComment(comment, text);
    } else if (!is_red) {
      text->push_back('\n');
    }
    position.Make(recorded.move);
  }
  if (!at_line) text->push_back('\n');
}

}  // namespace

std::string FormatPgn(const GameRecord& record, const PgnOptions& options) {
  std::string text;
  AppendTags(record, options.notation, &text);
  if (!record.comment.empty()) AppendComment(record.comment, &text);
  AppendMoves(record, options, &text);
  absl::StrAppend(&text, "  ", ResultText(record.outcome.result), "\n");
  return text;
}

}  // namespace chinese_chess

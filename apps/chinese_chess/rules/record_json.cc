#include "apps/chinese_chess/rules/record_json.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/rules/fen.h"
#include "apps/chinese_chess/rules/illegal_move.h"
#include "apps/chinese_chess/rules/json_reader.h"
#include "apps/chinese_chess/rules/json_writer.h"
#include "apps/chinese_chess/rules/movegen.h"
#include "apps/chinese_chess/rules/quote.h"

namespace chinese_chess {
namespace {

constexpr std::string_view kFormat = "chinese-chess-game-1";

void AppendKey(std::string_view key, std::string* json) {
  if (json->back() != '{') json->push_back(',');
  absl::StrAppend(json, "\"", key, "\":");
}

void AppendMember(std::string_view key, std::string_view value,
                  std::string* json) {
  AppendKey(key, json);
  AppendJsonString(value, json);
}

void AppendMember(std::string_view key, std::optional<int64_t> value,
                  std::string* json) {
  if (!value.has_value()) return;
  AppendKey(key, json);
  absl::StrAppend(json, *value);
}

void AppendMove(const RecordedMove& move, std::string* json) {
  json->push_back('{');
  AppendMember("move", FormatIccs(move.move), json);
  AppendMember("at_ms", move.at_ms, json);
  AppendMember("charged_ms", move.charged_ms, json);
  if (!move.comment.empty()) AppendMember("comment", move.comment, json);
  json->push_back('}');
}

// The keys that an object has had.
class SeenKeys {
 public:
  bool Add(std::string_view key) {
    if (std::find(keys_.begin(), keys_.end(), key) != keys_.end()) return false;
    keys_.emplace_back(key);
    return true;
  }
  bool Has(std::string_view key) const {
    return std::find(keys_.begin(), keys_.end(), key) != keys_.end();
  }

 private:
  std::vector<std::string> keys_;
};

class RecordReader {
 public:
  explicit RecordReader(std::string_view json) : reader_(json) {}

  absl::StatusOr<GameRecord> Read() {
    SeenKeys keys;
    const bool whole = reader_.ReadObject([&](std::string_view key) {
      return keys.Add(key) ? ReadMember(key) : Twice(key);
    });
    for (const std::string_view key : {"format", "moves", "result"}) {
      if (whole && !keys.Has(key)) {
        reader_.Fail(absl::StrCat("there is no \"", key, "\""));
      }
    }
    absl::Status status = reader_.Finish();
    if (status.ok()) status = CheckMoves();
    if (!status.ok()) return status;
    return std::move(record_);
  }

 private:
  bool Twice(std::string_view key) {
    return reader_.Fail(
        absl::StrCat("key ", QuoteText(key), " is there twice"));
  }
  bool Unknown(std::string_view key) {
    return reader_.Fail(absl::StrCat("there is no key ", QuoteText(key)));
  }

  bool ReadMember(std::string_view key) {
    if (key == "format") return ReadFormat();
    if (key == "tags") return ReadTags();
    if (key == "start") return ReadStart();
    if (key == "comment") return reader_.ReadString(&record_.comment);
    if (key == "moves") return reader_.ReadArray([this] { return ReadMove(); });
    if (key == "result") {
      return ReadName("result", &ParseResult, &record_.outcome.result);
    }
    if (key == "reason") {
      return ReadName("reason", &ParseReason, &record_.outcome.reason);
    }
    return Unknown(key);
  }

  bool ReadFormat() {
    std::string format;
    if (!reader_.ReadString(&format)) return false;
    return format == kFormat ||
           reader_.Fail(absl::StrCat("the format is not \"", kFormat, "\""));
  }

  bool ReadTags() {
    SeenKeys keys;
    return reader_.ReadObject([&](std::string_view name) {
      std::string value;
      if (!IsTagName(name) || IsFieldTag(name)) return Unknown(name);
      if (record_.tags.size() == kMaxRecordTags) {
        return reader_.Fail("too many tags");
      }
      if (!keys.Add(name)) return Twice(name);
      if (!reader_.ReadString(&value)) return false;
      record_.tags.emplace_back(name, value);
      return true;
    });
  }

  bool ReadStart() {
    std::string fen;
    if (!reader_.ReadString(&fen)) return false;
    const absl::StatusOr<Position> start = ParseFen(fen);
    if (!start.ok()) return reader_.Fail(start.status().message());
    record_.start = *start;
    return true;
  }

  template <typename Value>
  bool ReadName(std::string_view what,
                std::optional<Value> (*parse)(std::string_view), Value* value) {
    std::string name;
    if (!reader_.ReadString(&name)) return false;
    const std::optional<Value> parsed = parse(name);
    if (parsed.has_value()) *value = *parsed;
    return parsed.has_value() ||
           reader_.Fail(absl::StrCat(QuoteText(name), " is no ", what));
  }

  bool ReadMove() {
    if (record_.moves.size() == kMaxRecordedPlies) {
      return reader_.Fail("too many moves");
    }
    SeenKeys keys;
    RecordedMove move;
    const bool whole = reader_.ReadObject([&](std::string_view key) {
      return keys.Add(key) ? ReadMoveMember(key, &move) : Twice(key);
    });
    if (!whole) return false;
    if (!keys.Has("move")) return reader_.Fail("a move without \"move\"");
    record_.moves.push_back(std::move(move));
    return true;
  }

  bool ReadMoveMember(std::string_view key, RecordedMove* move) {
    if (key == "move") return ReadIccs(&move->move);
    if (key == "at_ms") return ReadTime(&move->at_ms);
    if (key == "charged_ms") return ReadTime(&move->charged_ms);
    if (key == "comment") return reader_.ReadString(&move->comment);
    return Unknown(key);
  }

  bool ReadIccs(Move* move) {
    std::string text;
    if (!reader_.ReadString(&text)) return false;
    const std::optional<Move> parsed = ParseIccs(text);
    if (parsed.has_value()) *move = *parsed;
    return parsed.has_value() ||
           reader_.Fail(absl::StrCat(QuoteText(text), " is no move"));
  }

  bool ReadTime(std::optional<int64_t>* time) {
    int64_t ms;
    if (!reader_.ReadInteger(&ms)) return false;
    if (ms < 0 || ms > kMaxRecordedMs) return reader_.Fail("no such time");
    *time = ms;
    return true;
  }

  // At the end, for "start" may stand after "moves".
  absl::Status CheckMoves() const {
    Position position = record_.start;
    for (size_t ply = 0; ply < record_.moves.size(); ++ply) {
      const Move move = record_.moves[ply].move;
      if (!IsLegal(position, move)) {
        return absl::InvalidArgumentError(absl::StrCat(
            "JSON, move ", ply + 1, ": ", ExplainIllegal(position, move)));
      }
      position.Make(move);
    }
    return absl::OkStatus();
  }

  JsonReader reader_;
  GameRecord record_;
};

}  // namespace

std::string FormatRecordJson(const GameRecord& record) {
  std::string json = "{";
  AppendMember("format", kFormat, &json);
  AppendKey("tags", &json);
  json.push_back('{');
  for (const auto& [name, value] : record.tags) {
    AppendMember(name, value, &json);
  }
  json.push_back('}');
  AppendMember("start", FormatFen(record.start), &json);
  if (!record.comment.empty()) AppendMember("comment", record.comment, &json);
  AppendKey("moves", &json);
  json.push_back('[');
  for (size_t ply = 0; ply < record.moves.size(); ++ply) {
    if (ply > 0) json.push_back(',');
    AppendMove(record.moves[ply], &json);
  }
  json.push_back(']');
  AppendMember("result", ResultText(record.outcome.result), &json);
  AppendMember("reason", ReasonText(record.outcome.reason), &json);
  json.push_back('}');
  return json;
}

absl::StatusOr<GameRecord> ParseRecordJson(std::string_view json) {
  if (json.size() > kMaxRecordBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("JSON: more than ", kMaxRecordBytes, " bytes"));
  }
  return RecordReader(json).Read();
}

}  // namespace chinese_chess

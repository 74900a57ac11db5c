#include "apps/chinese_chess/server/client_message.h"

#include <algorithm>
#include <bit>
#include <iterator>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/rules/json_reader.h"
#include "apps/chinese_chess/rules/quote.h"

namespace chinese_chess {
namespace {

using Keys = uint32_t;

// A bit for each key that a message can have.
enum Key : Keys {
  kType = 1 << 0,
  kId = 1 << 1,
  kToken = 1 << 2,
  kName = 1 << 3,
  kGame = 1 << 4,
  kSeekId = 1 << 5,
  kCode = 1 << 6,
  kText = 1 << 7,
  kVersion = 1 << 8,
  kPly = 1 << 9,
  kN = 1 << 10,
  kMoveKey = 1 << 11,
  kControl = 1 << 12,
  kColor = 1 << 13,
  kOfferKey = 1 << 14,
  kOn = 1 << 15,
  kCasual = 1 << 16,
  kDraw = 1 << 17,
  kMine = 1 << 18,
  kLevel = 1 << 19,
  kMute = 1 << 20,
  kAfter = 1 << 21,
};

// In the order of their bits.
constexpr std::string_view kKeyNames[] = {
    "t",      "id",   "token", "name",  "game",    "seek",  "code",  "text",
    "v",      "ply",  "n",     "move",  "control", "color", "offer", "on",
    "casual", "draw", "mine",  "level", "mute",    "after"};

struct Shape {
  std::string_view name;
  Keys needs;
  Keys may_have;
};

// In the order of ClientMessage::Type.
constexpr Shape kShapes[] = {
    {"hello", 0, kToken | kName},
    {"ping", 0, kN},
    {"pong", kN, 0},
    {"lobby", 0, kOn},
    {"pool", kControl, 0},
    {"seek", kControl, kCasual | kColor},
    {"accept", kSeekId, 0},
    {"room", kControl, kCasual | kColor},
    {"enter", kCode, 0},
    {"bot", kControl, kLevel | kColor},
    {"cancel", 0, 0},
    {"games", 0, 0},
    {"history", 0, kMine},
    {"record", kGame, 0},
    {"join", kGame, kVersion | kMute},
    {"leave", kGame, 0},
    {"move", kGame | kPly | kMoveKey, kAfter},
    {"offer", kGame | kOfferKey, 0},
    {"decline", kGame | kOfferKey, 0},
    {"resign", kGame, 0},
    {"abort", kGame, 0},
    {"claim", kGame, kDraw},
    {"chat", kGame | kText, 0},
    {"stats", 0, 0},
};

// What nobody needs more of; each value is checked for what it means later.
size_t MostBytes(Key key) {
  switch (key) {
    case kId:
    case kGame:
    case kSeekId:
    case kCode:
      return 32;
    case kToken:
    case kName:
      return 128;
    default:
      return kMaxMessageBytes;
  }
}

using Kind = JsonReader::Kind;

Kind KindOf(Key key) {
  switch (key) {
    case kVersion:
    case kPly:
    case kN:
    case kLevel:
      return Kind::kNumber;
    case kOn:
    case kCasual:
    case kDraw:
    case kMine:
    case kMute:
      return Kind::kBool;
    default:
      return Kind::kString;
  }
}

class MessageReader {
 public:
  MessageReader(std::string_view text, ClientMessage* message)
      : reader_(text), message_(*message) {}

  absl::Status Read() {
    reader_.ReadObject([this](std::string_view name) {
      const auto found =
          std::find(std::begin(kKeyNames), std::end(kKeyNames), name);
      if (found == std::end(kKeyNames)) {
        return Wrong(absl::StrCat("there is no key ", QuoteText(name))) &&
               SkipValue();
      }
      const Key key = static_cast<Key>(1u << (found - std::begin(kKeyNames)));
      if ((seen_ & key) != 0) {
        return Wrong(
                   absl::StrCat("key ", QuoteText(name), " is there twice")) &&
               SkipValue();
      }
      seen_ |= key;
      if (!IsOfItsKind(key)) return WrongKind(key) && SkipValue();
      return ReadValue(key);
    });
    if (absl::Status status = reader_.Finish(); !status.ok()) return status;
    return wrong_.ok() ? CheckShape() : wrong_;
  }

 private:
  // True: it is JSON, and the rest of it is read, in which there may be the id.
  bool Wrong(std::string_view why) {
    if (wrong_.ok()) wrong_ = absl::InvalidArgumentError(why);
    return true;
  }

  bool SkipValue() {
    std::string_view value;
    return reader_.ReadRaw(&value);
  }

  // What is no value at all is left to its reader, which says where that is.
  bool IsOfItsKind(Key key) {
    const Kind kind = reader_.NextKind();
    return kind == KindOf(key) || kind == Kind::kNone;
  }

  bool WrongKind(Key key) {
    const std::string_view name = kKeyNames[std::countr_zero(Keys{key})];
    switch (KindOf(key)) {
      case Kind::kNumber:
        return Wrong(absl::StrCat(name, " is an integer of 64 bits"));
      case Kind::kBool:
        return Wrong(absl::StrCat(name, " is true or false"));
      default:
        return Wrong(absl::StrCat(name, " is a text"));
    }
  }

  bool ReadValue(Key key) {
    switch (key) {
      case kType:
        return ReadType();
      case kId:
        return ReadText(key, &message_.id);
      case kToken:
        return ReadText(key, &message_.token);
      case kName:
        return ReadText(key, &message_.name);
      case kGame:
        return ReadText(key, &message_.game);
      case kSeekId:
        return ReadText(key, &message_.seek);
      case kCode:
        return ReadText(key, &message_.code);
      case kText:
        return ReadText(key, &message_.text);
      default:
        return ReadOther(key);
    }
  }

  bool ReadOther(Key key) {
    switch (key) {
      case kVersion:
        return ReadCount(key, &message_.v.emplace());
      case kPly:
        return ReadCount(key, &message_.ply);
      case kN:
        return ReadInteger(key, &message_.n);
      case kLevel:
        return ReadLevel();
      case kMoveKey:
        return ReadMove(&message_.move);
      case kAfter:
        return ReadMove(&message_.after.emplace());
      case kControl:
        return ReadControl();
      case kColor:
        return ReadColor();
      case kOfferKey:
        return ReadOffer();
      case kOn:
        return reader_.ReadBool(&message_.on);
      case kCasual:
        return reader_.ReadBool(&message_.casual);
      case kDraw:
        return reader_.ReadBool(&message_.draw);
      case kMute:
        return reader_.ReadBool(&message_.mute);
      default:
        return reader_.ReadBool(&message_.mine);
    }
  }

  bool ReadText(Key key, std::string* text) {
    const bool is_whole = reader_.ReadString(text);
    if (is_whole && text->size() <= MostBytes(key)) return true;
    text->clear();  // The answer repeats the id, but not one that is none.
    return is_whole && Wrong("a text is too long");
  }

  // Also past a number that is none.
  bool ReadInteger(Key key, int64_t* value) {
    std::string_view number;
    return reader_.ReadRaw(&number) &&
           (JsonReader(number).ReadInteger(value) || WrongKind(key));
  }

  bool ReadCount(Key key, int64_t* count) {
    return ReadInteger(key, count) &&
           (*count >= 0 || Wrong("a count is negative"));
  }

  bool ReadLevel() {
    return ReadInteger(kLevel, &message_.level) &&
           ((message_.level >= 1 && message_.level <= bot::kLevels) ||
            Wrong(absl::StrCat("a level is 1 to ", bot::kLevels)));
  }

  bool ReadType() {
    std::string name;
    if (!reader_.ReadString(&name)) return false;
    for (size_t i = 0; i < std::size(kShapes); ++i) {
      if (kShapes[i].name != name) continue;
      message_.type = static_cast<ClientMessage::Type>(i);
      return true;
    }
    return Wrong(absl::StrCat("there is no message ", QuoteText(name)));
  }

  bool ReadMove(Move* move) {
    std::string text;
    if (!reader_.ReadString(&text)) return false;
    const std::optional<Move> parsed = ParseIccs(text);
    if (parsed.has_value()) *move = *parsed;
    return parsed.has_value() ||
           Wrong(
               absl::StrCat(QuoteText(text), " is no move; h2e2 would be one"));
  }

  bool ReadControl() {
    std::string text;
    if (!reader_.ReadString(&text)) return false;
    const absl::StatusOr<TimeControl> control = ParseTimeControl(text);
    if (control.ok()) message_.control = *control;
    return control.ok() || Wrong(control.status().message());
  }

  bool ReadColor() {
    std::string text;
    if (!reader_.ReadString(&text)) return false;
    if (text == "red") message_.color = Color::kRed;
    if (text == "black") message_.color = Color::kBlack;
    return message_.color.has_value() || Wrong("a color is red or black");
  }

  bool ReadOffer() {
    std::string text;
    if (!reader_.ReadString(&text)) return false;
    for (const Offer offer :
         {Offer::kDraw, Offer::kTakeback, Offer::kRematch}) {
      if (OfferName(offer) != text) continue;
      message_.offer = offer;
      return true;
    }
    return Wrong("an offer is draw, takeback or rematch");
  }

  absl::Status CheckShape() const {
    if ((seen_ & kType) == 0) {
      return absl::InvalidArgumentError("a message has a \"t\"");
    }
    const Shape& shape = kShapes[message_.type];
    const Keys missing = shape.needs & ~seen_;
    const Keys extra = seen_ & ~(shape.needs | shape.may_have | kType | kId);
    for (size_t i = 0; i < std::size(kKeyNames); ++i) {
      const Keys key = 1u << i;
      if ((missing & key) != 0) {
        return absl::InvalidArgumentError(
            absl::StrCat(shape.name, " needs \"", kKeyNames[i], "\""));
      }
      if ((extra & key) != 0) {
        return absl::InvalidArgumentError(
            absl::StrCat(shape.name, " has no \"", kKeyNames[i], "\""));
      }
    }
    return absl::OkStatus();
  }

  JsonReader reader_;
  ClientMessage& message_;
  Keys seen_ = 0;
  absl::Status wrong_;  // The first that is JSON and no message.
};

}  // namespace

absl::Status ParseClientMessage(std::string_view text, ClientMessage* message) {
  if (text.size() > kMaxMessageBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("a message has at most ", kMaxMessageBytes, " bytes"));
  }
  return MessageReader(text, message).Read();
}

std::string_view TypeName(ClientMessage::Type type) {
  return kShapes[type].name;
}

}  // namespace chinese_chess

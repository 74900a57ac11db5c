#include "apps/chinese_chess/rules/json_reader.h"

#include <charconv>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/rules/utf8.h"

namespace chinese_chess {
namespace {

constexpr bool IsSurrogate(char32_t unit, char32_t first) {
  return unit >= first && unit < first + 0x400;
}
constexpr char32_t kHighSurrogates = 0xd800;
constexpr char32_t kLowSurrogates = 0xdc00;

}  // namespace

JsonReader::JsonReader(std::string_view text) : text_(text) {
  if (!IsUtf8(text)) Fail("the text is not UTF-8");
}

bool JsonReader::Fail(std::string_view why) {
  if (error_.ok()) {
    error_ =
        absl::InvalidArgumentError(absl::StrCat("JSON, byte ", at_, ": ", why));
  }
  return false;
}

absl::Status JsonReader::Finish() {
  SkipBlanks();
  if (at_ != text_.size()) Fail("something follows the value");
  return error_;
}

void JsonReader::SkipBlanks() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' ||
                                text_[at_] == '\n' || text_[at_] == '\r')) {
    ++at_;
  }
}

bool JsonReader::Take(char c) {
  SkipBlanks();
  if (at_ == text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

bool JsonReader::Expect(char c) {
  if (!error_.ok()) return false;
  if (Take(c)) return true;
  return Fail(absl::StrCat("here should be ", std::string_view(&c, 1)));
}

bool JsonReader::ReadItems(char close, absl::FunctionRef<bool()> item) {
  if (Take(close)) return true;
  do {
    if (!item()) return Fail("a value is wrong");
  } while (Take(','));
  return Expect(close);
}

bool JsonReader::ReadArray(absl::FunctionRef<bool()> element) {
  return Expect('[') && ReadItems(']', element);
}

bool JsonReader::ReadObject(
    absl::FunctionRef<bool(std::string_view key)> member) {
  return Expect('{') && ReadItems('}', [&] {
           std::string key;
           return ReadString(&key) && Expect(':') && member(key);
         });
}

bool JsonReader::ReadInteger(int64_t* value) {
  if (!error_.ok()) return false;
  SkipBlanks();
  const std::string_view rest = text_.substr(at_);
  const auto [end, error] =
      std::from_chars(rest.data(), rest.data() + rest.size(), *value);
  if (error != std::errc()) return Fail("here should be an integer");
  const std::string_view digits(rest.data(),
                                static_cast<size_t>(end - rest.data()));
  const size_t first = digits[0] == '-' ? 1 : 0;
  const bool leading_zero = digits.size() > first + 1 && digits[first] == '0';
  const std::string_view after = rest.substr(digits.size());
  const bool goes_on =
      !after.empty() && (after[0] == '.' || after[0] == 'e' || after[0] == 'E');
  if (leading_zero || goes_on) return Fail("here should be an integer");
  at_ += digits.size();
  return true;
}

bool JsonReader::ReadBool(bool* value) {
  if (!error_.ok()) return false;
  SkipBlanks();
  for (const std::string_view word : {"true", "false"}) {
    if (text_.substr(at_, word.size()) != word) continue;
    at_ += word.size();
    *value = word == "true";
    return true;
  }
  return Fail("here should be true or false");
}

JsonReader::Kind JsonReader::NextKind() {
  SkipBlanks();
  const char first = at_ < text_.size() ? text_[at_] : '\0';
  switch (first) {
    case '{':
      return Kind::kObject;
    case '[':
      return Kind::kArray;
    case '"':
      return Kind::kString;
    case 't':
    case 'f':
      return Kind::kBool;
    case 'n':
      return Kind::kNull;
    default:
      const bool number = first == '-' || (first >= '0' && first <= '9');
      return number ? Kind::kNumber : Kind::kNone;
  }
}

bool JsonReader::ReadRaw(std::string_view* value) {
  SkipBlanks();
  const size_t begin = at_;
  if (!SkipValue(kMaxRawDepth)) return false;
  *value = text_.substr(begin, at_ - begin);
  return true;
}

bool JsonReader::SkipValue(int levels) {
  if (levels == 0) return Fail("it is nested too deeply");
  std::string text;
  bool truth;
  switch (NextKind()) {
    case Kind::kObject:
      return ReadObject(
          [&](std::string_view) { return SkipValue(levels - 1); });
    case Kind::kArray:
      return ReadArray([&] { return SkipValue(levels - 1); });
    case Kind::kString:
      return ReadString(&text);
    case Kind::kBool:
      return ReadBool(&truth);
    case Kind::kNull:
      return SkipNull();
    default:
      return SkipNumber();
  }
}

bool JsonReader::SkipNull() {
  constexpr std::string_view kNull = "null";
  if (!error_.ok()) return false;
  if (!text_.substr(at_).starts_with(kNull)) return Fail("this is no value");
  at_ += kNull.size();
  return true;
}

// [ minus ] int [ frac ] [ exp ] (RFC 8259, section 6).
bool JsonReader::SkipNumber() {
  if (!error_.ok()) return false;
  size_t at = at_;
  const auto take = [&](std::string_view any) {
    const bool found = at < text_.size() && any.find(text_[at]) != any.npos;
    at += found ? 1 : 0;
    return found;
  };
  const auto digits = [&] {
    const bool found = take("0123456789");
    while (take("0123456789")) {
    }
    return found;
  };
  take("-");
  bool good = take("0") || digits();
  if (good && take(".")) good = digits();
  if (good && take("eE")) {
    take("+-");
    good = digits();
  }
  if (!good) return Fail("here should be a value");
  at_ = at;
  return true;
}

bool JsonReader::ReadString(std::string* value) {
  value->clear();
  if (!Expect('"')) return false;
  while (at_ < text_.size()) {
    const char c = text_[at_++];
    if (c == '"') return true;
    if (static_cast<unsigned char>(c) < 0x20) {
      return Fail("a string has a control character");
    }
    if (c != '\\') {
      value->push_back(c);
    } else if (!ReadEscape(value)) {
      return Fail("a string has an escape that there is not");
    }
  }
  return Fail("a string does not end");
}

bool JsonReader::ReadEscape(std::string* value) {
  if (at_ == text_.size()) return false;
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const char letter = text_[at_++];
  if (letter == 'u') return ReadUnicodeEscape(value);
  const size_t found = kLetters.find(letter);
  if (found == kLetters.npos) return false;
  value->push_back(kMeanings[found]);
  return true;
}

bool JsonReader::ReadHex(char32_t* unit) {
  *unit = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    if (at_ == text_.size()) return false;
    const char c = text_[at_];
    const char letter = static_cast<char>(c | 0x20);
    if (c >= '0' && c <= '9') {
      *unit = *unit << 4 | static_cast<char32_t>(c - '0');
    } else if (letter >= 'a' && letter <= 'f') {
      *unit = *unit << 4 | static_cast<char32_t>(letter - 'a' + 10);
    } else {
      return false;
    }
  }
  return true;
}

// Characters beyond the first 65,536 are two escapes.
bool JsonReader::ReadUnicodeEscape(std::string* value) {
  char32_t character;
  if (!ReadHex(&character)) return false;
  if (IsSurrogate(character, kLowSurrogates)) return false;
  if (IsSurrogate(character, kHighSurrogates)) {
    char32_t low;
    if (text_.substr(at_, 2) != "\\u") return false;
    at_ += 2;
    if (!ReadHex(&low) || !IsSurrogate(low, kLowSurrogates)) return false;
    character = 0x10000 +
                ((character - kHighSurrogates) << 10 | (low - kLowSurrogates));
  }
  AppendUtf8(character, value);
  return true;
}

}  // namespace chinese_chess

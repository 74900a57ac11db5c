// Reads JSON (RFC 8259) in the order in which it stands, without a tree.
//
// Strict: UTF-8, no trailing commas; of numbers it decodes integers of 64 bits only.
// Each call reads one value and returns false if it is not there or another has failed
// before; the first error is kept, with its place. Depth is the caller's: nothing
// recurses here but ReadRaw(), to a bound.
//
// One thread at a time. The text outlives the reader.
//
//   JsonReader reader(R"({"x": 1, "y": [2, 3]})");
//   reader.ReadObject([&](std::string_view key) {
//     if (key == "x") return reader.ReadInteger(&x);
//     if (key == "y") return reader.ReadArray([&] { return ReadY(&reader); });
//     return reader.Fail("there is no such key");
//   });
//   if (!reader.Finish().ok()) ...
#ifndef APPS_CHINESE_CHESS_RULES_JSON_READER_H_
#define APPS_CHINESE_CHESS_RULES_JSON_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace chinese_chess {

class JsonReader {
 public:
  explicit JsonReader(std::string_view text);

  bool ReadString(std::string* value);
  bool ReadInteger(int64_t* value);
  bool ReadBool(bool* value);
  // Calls member(key) with the reader before the value, which it must read.
  bool ReadObject(absl::FunctionRef<bool(std::string_view key)> member);
  // Calls element() with the reader before each element, which it must read.
  bool ReadArray(absl::FunctionRef<bool()> element);

  // Of the value that is next, by how it begins; it need not be whole. kNone: by nothing
  // that one begins with.
  enum class Kind { kNone, kObject, kArray, kString, kNumber, kBool, kNull };
  Kind NextKind();

  // A value of whatever kind, also null and 1.5e3, as it is written: of a text that is
  // read in parts.
  bool ReadRaw(std::string_view* value);

  // Always false, for the error of a caller.
  bool Fail(std::string_view why);
  // Nothing may follow.
  absl::Status Finish();

 private:
  // What nobody who speaks with us nests deeper than.
  static constexpr int kMaxRawDepth = 16;

  void SkipBlanks();
  bool SkipValue(int levels);
  bool SkipNumber();
  bool SkipNull();
  bool Take(char c);    // If it is next, after blanks.
  bool Expect(char c);  // Fails if it is not.
  bool ReadEscape(std::string* value);
  bool ReadUnicodeEscape(std::string* value);
  bool ReadHex(char32_t* unit);
  // The values between two brackets.
  bool ReadItems(char close, absl::FunctionRef<bool()> item);

  std::string_view text_;
  size_t at_ = 0;
  absl::Status error_;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_JSON_READER_H_

// UTF-8, quoting, reading and writing JSON, and text from files.

#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "apps/chinese_chess/rules/json_reader.h"
#include "apps/chinese_chess/rules/json_writer.h"
#include "apps/chinese_chess/rules/quote.h"
#include "apps/chinese_chess/rules/text_input.h"
#include "apps/chinese_chess/rules/utf8.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chinese_chess {
namespace {

using testing::HasSubstr;

TEST(Utf8Test, CharactersComeBack) {
  for (const char32_t character :
       {U'a', U'\u007f', U'\u0080', U'\u07ff', U'\u0800', U'炮', U'\ufffd',
        U'\U00010000', U'\U0010ffff'}) {
    std::string text;
    AppendUtf8(character, &text);
    std::string_view rest = text;
    EXPECT_EQ(TakeUtf8(&rest), character);
    EXPECT_TRUE(rest.empty());
  }
}

TEST(Utf8Test, WhatIsNoUtf8IsFound) {
  for (const std::string_view text :
       {"\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xed\xa0\x80",
        "\xf0\x80\x80\xaf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe7\x82",
        "\xe7\x82"
        "a",
        "\xff"}) {
    EXPECT_FALSE(IsUtf8(text));
  }
  EXPECT_TRUE(IsUtf8("炮二平五"));
  EXPECT_TRUE(IsUtf8(""));
}

TEST(QuoteTest, NothingOddGetsOut) {
  EXPECT_EQ(QuoteText("C2=5"), "\"C2=5\"");
  EXPECT_EQ(QuoteText("炮\n\""), "\"炮\\n\\\"\"");
  EXPECT_EQ(QuoteText("\xe7\x82"), "\"\\xe7\\x82\"");
  std::string long_text;
  for (int i = 0; i < 100; ++i) long_text += "炮";
  EXPECT_TRUE(IsUtf8(QuoteText(long_text)));
  EXPECT_LT(QuoteText(long_text).size(), 60u);
}

TEST(JsonWriterTest, StringsAreEscaped) {
  std::string json;
  AppendJsonString("a\"\\\n\x01</炮\xff", &json);
  EXPECT_EQ(json, "\"a\\\"\\\\\\n\\u0001\\u003c/炮\xef\xbf\xbd\"");
}

TEST(JsonWriterTest, NothingThatATerminalWouldObeyGetsOut) {
  std::string json;
  AppendJsonString("\u009b2J\x1b\x7f\u00a0", &json);
  EXPECT_EQ(json, "\"\\u009b2J\\u001b\\u007f\u00a0\"");
}

TEST(JsonReaderTest, TruthIsAWord) {
  for (const std::string_view text : {"true", " false"}) {
    JsonReader reader(text);
    bool value = text == " false";
    EXPECT_TRUE(reader.ReadBool(&value));
    EXPECT_EQ(value, text == "true");
    EXPECT_TRUE(reader.Finish().ok());
  }
  for (const std::string_view text :
       {"", "1", "tru", "True", "null", "trues"}) {
    JsonReader reader(text);
    bool value;
    EXPECT_FALSE(reader.ReadBool(&value) && reader.Finish().ok()) << text;
  }
}

TEST(JsonReaderTest, ReadsWhatItsCallerExpects) {
  std::string name;
  std::vector<int64_t> numbers;
  JsonReader reader(
      " {\"name\" : \"\\u70ae\\ud83d\\ude00\\/\\t\", \"numbers\":[1,-20 ,0]} ");
  EXPECT_TRUE(reader.ReadObject([&](std::string_view key) {
    if (key == "name") return reader.ReadString(&name);
    return reader.ReadArray([&] {
      int64_t number;
      if (!reader.ReadInteger(&number)) return false;
      numbers.push_back(number);
      return true;
    });
  }));
  EXPECT_TRUE(reader.Finish().ok()) << reader.Finish();
  EXPECT_EQ(name, "炮\U0001f600/\t");
  EXPECT_EQ(numbers, (std::vector<int64_t>{1, -20, 0}));
}

absl::Status ReadStrings(std::string_view json) {
  JsonReader reader(json);
  std::string value;
  reader.ReadArray([&] { return reader.ReadString(&value); });
  return reader.Finish();
}

TEST(JsonReaderTest, WrongTextsAreRefused) {
  for (const std::string_view json :
       {"", "[", "]", "[\"a\"", "[\"a\",]", "[,]", "[\"a\" \"b\"]", "[\"a]",
        "[\"\\x\"]", "[\"\\u12\"]", "[\"\\ud800\"]", "[\"\\ud800\\u0041\"]",
        "[\"\\udc00\"]", "[\"\n\"]", "[1]", "[] []", "[\"\\", "['a']"}) {
    EXPECT_FALSE(ReadStrings(json).ok()) << json;
  }
  EXPECT_THAT(ReadStrings("[\"\xff\"]").message(), HasSubstr("UTF-8"));
  EXPECT_TRUE(ReadStrings(" [ ] ").ok());
}

TEST(JsonReaderTest, OnlyIntegersAreNumbers) {
  const auto read = [](std::string_view json) {
    JsonReader reader(json);
    int64_t value = 0;
    reader.ReadInteger(&value);
    return reader.Finish().ok();
  };
  for (const std::string_view json :
       {"1.5", "1e3", "01", "-01", "+1", "-", "0x1", "\"1\"",
        "9223372036854775808", "1.", "1 2"}) {
    EXPECT_FALSE(read(json)) << json;
  }
  for (const std::string_view json :
       {"0", "-0", " 7 ", "9223372036854775807", "-9223372036854775808"}) {
    EXPECT_TRUE(read(json)) << json;
  }
}

// What `json` begins with, as it is written; "refused" if that is no value.
std::string RawOf(std::string_view json) {
  JsonReader reader(json);
  std::string_view value;
  const bool read = reader.ReadRaw(&value);
  return read && reader.Finish().ok() ? std::string(value) : "refused";
}

TEST(JsonReaderTest, AnyValueIsTakenAsItIsWritten) {
  for (const std::string value :
       {"null", "true", "false", "0", "-0", "1.5", "-0.25e-3", "12E+7",
        "99999999999999999999", "\"a\"", "[null,1.5,{\"a\":[]}]"}) {
    EXPECT_EQ(RawOf(value), value);
  }
  for (const std::string_view json :
       {"nul", "nulls", "tru", "01", "1.", ".5", "1e", "1e+", "-", "+1",
        "1.5.5", "--1", "NaN", "0x1", "[1.]", "{\"a\":nul}"}) {
    EXPECT_EQ(RawOf(json), "refused") << json;
  }
}

TEST(JsonReaderTest, AKindShowsByItsFirstCharacter) {
  using Kind = JsonReader::Kind;
  for (const auto& [json, kind] :
       {std::pair(" {}", Kind::kObject), std::pair("[", Kind::kArray),
        std::pair("\"a\"", Kind::kString), std::pair("-1", Kind::kNumber),
        std::pair("0.5", Kind::kNumber), std::pair("true", Kind::kBool),
        std::pair("false", Kind::kBool), std::pair("null", Kind::kNull),
        std::pair("x", Kind::kNone), std::pair("", Kind::kNone)}) {
    EXPECT_EQ(JsonReader(json).NextKind(), kind) << json;
  }
}

TEST(JsonReaderTest, TheFirstErrorStays) {
  JsonReader reader("[1,2]");
  std::string text;
  EXPECT_FALSE(reader.ReadString(&text));
  EXPECT_FALSE(reader.Fail("another"));
  EXPECT_EQ(reader.Finish().message(), "JSON, byte 0: here should be \"");
}

TEST(TextInputTest, LinesAreWithoutTheirEnds) {
  std::istringstream in("one\n\nthree");
  for (const char* line : {"one", "", "three"}) {
    EXPECT_EQ(*ReadLine(in), line);
  }
  EXPECT_EQ(*ReadLine(in), std::nullopt);
  EXPECT_EQ(*ReadLine(in), std::nullopt);
}

TEST(TextInputTest, ALineHasABound) {
  const std::string longest(kMaxLineBytes, 'x');
  std::istringstream in(longest + "\n" + longest + "y\n");
  EXPECT_EQ(*ReadLine(in), longest);
  EXPECT_THAT(ReadLine(in).status().message(), HasSubstr("more than 1048576"));
}

TEST(TextInputTest, AllHasABound) {
  std::istringstream in("12345");
  EXPECT_EQ(*ReadAll(in, 5), "12345");
  in = std::istringstream("123456");
  EXPECT_THAT(ReadAll(in, 5).status().message(), HasSubstr("more than 5"));
}

TEST(TextInputTest, WhatCannotBeReadSaysWhy) {
  std::ifstream folder("/");
  EXPECT_THAT(ReadLine(folder).status().message(), HasSubstr("Is a directory"));
  folder = std::ifstream("/");
  EXPECT_THAT(ReadAll(folder, 5).status().message(),
              HasSubstr("Is a directory"));
}

}  // namespace
}  // namespace chinese_chess

#include "kingpin/logger/format.h"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "kingpin/logger/arg_type.h"
#include "kingpin/logger/encode.h"
#include "kingpin/logger/format_spec.h"
#include "kingpin/logger/text_buffer.h"

namespace kingpin::log_internal {
namespace {

template <typename... Args>
std::string Format(std::string_view format, const Args&... args) {
  std::string payload;
  [[maybe_unused]] auto append = [&payload](const auto& arg) {
    const size_t begin = payload.size();
    payload.resize(begin + EncodedSize(arg));
    EncodeArg(arg, payload.data() + begin);
  };
  (append(AsArg(args)), ...);
  const std::vector<ArgType> types = {ArgTypeOf<Args>()...};
  EXPECT_EQ(CheckFormat(format, types.data(), types.size()), FormatError::kNone)
      << format;
  InlineTextBuffer<16> text;
  EXPECT_TRUE(CompiledFormat(format, types).Render(payload, &text));
  return std::string(text.view());
}

template <typename... Args>
constexpr FormatError Check(std::string_view format, const Args&...) {
  const ArgType types[] = {ArgTypeOf<Args>()..., ArgType::kBool};
  return CheckFormat(format, types, sizeof...(Args));
}

TEST(Format, ShowsValuesAsTheyAre) {
  EXPECT_EQ(Format(""), "");
  EXPECT_EQ(Format("nothing"), "nothing");
  EXPECT_EQ(Format("{}{}|{}", 1, -2, 'c'), "1-2|c");
  EXPECT_EQ(Format("{} {}", true, false), "true false");
  EXPECT_EQ(Format("{{{}}} {{}}", 5), "{5} {}");
  EXPECT_EQ(Format("{}", std::numeric_limits<int64_t>::min()),
            "-9223372036854775808");
  EXPECT_EQ(Format("{}", std::numeric_limits<uint64_t>::max()),
            "18446744073709551615");
  EXPECT_EQ(Format("{} {} {}", 0, 9, 10), "0 9 10");
  EXPECT_EQ(Format("{} {} {}", 99, 100, 101), "99 100 101");
  EXPECT_EQ(Format("{} {} {}", 1.5, 0.1, 1e300), "1.5 0.1 1e+300");
  EXPECT_EQ(Format("{}", 0.1f), "0.1");
  EXPECT_EQ(Format("{}", std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(Format("{}", "text"), "text");
  EXPECT_EQ(Format("{}", reinterpret_cast<void*>(0xabc)), "0xabc");
}

TEST(Format, AlignsAndFills) {
  EXPECT_EQ(Format("[{:5}]", 42), "[   42]");
  EXPECT_EQ(Format("[{:<5}]", 42), "[42   ]");
  EXPECT_EQ(Format("[{:^5}]", 42), "[ 42  ]");
  EXPECT_EQ(Format("[{:*>5}]", 42), "[***42]");
  EXPECT_EQ(Format("[{:5}]", "ab"), "[ab   ]");
  EXPECT_EQ(Format("[{:>10}]", "ab"), "[        ab]");
  EXPECT_EQ(Format("[{:<<4}]", "ab"), "[ab<<]");
  EXPECT_EQ(Format("[{:2}]", "abc"), "[abc]");
  EXPECT_EQ(Format("[{:6}]", true), "[true  ]");
  EXPECT_EQ(Format("[{:3}]", 'c'), "[c  ]");
}

TEST(Format, ShowsNumbersInOtherForms) {
  EXPECT_EQ(Format("{:x} {:X} {:#x} {:#X}", 255, 255, 255, 255),
            "ff FF 0xff 0XFF");
  EXPECT_EQ(Format("{:b} {:#b} {:o} {:#o} {:#o}", 5, 5, 8, 8, 0),
            "101 0b101 10 010 0");
  EXPECT_EQ(Format("{:+} {: } {:+}", 5, 5, -5), "+5  5 -5");
  EXPECT_EQ(Format("{:05} {:05} {:#06x}", 42, -42, 255), "00042 -0042 0x00ff");
  EXPECT_EQ(Format("{:x}", -255), "-ff");
  EXPECT_EQ(Format("{:d} {:d} {:c}", 'a', true, 98), "97 1 b");
  EXPECT_EQ(Format("{:b}", std::numeric_limits<uint64_t>::max()),
            std::string(64, '1'));
}

TEST(Format, ShowsRealsInOtherForms) {
  EXPECT_EQ(Format("{:.3f} {:08.3f} {:.2e} {:g}", 3.14159, 3.14159, 12345.678,
                   0.0001),
            "3.142 0003.142 1.23e+04 0.0001");
  EXPECT_EQ(Format("{:f} {:+.1f} {:08.3f}", 1.0, 2.0, -3.14159),
            "1.000000 +2.0 -003.142");
  EXPECT_EQ(Format("[{:06}]", std::numeric_limits<double>::infinity()),
            "[   inf]");
  EXPECT_EQ(Format("{:.99f}", std::numeric_limits<double>::max()).size(), 409);
}

TEST(Format, CutsStrings) {
  EXPECT_EQ(Format("[{:.2}] [{:5.2}] [{:.9}]", "abc", "abc", "abc"),
            "[ab] [ab   ] [abc]");
}

static_assert(Check("{}", 1) == FormatError::kNone);
static_assert(Check("{", 1) == FormatError::kMalformed);
static_assert(Check("}") == FormatError::kMalformed);
static_assert(Check("{0}", 1) == FormatError::kMalformed);
static_assert(Check("{:", 1) == FormatError::kMalformed);
static_assert(Check("{:{}}", 1, 2) == FormatError::kMalformed);
static_assert(Check("{:256}", 1) == FormatError::kMalformed);
static_assert(Check("{:.}", 1.0) == FormatError::kMalformed);
static_assert(Check("{:.100}", 1.0) == FormatError::kMalformed);
static_assert(Check("{:dd}", 1) == FormatError::kMalformed);
static_assert(Check("{}") == FormatError::kTooFewArguments);
static_assert(Check("{} {}", 1) == FormatError::kTooFewArguments);
static_assert(Check("", 1) == FormatError::kTooManyArguments);
static_assert(Check("{:d}", "text") == FormatError::kWrongType);
static_assert(Check("{:x}", 1.0) == FormatError::kWrongType);
static_assert(Check("{:f}", 1) == FormatError::kWrongType);
static_assert(Check("{:.2}", 1) == FormatError::kWrongType);
static_assert(Check("{:s}", 1) == FormatError::kWrongType);
static_assert(Check("{:05}", "text") == FormatError::kWrongType);
static_assert(Check("{:q}", 1) == FormatError::kWrongType);
static_assert(Check("{:c}", true) == FormatError::kWrongType);

TEST(Format, DamagedFormatStillShowsTheArguments) {
  InlineTextBuffer<64> text;
  std::string payload(8, '\0');
  EncodeArg(AsArg(2), EncodeArg(AsArg(1), payload.data()));
  CompiledFormat("{:!", {ArgType::kInt32, ArgType::kInt32})
      .Render(payload, &text);
  EXPECT_EQ(text.view(), "{:! 1 2");
}

TEST(Format, PayloadThatEndsTooEarlyIsTold) {
  InlineTextBuffer<64> text;
  EXPECT_FALSE(CompiledFormat("a {} b {} c", {ArgType::kInt32, ArgType::kInt64})
                   .Render(std::string(8, '\0'), &text));
  EXPECT_EQ(text.view(), "a 0 b ");
}

TEST(Format, PayloadFitsThatEndsWithItsLastArgument) {
  const CompiledFormat format("a {} b {} c",
                              {ArgType::kInt32, ArgType::kInt64});
  EXPECT_TRUE(format.Fits(std::string(12, '\0')));
  EXPECT_FALSE(format.Fits(std::string(11, '\0')));
  EXPECT_FALSE(format.Fits(std::string(13, '\0')));
}

}  // namespace
}  // namespace kingpin::log_internal

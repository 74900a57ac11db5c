#include "kingpin/logger/encode.h"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "kingpin/logger/arg_type.h"
#include "kingpin/logger/decode.h"

namespace kingpin::log_internal {
namespace {

struct Stringifiable {
  template <typename Sink>
  friend void AbslStringify(Sink& sink, const Stringifiable&) {
    sink.Append("stringifiable");
  }
};
enum OldEnum { kThree = 3 };
enum Wide : uint64_t { kHuge = uint64_t{1} << 63 };

// What reading gives of what writing took, of the same type.
template <typename T>
ArgValue RoundTrip(const T& value, std::string* storage) {
  const auto arg = AsArg(value);
  storage->assign(EncodedSize(arg), '\0');
  EXPECT_EQ(EncodeArg(arg, storage->data()), storage->data() + storage->size());
  ArgReader reader(*storage);
  ArgValue read;
  EXPECT_TRUE(reader.Next(ArgTypeOf<T>(), &read));
  ArgValue beyond;
  EXPECT_FALSE(reader.Next(ArgType::kBool, &beyond));
  return read;
}

TEST(Encode, NumbersComeBack) {
  std::string bytes;
  EXPECT_EQ(RoundTrip(true, &bytes).bits, 1);
  EXPECT_EQ(RoundTrip('\xff', &bytes).bits, 0xff);
  EXPECT_EQ(RoundTrip(int8_t{-5}, &bytes).integer, -5);
  EXPECT_EQ(RoundTrip(uint8_t{200}, &bytes).bits, 200);
  EXPECT_EQ(RoundTrip(int16_t{-300}, &bytes).integer, -300);
  EXPECT_EQ(RoundTrip(std::numeric_limits<int32_t>::min(), &bytes).integer,
            std::numeric_limits<int32_t>::min());
  EXPECT_EQ(RoundTrip(std::numeric_limits<uint32_t>::max(), &bytes).bits,
            std::numeric_limits<uint32_t>::max());
  EXPECT_EQ(RoundTrip(std::numeric_limits<int64_t>::min(), &bytes).integer,
            std::numeric_limits<int64_t>::min());
  EXPECT_EQ(RoundTrip(std::numeric_limits<uint64_t>::max(), &bytes).bits,
            std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(RoundTrip(1.25f, &bytes).single, 1.25f);
  EXPECT_EQ(RoundTrip(-0.1, &bytes).real, -0.1);
  EXPECT_EQ(RoundTrip(2.5L, &bytes).real, 2.5);
  EXPECT_EQ(RoundTrip(kThree, &bytes).bits, 3);
  EXPECT_EQ(RoundTrip(kHuge, &bytes).bits, uint64_t{1} << 63);
  EXPECT_EQ(RoundTrip(reinterpret_cast<const int*>(0x1234), &bytes).bits,
            0x1234);
  EXPECT_EQ(RoundTrip(nullptr, &bytes).bits, 0);
}

TEST(Encode, StringsComeBack) {
  std::string bytes;
  EXPECT_EQ(RoundTrip("literal", &bytes).text, "literal");
  EXPECT_EQ(RoundTrip(std::string("a\0b", 3), &bytes).text,
            std::string_view("a\0b", 3));
  EXPECT_EQ(RoundTrip(std::string_view(), &bytes).text, "");
  const char* null = nullptr;
  EXPECT_EQ(RoundTrip(null, &bytes).text, "(null)");
  char array[] = "array";
  EXPECT_EQ(RoundTrip(array, &bytes).text, "array");
  EXPECT_EQ(RoundTrip(Stringifiable(), &bytes).text, "stringifiable");
}

TEST(Encode, SmallThingsTakeFourBytes) {
  EXPECT_EQ(EncodedSize(AsArg(true)), 4);
  EXPECT_EQ(EncodedSize(AsArg('c')), 4);
  EXPECT_EQ(EncodedSize(AsArg(short{1})), 4);
  EXPECT_EQ(EncodedSize(AsArg(1)), 4);
  EXPECT_EQ(EncodedSize(AsArg(int64_t{1})), 8);
  EXPECT_EQ(EncodedSize(AsArg("four")), 8);
}

TEST(Decode, EveryTruncationIsNoticed) {
  const auto number = AsArg(int64_t{7});
  const auto text = AsArg("seven");
  std::string bytes(EncodedSize(number) + EncodedSize(text), '\0');
  EncodeArg(text, EncodeArg(number, bytes.data()));
  for (size_t size = 0; size <= bytes.size(); ++size) {
    // On the heap and of its exact size, so that a sanitizer sees a step beyond.
    const std::vector<char> part(bytes.begin(), bytes.begin() + size);
    ArgReader reader({part.data(), part.size()});
    ArgValue value;
    const bool whole = reader.Next(ArgType::kInt64, &value) &&
                       reader.Next(ArgType::kString, &value);
    EXPECT_EQ(whole, size == bytes.size()) << size;
  }
}

TEST(Decode, LengthBeyondThePayloadIsNoString) {
  const std::string bytes = "\xff\xff\xff\xff....";
  ArgReader reader(bytes);
  ArgValue value;
  EXPECT_FALSE(reader.Next(ArgType::kString, &value));
}

}  // namespace
}  // namespace kingpin::log_internal

// Black boxes that are damaged: the tool and the next start say so, crash at nothing and
// lose no more than what is damaged.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/black_box_format.h"
#include "kingpin/logger/ring_control.h"
#include "tests/logger/black_box_process.h"
#include "tests/logger/sink_testing.h"

namespace kingpin {
namespace {

using ::testing::HasSubstr;
using testing::LinesOf;
using ::testing::Not;
using testing::ReadFile;

constexpr size_t kPageBytes = 4096;

// What the tool says of the box with one page of it lost, which reads as zeros.
Output RecoverWithoutPage(const BoxFiles& files, std::string box, size_t page) {
  std::fill_n(box.begin() + static_cast<ptrdiff_t>(page), kPageBytes, '\0');
  WriteFile(files.box, box);
  return RunRecover(files.box);
}

// Where an argument of a line of the box lies.
size_t ArgumentIn(const std::string& box) {
  const size_t at = box.find("text");
  EXPECT_NE(at, box.npos);
  return at;
}

TEST(BlackBoxDamage, NeverCrashesTheToolAndIsToldByItsCode) {
  BoxFiles files;
  KillStuck("stuck", files);
  const std::string box = ReadFile(files.box);
  uint64_t random = 12345;
  auto next = [&random] {
    random = random * 6364136223846793005u + 1442695040888963407u;
    return random >> 33;
  };
  for (int round = 0; round < 40; ++round) {
    std::string damaged = box;
    // Where there is something: header, raw slots, the first rings, the sites.
    for (int i = 0; i < 30; ++i) {
      const size_t place = next() % 4 == 0 ? damaged.size() - (256 << 10) : 16;
      damaged[place + next() % (place == 16 ? 30000 : 1000)] =
          static_cast<char>(next());
    }
    WriteFile(files.box, damaged);
    const Output output = RunRecover(files.box);
    EXPECT_TRUE(output.code == 0 || output.code == 1 || output.code == 3)
        << output.code << output.err;
  }
}

// A page that was lost reads as zeros: no line is made up of those, and the reader is
// told before they read the rest.
TEST(BlackBoxDamage, ZerosAreNoLines) {
  BoxFiles files;
  KillStuck("stuck", files);
  const std::string box = ReadFile(files.box);
  const size_t page = ArgumentIn(box) / kPageBytes * kPageBytes;
  const Output output = RecoverWithoutPage(files, box, page);
  EXPECT_EQ(output.code, 1);
  const std::vector<std::string> lines = LinesOf(output.out);
  ASSERT_FALSE(lines.empty());
  EXPECT_THAT(lines.front(), HasSubstr(" is damaged in 1 place:"));
  EXPECT_THAT(output.out, Not(HasSubstr("?:0")));
  // Those in front of the page are there.
  EXPECT_THAT(output.out, HasSubstr(" raw in flight\n"));
  EXPECT_THAT(output.out, Not(HasSubstr("second ff text")));
}

// A record that claims what lies behind it.
TEST(BlackBoxDamage, ArgumentsThatEndTooEarlyAreDamage) {
  BoxFiles files;
  KillStuck("stuck", files);
  std::string box = ReadFile(files.box);
  box[ArgumentIn(box) - sizeof(uint32_t)] = 1;  // Its length.
  WriteFile(files.box, box);
  const Output output = RunRecover(files.box);
  EXPECT_EQ(output.code, 1);
  EXPECT_THAT(output.err, HasSubstr("1 place damaged"));
}

// The page that says how many lines are in a ring: it reads as that of one never used.
TEST(BlackBoxDamage, RingThatHasLostItsCountIsDamage) {
  BoxFiles files;
  KillStuck("stuck", files);
  std::string box = ReadFile(files.box);
  log_internal::BoxHeader header;
  memcpy(&header, box.data(), sizeof(header));
  const size_t ring =
      (ArgumentIn(box) - log_internal::kBoxRingsOffset) / header.ring_bytes;
  static_assert(kPageBytes == log_internal::kRingControlBytes);
  const Output output = RecoverWithoutPage(
      files, box, log_internal::kBoxRingsOffset + ring * header.ring_bytes);
  EXPECT_EQ(output.code, 1);
  EXPECT_THAT(output.err, HasSubstr("1 place damaged"));
}

// Where it is not known any more what the lines say.
TEST(BlackBoxDamage, SitesThatAreLostAreDamage) {
  BoxFiles files;
  KillStuck("stuck", files);
  std::string box = ReadFile(files.box);
  const size_t sites = box.size() - log_internal::kBoxSiteBytes;
  ASSERT_NE(box.find("black_box_helper.cc", sites), box.npos);
  const Output output = RecoverWithoutPage(files, box, sites);
  EXPECT_EQ(output.code, 1);
  EXPECT_THAT(output.out, HasSubstr("?:0 "));
  EXPECT_THAT(output.err, HasSubstr("1 place damaged"));
}

// There is one place to keep a box. What can be read of a damaged one is in the log, and
// not again at each start.
TEST(BlackBoxDamage, BesideAKeptBoxIsWrittenOnce) {
  BoxFiles files;
  KillStuck("stuck", files);
  std::string box = ReadFile(files.box);
  WriteFile(files.kept, box);
  RecoverWithoutPage(files, box, ArgumentIn(box) / kPageBytes * kPageBytes);
  for (const char* recovered : {"damaged in 1 place", "recovered 0\n"}) {
    const Output start = RunToEnd(HelperArgs("start", files));
    EXPECT_EQ(start.code, 0) << start.err;
    EXPECT_THAT(start.out + ReadFile(files.log), HasSubstr(recovered));
    EXPECT_THAT(start.err, HasSubstr("a damaged one is not kept"));
  }
  EXPECT_EQ(RunRecover(files.box).code, 0);
  EXPECT_EQ(RunRecover(files.kept).code, 0);
}

TEST(BlackBoxDamage, WhatIsDamagedIsKept) {
  BoxFiles files;
  KillStuck("stuck", files);
  const std::string box = ReadFile(files.box);
  std::mt19937 random(1);
  Output output;
  for (int round = 0; round < 300 && output.code != 1; ++round) {
    std::string damaged = box;
    for (int i = 0; i < 100; ++i) {
      damaged[4096 + random() % 60000] = static_cast<char>(random());
    }
    WriteFile(files.box, damaged);
    output = RunRecover(files.box);
  }
  ASSERT_EQ(output.code, 1) << "no damage that leaves something to read";
  const Output start = RunToEnd(HelperArgs("start", files));
  EXPECT_EQ(start.code, 0) << start.err;
  EXPECT_THAT(start.err, HasSubstr(files.kept));
  EXPECT_EQ(RunRecover(files.kept).code, 1);
  EXPECT_EQ(RunRecover(files.box).code, 0);
}

}  // namespace
}  // namespace kingpin

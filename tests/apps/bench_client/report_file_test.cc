#include "apps/bench_client/report_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bench_client {
namespace {

using ::testing::HasSubstr;

std::string PathOf(std::string_view name) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/", name);
  unlink(path.c_str());
  return path;
}

std::string ReadFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

TEST(ReportFile, ANewOne) {
  const std::string path = PathOf("new.html");
  {
    auto file = ReportFile::Open(path);
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_TRUE(file->Write("a report").ok());
  }
  EXPECT_EQ(ReadFile(path), "a report");
}

TEST(ReportFile, WithoutAReportNothingHasChanged) {
  const std::string path = PathOf("none.html");
  { ASSERT_TRUE(ReportFile::Open(path).ok()); }
  EXPECT_FALSE(Exists(path));
  std::ofstream(path) << "the one before, which was longer";
  { ASSERT_TRUE(ReportFile::Open(path).ok()); }
  EXPECT_EQ(ReadFile(path), "the one before, which was longer");
  {
    auto file = ReportFile::Open(path);
    EXPECT_TRUE(file->Write("the next").ok());
  }
  EXPECT_EQ(ReadFile(path), "the next");
}

TEST(ReportFile, BeyondALinkThatLeadsNowhereYet) {
  const std::string link = PathOf("latest.html");
  const std::string today = PathOf("today.html");
  ASSERT_EQ(symlink(today.c_str(), link.c_str()), 0);
  auto file = ReportFile::Open(link);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_TRUE(file->Write("a report").ok());
  EXPECT_EQ(ReadFile(today), "a report");
}

TEST(ReportFile, APipeHasAReaderOrIsRefused) {
  const std::string path = PathOf("pipe");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_THAT(std::string(ReportFile::Open(path).status().message()),
              HasSubstr("a pipe that nobody reads"));
  const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  ASSERT_EQ(fcntl(reader, F_SETFL, 0), 0);  // From here on it waits.
  const std::string report(1 << 20, 'x');   // More than a pipe holds.
  std::string got;
  auto file = ReportFile::Open(path);
  ASSERT_TRUE(file.ok()) << file.status();
  std::thread reading([&] {
    char buffer[4096];
    while (got.size() < report.size()) {
      const ssize_t n = read(reader, buffer, sizeof(buffer));
      if (n <= 0) break;
      got.append(buffer, static_cast<size_t>(n));
    }
  });
  EXPECT_TRUE(file->Write(report).ok());
  reading.join();
  EXPECT_EQ(got, report);
  close(reader);
}

TEST(ReportFile, WhatCannotBeWritten) {
  EXPECT_THAT(std::string(ReportFile::Open("no/such/file").status().message()),
              HasSubstr("\"no/such/file\": No such file"));
  EXPECT_THAT(std::string(ReportFile::Open("/").status().message()),
              HasSubstr("directory"));
  auto full = ReportFile::Open("/dev/full");
  ASSERT_TRUE(full.ok()) << full.status();
  EXPECT_THAT(std::string(full->Write("x").message()),
              HasSubstr("\"/dev/full\": No space left"));
}

}  // namespace
}  // namespace bench_client

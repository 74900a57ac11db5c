#include "apps/chinese_chess/terminal/token_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/file_size_limit.h"

namespace chinese_chess {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class TokenFile : public ::testing::Test {
 protected:
  TokenFile() { unlink(path_.c_str()); }

  void Fill(const std::string& text) {
    std::ofstream(path_, std::ios::binary) << text;
  }
  std::string Contents() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const std::string path_ = absl::StrCat(std::getenv("TEST_TMPDIR"), "/token");
  const std::string token_ = std::string(32, '0') + std::string(32, 'f');
};

TEST_F(TokenFile, WhatIsKeptComesBack) {
  EXPECT_EQ(*ReadTokenFile(path_), KeptToken());
  const KeptToken kept{token_, "张三"};
  ASSERT_TRUE(WriteTokenFile(path_, kept).ok());
  EXPECT_EQ(*ReadTokenFile(path_), kept);
  struct stat info;
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  // Shorter than what was there.
  ASSERT_TRUE(WriteTokenFile(path_, {token_, "a"}).ok());
  EXPECT_EQ(Contents(), absl::StrCat(token_, "\na\n"));
}

TEST_F(TokenFile, WithoutANameOrAnythingItIsOne) {
  Fill("");
  EXPECT_EQ(*ReadTokenFile(path_), KeptToken());
  for (const char* end : {"", "\n"}) {
    Fill(absl::StrCat(token_, end));
    EXPECT_EQ(*ReadTokenFile(path_), (KeptToken{token_, ""}));
  }
}

TEST_F(TokenFile, WhatIsSomebodysIsRefused) {
  for (const std::string& text :
       {std::string("my precious notes\n"), std::string("\n"),
        absl::StrCat(token_, "\nname\nmore\n"), absl::StrCat(token_, "0\n"),
        token_.substr(1), absl::StrCat(token_, "  a.tar\n"),
        absl::StrCat(token_, "\n", std::string(10'000, 'x'), "\n\n"),
        std::string(64, 'g')}) {
    Fill(text);
    const auto kept = ReadTokenFile(path_);
    EXPECT_THAT(kept.status().message(), HasSubstr("is no token file")) << text;
    EXPECT_EQ(Contents(), text);
  }
}

TEST_F(TokenFile, WhatIsSetAsideStays) {
  const std::string refused = path_ + ".refused";
  for (const char* end : {"", ".2", ".3"}) unlink((refused + end).c_str());
  for (const char* end : {"", ".2", ".3"}) {
    ASSERT_TRUE(WriteTokenFile(path_, {token_, end}).ok());
    EXPECT_EQ(*SetTokenFileAside(path_), refused + end);
    EXPECT_EQ(*ReadTokenFile(path_), KeptToken());
  }
  for (const char* end : {"", ".2", ".3"}) {
    EXPECT_EQ(*ReadTokenFile(refused + end), (KeptToken{token_, end}));
    unlink((refused + end).c_str());
  }
}

TEST_F(TokenFile, WhatCannotBeReplacedStays) {
  ASSERT_TRUE(WriteTokenFile(path_, {token_, "Zhang"}).ok());
  // As if the disk were full.
  ASSERT_NE(std::signal(SIGXFSZ, SIG_IGN), SIG_ERR);
  const absl::Status status = [&] {
    const kingpin::testing::FileSizeLimit full(0);
    return WriteTokenFile(path_, {token_, "Li"});
  }();
  EXPECT_THAT(status.message(), HasSubstr(path_));
  EXPECT_EQ(*ReadTokenFile(path_), (KeptToken{token_, "Zhang"}));
  for (const auto& entry : std::filesystem::directory_iterator(
           std::filesystem::path(path_).parent_path())) {
    EXPECT_THAT(entry.path().string(), Not(StartsWith(path_ + "."))) << "left";
  }
}

TEST_F(TokenFile, ADeviceStaysWhatItIs) {
  ASSERT_EQ(symlink("/dev/null", path_.c_str()), 0);
  EXPECT_TRUE(WriteTokenFile(path_, {token_, "Zhang"}).ok());
  EXPECT_TRUE(absl::IsNotFound(SetTokenFileAside(path_).status()));
  EXPECT_TRUE(std::filesystem::is_character_file(path_));
  EXPECT_EQ(*ReadTokenFile(path_), KeptToken());
}

TEST_F(TokenFile, ALinkLeadsToTheFileThatIsReplaced) {
  const std::string real = path_ + "-real";
  ASSERT_TRUE(WriteTokenFile(real, {token_, "Zhang"}).ok());
  ASSERT_EQ(symlink(real.c_str(), path_.c_str()), 0);
  ASSERT_TRUE(WriteTokenFile(path_, {token_, "Li"}).ok());
  EXPECT_TRUE(std::filesystem::is_symlink(path_));
  EXPECT_EQ(*ReadTokenFile(real), (KeptToken{token_, "Li"}));
}

TEST_F(TokenFile, TheDiskIsToldOf) {
  const std::string nowhere = path_ + "/token";
  Fill("");
  EXPECT_THAT(ReadTokenFile(nowhere).status().message(), HasSubstr(nowhere));
  EXPECT_THAT(ReadTokenFile("/").status().message(), HasSubstr("token file /"));
  EXPECT_THAT(SetTokenFileAside(nowhere).status().message(),
              HasSubstr(nowhere));
  EXPECT_THAT(WriteTokenFile(nowhere, {token_, ""}).message(),
              HasSubstr(nowhere));
}

}  // namespace
}  // namespace chinese_chess

// Against a scripted journald: a socket that takes what the protocol says it takes.
#include "kingpin/logger/journal_sink.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/file_sink.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/log_context.h"
#include "kingpin/logger/log_format.h"
#include "kingpin/logger/logger.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/logger/sink_testing.h"
#include "tests/testing/process.h"
#include "tests/testing/scratch_directory.h"

namespace kingpin {
namespace {

using ::kingpin::testing::CheckedCounters;
using ::kingpin::testing::OpenDescriptors;
using ::kingpin::testing::ReadFile;
using ::kingpin::testing::ScratchDirectory;
using ::kingpin::testing::SplitLines;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::MatchesRegex;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;

using Entry = std::multimap<std::string, std::string>;

// An entry with these fields, among others.
::testing::Matcher<Entry> Has(std::vector<Entry::value_type> fields) {
  return ::testing::IsSupersetOf(std::move(fields));
}

// NAME=VALUE lines; names as the journal takes them.
Entry Parse(std::string_view text) {
  Entry entry;
  EXPECT_TRUE(text.ends_with('\n'));
  text.remove_suffix(1);
  for (std::string_view field : absl::StrSplit(text, '\n')) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(field, absl::MaxSplits('=', 1));
    EXPECT_THAT(parts.first, MatchesRegex("[A-Z][A-Z0-9_]*")) << field;
    EXPECT_LE(parts.first.size(), 64);
    entry.insert(parts);
  }
  return entry;
}

class Journal {
 public:
  explicit Journal(const std::string& path)
      : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
    EXPECT_LT(path.size(), sizeof(address.sun_path));
    std::memcpy(address.sun_path, path.data(), path.size());
    unlink(path.c_str());
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address),
                   sizeof(address)),
              0);
  }

  std::vector<Entry> Take() {
    std::vector<Entry> entries;
    std::string text(1 << 18, '\0');
    for (;;) {
      iovec piece = {text.data(), text.size()};
      alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
      msghdr message = {};
      message.msg_iov = &piece;
      message.msg_iovlen = 1;
      message.msg_control = control;
      message.msg_controllen = sizeof(control);
      const ssize_t size = recvmsg(fd_.get(), &message, MSG_CMSG_CLOEXEC);
      if (size < 0) return entries;
      const cmsghdr* header = CMSG_FIRSTHDR(&message);
      if (header == nullptr) {
        entries.push_back(Parse({text.data(), static_cast<size_t>(size)}));
        continue;
      }
      EXPECT_EQ(size, 0);
      int file;
      std::memcpy(&file, CMSG_DATA(header), sizeof(file));
      entries.push_back(Parse(ReadSealed(UniqueFd(file))));
      ++files;
    }
  }

  int files = 0;  // Entries that came as such.

 private:
  static std::string ReadSealed(UniqueFd file) {
    constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    EXPECT_EQ(fcntl(file.get(), F_GET_SEALS) & kSeals, kSeals);
    struct stat status;
    EXPECT_EQ(fstat(file.get(), &status), 0);
    std::string text(status.st_size, '\0');
    EXPECT_EQ(pread(file.get(), text.data(), text.size(), 0), status.st_size);
    return text;
  }

  UniqueFd fd_;
};

class JournalSinkTest : public ::testing::Test {
 protected:
  LogSinkFactory Sink() {
    return JournalSinkFactory({.identifier = "my server",
                               .socket = path_,
                               .patience = absl::Milliseconds(1)});
  }

  const ScratchDirectory directory_{ScratchDirectory::Place::kShort};
  const std::string path_ = directory_.File("s");
};

TEST_F(JournalSinkTest, LineIsAnEntryWithFields) {
  Journal journal(path_);
  Logger log({.sink = Sink(),
              .clock = [] { return absl::FromUnixSeconds(0); },
              .thread_names = true});
  const LogContext context = {.connection = "0/7.1", .peer = "10.0.0.1:4"};
  {
    ScopedLogContext scope(&context);
    // clang-format off
    KLOGF_TO(log, WARNING, "served {path} {status}", "/x", 404); const int line = __LINE__;
    // clang-format on
    CheckedCounters(log);
    EXPECT_THAT(
        journal.Take(),
        ElementsAre(Has({{"MESSAGE", "served /x 404"},
                         {"PRIORITY", "4"},
                         {"TID", absl::StrCat(gettid())},
                         {"CODE_FILE", "journal_sink_test.cc"},
                         {"CODE_LINE", absl::StrCat(line)},
                         {"KINGPIN_CONNECTION", "0/7.1"},
                         {"KINGPIN_PEER", "10.0.0.1:4"},
                         {"KINGPIN_TIME", "1970-01-01T00:00:00.000000Z"},
                         {"KINGPIN_THREAD", "journal_sink_te"},
                         {"FIELD_PATH", "/x"},
                         {"FIELD_STATUS", "404"},
                         {"SYSLOG_IDENTIFIER", "my_server"}})));
  }
  log.Write(LogLevel::kError, "raw");
  CheckedCounters(log);
  const std::vector<Entry> entries = journal.Take();
  ASSERT_THAT(entries, SizeIs(1));
  EXPECT_EQ(entries[0].find("MESSAGE")->second, "raw");
  EXPECT_EQ(entries[0].find("PRIORITY")->second, "3");
  EXPECT_FALSE(entries[0].contains("CODE_FILE"));
}

TEST_F(JournalSinkTest, NobodyAddsAField) {
  Journal journal(path_);
  Logger log({.sink = Sink()});
  const LogContext context = {.connection = "c\nMESSAGE=1",
                              .peer = "p\nPRIORITY=0"};
  ScopedLogContext scope(&context);
  KLOGF_TO(log, INFO, "{user}", "eve\nMESSAGE=root logged in\nUNIT=x\xff");
  CheckedCounters(log);
  const std::vector<Entry> entries = journal.Take();
  ASSERT_THAT(entries, SizeIs(1));
  EXPECT_EQ(entries[0].count("MESSAGE"), 1);
  EXPECT_EQ(entries[0].count("PRIORITY"), 1);
  EXPECT_EQ(entries[0].count("UNIT"), 0);
  EXPECT_EQ(entries[0].find("FIELD_USER")->second,
            "eve\\nMESSAGE=root logged in\\nUNIT=x\\xff");
}

TEST_F(JournalSinkTest, LargeEntryGoesAsASealedFile) {
  Journal journal(path_);
  Logger log({.buffer_bytes = 4 << 20, .sink = Sink()});
  log.Write(LogLevel::kInfo, "small");
  log.Flush();
  const auto before = OpenDescriptors();
  const std::string large(1 << 20, 'x');
  log.Write(LogLevel::kInfo, large);
  log.Write(LogLevel::kInfo, "small");
  CheckedCounters(log);
  EXPECT_THAT(journal.Take(), ElementsAre(Has({{"MESSAGE", "small"}}),
                                          Has({{"MESSAGE", large}}),
                                          Has({{"MESSAGE", "small"}})));
  EXPECT_EQ(journal.files, 1);
  EXPECT_EQ(OpenDescriptors().size(), before.size());
}

TEST_F(JournalSinkTest, WhatItDidNotTakeIsDeclaredWhenItIsBack) {
  Logger log({.sink = Sink()});
  auto write = [&log](std::string_view text) {
    log.Write(LogLevel::kInfo, text);
    log.Flush();
  };
  write("nobody is there");
  auto journal = std::make_unique<Journal>(path_);
  write("second");
  EXPECT_THAT(
      journal->Take(),
      ElementsAre(
          AllOf(Contains(Pair("MESSAGE", StartsWith("dropped 1 lines"))),
                Contains(Pair("PRIORITY", "4"))),
          Has({{"MESSAGE", "second"}})));
  journal.reset();
  write("third");
  // It is restarted, and reads nothing until its queue is full.
  journal = std::make_unique<Journal>(path_);
  int sent = 0;
  for (; log.counters().dropped == 1 + 1; ++sent) write("more");
  const size_t taken = journal->Take().size();
  EXPECT_EQ(taken, 1 + sent - 1);  // A declaration more, and not the last.
  write("last");
  EXPECT_THAT(
      journal->Take(),
      ElementsAre(Contains(Pair("MESSAGE", StartsWith("dropped 1 lines"))),
                  Has({{"MESSAGE", "last"}})));
  CheckedCounters(log);
}

TEST_F(JournalSinkTest, OtherSinksHaveTheirOwnForm) {
  Journal journal(path_);
  ScratchDirectory directory;
  const std::string text = directory.File("text");
  const std::string json = directory.File("json");
  Logger log(
      {.sink = *FileSinkFactory({.path = text}),
       .also_to = {Sink(), *FileSinkFactory(
                               {.path = json, .format = LogFormat::kJson})}});
  KLOGF_TO(log, INFO, "hello {name}", "you");
  CheckedCounters(log);
  EXPECT_THAT(SplitLines(ReadFile(text)), ElementsAre(EndsWith(" hello you")));
  EXPECT_THAT(
      SplitLines(ReadFile(json)),
      ElementsAre(EndsWith(",\"name\":\"you\",\"msg\":\"hello you\"}")));
  EXPECT_THAT(
      journal.Take(),
      ElementsAre(Has({{"MESSAGE", "hello you"}, {"FIELD_NAME", "you"}})));
}

TEST_F(JournalSinkTest, ExampleOfTheHeader) {
  const std::string path = "/x";
  Logger log({.when_full = Logger::WhenFull::kDrop,
              .sink = JournalSinkFactory({.identifier = "server"})});
  KLOGF_TO(log, INFO, "served {path} status={status}", path, 404);
  CheckedCounters(log);
}

}  // namespace
}  // namespace kingpin

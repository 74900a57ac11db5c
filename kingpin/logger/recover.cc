// Prints the lines that a dead process left in its black box.
//
//   recover FILE          Lines on stdout, a summary on stderr
//
// The file stays as it is. Exit codes: 0 read, whether there were lines or not;
// 1 damaged: what can be read was printed; 2 wrong command line; 3 no black box, of
// another version, cut off or not to be read; 4 in use by a process that lives;
// 5 stdout does not take the lines.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "kingpin/logger/black_box_reader.h"
#include "kingpin/logger/black_box_replay.h"
#include "kingpin/logger/fd_sink.h"
#include "kingpin/logger/line_format.h"
#include "kingpin/logger/line_writer.h"
#include "kingpin/sys/syscalls.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin::log_internal {
namespace {

enum ExitCode {
  kRead = 0,
  kDamaged = 1,
  kWrongUse = 2,
  kNoBox = 3,
  kInUse = 4,
  kCannotWrite = 5,
};

constexpr char kHelp[] =
    "recover FILE: prints the lines that a dead process left in its black box\n"
    "(--log_blackbox) on stdout, as text with UTC times whatever the log's "
    "form,\n"
    "and a summary on stderr.\n"
    "The file stays as it is. Exit codes: 0 read; 1 damaged, in part; 2 wrong\n"
    "command line; 3 not a black box; 4 in use; 5 cannot write to stdout.\n";

int Fail(ExitCode code, std::string_view path, std::string_view why) {
  std::fprintf(stderr, "recover: %s\n", absl::StrCat(path, ": ", why).c_str());
  return code;
}

void Summarise(const BlackBoxReport& report) {
  if (report.pid == 0) {
    std::fprintf(stderr, "recover: the box was never finished: no lines\n");
    return;
  }
  std::fprintf(
      stderr, "%s\n",
      absl::StrCat(
          "recover: ", report.lines, " lines of process ", report.pid,
          " (started ", TimeText(report.start_unix_nanos), ", last seen ",
          TimeText(report.last_unix_nanos), "), ", report.in_flight,
          " of them perhaps in the log already; ", report.dropped,
          " lines had been dropped; ",
          report.damages == 0
              ? "no damage found"
              : absl::StrCat(report.damages,
                             report.damages == 1 ? " place" : " places",
                             " damaged"))
          .c_str());
}

int Recover(const char* path) {
  const SysResult<UniqueFd> file = sys::Open(path, O_RDONLY | O_NONBLOCK, 0);
  if (!file.ok()) return Fail(kNoBox, path, std::strerror(file.error));
  struct stat status;
  if (sys::Fstat(file.value.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return Fail(kNoBox, path, "it is no black box: no regular file");
  }
  if (::flock(file.value.get(), LOCK_SH | LOCK_NB) != 0) {
    return Fail(kInUse, path,
                errno == EWOULDBLOCK ? "in use by a process that lives"
                                     : std::strerror(errno));
  }
  const absl::StatusOr<std::string> box = ReadBlackBox(file.value.get());
  // All of it is here: whoever starts meanwhile need not wait for a pager.
  ::flock(file.value.get(), LOCK_UN);
  if (!box.ok()) return Fail(kNoBox, path, box.status().message());
  FdSink sink(STDOUT_FILENO);
  TextLineFormat format;
  LineWriter writer(&sink, &format);
  const BlackBoxReport report =
      ReplayBlackBox(*box, ReplayTo::kElsewhere, &writer);
  Summarise(report);
  if (writer.counters().sinks.write_errors > 0) {
    return Fail(kCannotWrite, "stdout", "it does not take the lines");
  }
  return report.damages == 0 ? kRead : kDamaged;
}

}  // namespace
}  // namespace kingpin::log_internal

int main(int argc, char** argv) {
  // Where stdout is a file that may not grow: kCannotWrite says so.
  ::signal(SIGXFSZ, SIG_IGN);
  const std::string_view arg = argc == 2 ? argv[1] : "";
  if (arg == "--help" || arg == "-h") {
    std::fputs(kingpin::log_internal::kHelp, stdout);
    return kingpin::log_internal::kRead;
  }
  if (arg.empty() || arg[0] == '-') {
    std::fputs(kingpin::log_internal::kHelp, stderr);
    return kingpin::log_internal::kWrongUse;
  }
  // Under `bazel run`, paths mean what they mean where that was typed.
  const char* typed_in = std::getenv("BUILD_WORKING_DIRECTORY");
  if (typed_in != nullptr && chdir(typed_in) != 0) {
    std::fprintf(stderr, "recover: %s: %s\n", typed_in, std::strerror(errno));
  }
  return kingpin::log_internal::Recover(argv[1]);
}

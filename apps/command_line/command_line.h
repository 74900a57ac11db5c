// The command lines of the applications.
//
// Not absl::flags, for what it does not do: exit code 2 for a wrong command line and 0
// for --help, a help text that reads like a page, one letter for what is typed often,
// and flags that may be repeated.
//
//   int port = 8080;
//   bool list = false;
//   auto rest = command_line::Parse(
//       absl::MakeConstSpan(argv + 1, argc - 1),
//       {command_line::Number("port", &port, 0, 65535),
//        command_line::Switch("list", &list)});
//   if (!rest.ok()) return Refuse(rest.status());
//   // --port 80, --port=80 and -port 80; *rest has what is no flag. Of one letter with a
//   // number, -c 80 and -c80.
#ifndef APPS_COMMAND_LINE_COMMAND_LINE_H_
#define APPS_COMMAND_LINE_COMMAND_LINE_H_

#include <charconv>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace command_line {

struct Flag {
  // More than one, separated by commas, are the same: "connections,c".
  std::string_view names;
  // Takes a value; the error says what would be right.
  std::function<absl::Status(std::string_view value)> set;
  // May stand without a value, which means "true".
  bool is_switch = false;
};

// The flags below write to `out`, which outlives Parse(), and may be repeated: the last
// one holds. What `out` has is the default.
Flag Text(std::string_view names, std::string* out);
Flag Switch(std::string_view names, bool* out);
// "30s", "5m", "inf"; more than zero.
Flag Time(std::string_view names, absl::Duration* out);
// Repeated, each is kept.
Flag List(std::string_view names, std::vector<std::string>* out);
template <typename T>
Flag Number(std::string_view names, T* out, T min, T max) {
  return {names, [=](std::string_view value) {
            T number;
            const char* end = value.data() + value.size();
            auto [p, error] = std::from_chars(value.data(), end, number);
            // Written so that "nan" is refused, too.
            if (error != std::errc() || p != end ||
                !(number >= min && number <= max)) {
              return absl::InvalidArgumentError(
                  absl::StrCat("it is a number from ", min, " to ", max));
            }
            *out = number;
            return absl::OkStatus();
          }};
}

// Sets what `args`, which do not have the program's name, say. Returns what is no flag,
// in its order: all that does not begin with "-", "-" alone, and all behind "--".
// kInvalidArgument says what is wrong and what would be right.
absl::StatusOr<std::vector<std::string>> Parse(absl::Span<char* const> args,
                                               absl::Span<const Flag> flags);
inline absl::StatusOr<std::vector<std::string>> Parse(
    absl::Span<char* const> args, std::initializer_list<Flag> flags) {
  return Parse(args, absl::MakeConstSpan(flags.begin(), flags.size()));
}

// Where 0, 1 or 2 is closed, the first files and sockets would have those numbers, and
// what is printed would go there: opens /dev/null there. With O_RDONLY as `mode`,
// printing fails as before; with O_RDWR what is printed is dropped.
void OpenStandardFiles(int mode);

// Writes to standard output what a run was for. The error, of a full disk or a closed
// pipe (where SIGPIPE is blocked), is one to end with: who asked for it has not got it.
absl::Status Print(std::string_view text);

// All of what --help and --version do: prints `text`. Returns the exit code, which is 1
// if that failed; stderr is told why.
int Help(std::string_view program, std::string_view text);

// Under `bazel run`, has paths mean what they mean where that was typed; says so on stderr
// if that directory is gone.
void EnterTypedDirectory();

}  // namespace command_line

#endif  // APPS_COMMAND_LINE_COMMAND_LINE_H_

#include "apps/command_line/command_line.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace command_line {
namespace {

// Farther apart than this, what was typed was not meant to be that flag.
constexpr size_t kFarthestTypo = 3;

const Flag* FindFlag(absl::Span<const Flag> flags, std::string_view name) {
  for (const Flag& flag : flags) {
    for (std::string_view own : absl::StrSplit(flag.names, ',')) {
      if (own == name) return &flag;
    }
  }
  return nullptr;
}

// Insertions, deletions and replacements between the two.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

absl::Status UnknownFlag(absl::Span<const Flag> flags, std::string_view name) {
  std::string_view nearest;
  // A name of which nothing is left is no typo.
  size_t best = std::min(kFarthestTypo + 1, name.size());
  for (const Flag& flag : flags) {
    for (std::string_view own : absl::StrSplit(flag.names, ',')) {
      const size_t distance = EditDistance(name, own);
      if (distance >= best) continue;
      best = distance;
      nearest = own;
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "there is no flag --", name,
      nearest.empty() ? "" : absl::StrCat("; did you mean --", nearest, "?")));
}

// How an error calls it: "-c" alone says little to who has it from a script.
std::string NameOf(const Flag& flag, std::string_view typed) {
  const std::string_view full = flag.names.substr(0, flag.names.find(','));
  return absl::StrCat(typed == full ? "" : absl::StrCat("-", typed, ", "), "--",
                      full);
}

absl::Status SetFlag(const Flag& flag, std::string_view name,
                     std::string_view value) {
  absl::Status status = flag.set(value);
  if (status.ok()) return status;
  return absl::InvalidArgumentError(
      absl::StrCat(NameOf(flag, name), " \"", value, "\": ", status.message()));
}

absl::StatusOr<std::string_view> NextValue(absl::Span<char* const> args,
                                           size_t* i, const Flag& flag,
                                           std::string_view name) {
  if (++*i == args.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(NameOf(flag, name), " needs a value"));
  }
  const std::string_view value = args[*i];
  if (absl::StartsWith(value, "--")) {
    return absl::InvalidArgumentError(absl::StrCat(
        NameOf(flag, name), " needs a value and \"", value,
        "\" looks like a flag; if it is meant: --", name, "=", value));
  }
  return value;
}

// What one argument that is a flag says: its name, and the value if that is in it.
struct Word {
  std::string_view name;
  std::optional<std::string_view> value;
};

Word SplitWord(std::string_view arg, absl::Span<const Flag> flags) {
  const bool is_long = absl::StartsWith(arg, "--");
  arg.remove_prefix(is_long ? 2 : 1);
  if (const size_t equals = arg.find('='); equals != arg.npos) {
    return {arg.substr(0, equals), arg.substr(equals + 1)};
  }
  // "-c100", as curl and wrk take it. Only numbers and times: "-conections" is a typo.
  const Flag* letter = FindFlag(flags, arg.substr(0, 1));
  if (!is_long && letter != nullptr && !letter->is_switch && arg.size() > 1 &&
      absl::ascii_isdigit(arg[1])) {
    return {arg.substr(0, 1), arg.substr(1)};
  }
  return {arg, std::nullopt};
}

}  // namespace

Flag Text(std::string_view names, std::string* out) {
  return {names, [out](std::string_view value) {
            *out = std::string(value);
            return absl::OkStatus();
          }};
}

Flag Switch(std::string_view names, bool* out) {
  return {names,
          [out](std::string_view value) {
            if (absl::SimpleAtob(value, out)) return absl::OkStatus();
            if (value != "on" && value != "off") {
              return absl::InvalidArgumentError("it is true or false");
            }
            *out = value == "on";
            return absl::OkStatus();
          },
          /*is_switch=*/true};
}

Flag Time(std::string_view names, absl::Duration* out) {
  return {names, [out](std::string_view value) {
            absl::Duration time;
            if (!absl::ParseDuration(value, &time) ||
                time <= absl::ZeroDuration()) {
              return absl::InvalidArgumentError(
                  "it is a time such as 30s, 5m or inf");
            }
            *out = time;
            return absl::OkStatus();
          }};
}

Flag List(std::string_view names, std::vector<std::string>* out) {
  return {names, [out](std::string_view value) {
            out->emplace_back(value);
            return absl::OkStatus();
          }};
}

absl::StatusOr<std::vector<std::string>> Parse(absl::Span<char* const> args,
                                               absl::Span<const Flag> flags) {
  std::vector<std::string> rest;
  for (size_t i = 0; i < args.size(); ++i) {
    std::string_view arg = args[i];
    if (arg == "--") {
      rest.insert(rest.end(), args.begin() + i + 1, args.end());
      break;
    }
    if (arg == "-" || !absl::StartsWith(arg, "-")) {
      rest.emplace_back(arg);
      continue;
    }
    const Word word = SplitWord(arg, flags);
    const Flag* flag = FindFlag(flags, word.name);
    if (flag == nullptr) return UnknownFlag(flags, word.name);
    absl::StatusOr<std::string_view> value = word.value.value_or("true");
    if (!word.value.has_value() && !flag->is_switch) {
      value = NextValue(args, &i, *flag, word.name);
    }
    if (!value.ok()) return value.status();
    if (auto status = SetFlag(*flag, word.name, *value); !status.ok()) {
      return status;
    }
  }
  return rest;
}

void OpenStandardFiles(int mode) {
  int fd;
  do {
    fd = open("/dev/null", mode);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0) close(fd);
}

absl::Status Print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
      std::fflush(stdout) == 0) {
    return absl::OkStatus();
  }
  return absl::ErrnoToStatus(errno, "standard output cannot be written");
}

int Help(std::string_view program, std::string_view text) {
  const absl::Status printed = Print(text);
  if (printed.ok()) return 0;
  std::fprintf(stderr, "%s: %s\n", std::string(program).c_str(),
               std::string(printed.message()).c_str());
  return 1;
}

void EnterTypedDirectory() {
  const char* typed_in = std::getenv("BUILD_WORKING_DIRECTORY");
  if (typed_in == nullptr || chdir(typed_in) == 0) return;
  std::fprintf(stderr, "%s: %s\n", typed_in, std::strerror(errno));
}

}  // namespace command_line

#include "apps/chinese_chess/rules/text_input.h"

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace chinese_chess {
namespace {

absl::Status TooLong(size_t most) {
  return absl::InvalidArgumentError(
      absl::StrCat("there are more than ", most, " bytes"));
}

// libstdc++ leaves the errno of read(2), EISDIR say.
absl::Status CannotRead() {
  return absl::ErrnoToStatus(errno, "it cannot be read");
}

}  // namespace

absl::StatusOr<std::optional<std::string>> ReadLine(std::istream& in) {
  std::string line;
  char c;
  while (in.get(c)) {
    if (c == '\n') {
      if (line.ends_with('\r')) line.pop_back();
      return line;
    }
    if (line.size() == kMaxLineBytes) return TooLong(kMaxLineBytes);
    line.push_back(c);
  }
  if (in.bad()) return CannotRead();
  if (line.empty()) return std::nullopt;
  return line;
}

absl::StatusOr<std::string> ReadAll(std::istream& in, size_t most) {
  std::string text(most + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  if (in.bad()) return CannotRead();
  if (text.size() > most) return TooLong(most);
  return text;
}

}  // namespace chinese_chess

// Text of a person's or another program's, for command lines. Whatever is there (a
// folder, a disk that fails, text without an end), the answer is text or a Status that
// says what is wrong. std::cin must not be synchronised with stdio, which would not tell
// that reading failed; nor, if another thread writes to std::cout, be tied to that.
//
//   while (true) {
//     const absl::StatusOr<std::optional<std::string>> line = ReadLine(std::cin);
//     if (!line.ok()) return Fail(line.status());
//     if (!line->has_value()) return 0;   // The end.
//     Handle(**line);
//   }
#ifndef APPS_CHINESE_CHESS_RULES_TEXT_INPUT_H_
#define APPS_CHINESE_CHESS_RULES_TEXT_INPUT_H_

#include <cstddef>
#include <istream>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace chinese_chess {

// A game of 600 plies as UCI has it is 3 KiB.
inline constexpr size_t kMaxLineBytes = 1 << 20;

// The next line without its end, LF or CR LF, which the last need not have. nullopt:
// there is none.
absl::StatusOr<std::optional<std::string>> ReadLine(std::istream& in);

// All of it, at most `most` bytes.
absl::StatusOr<std::string> ReadAll(std::istream& in, size_t most);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_TEXT_INPUT_H_

// UTF-8, as strictly as RFC 3629 has it: no overlong forms, no surrogates.
//
// Pure functions, safe from any thread.
//
//   while (!text.empty()) {
//     std::optional<char32_t> c = TakeUtf8(&text);   // "炮", then the rest.
//     if (!c.has_value()) return Refuse();
//   }
#ifndef APPS_CHINESE_CHESS_RULES_UTF8_H_
#define APPS_CHINESE_CHESS_RULES_UTF8_H_

#include <optional>
#include <string>
#include <string_view>

namespace chinese_chess {

// Takes the first character off. nullopt, and one byte less, if it is none. The text
// must not be empty.
std::optional<char32_t> TakeUtf8(std::string_view* text);

bool IsUtf8(std::string_view text);

// A character up to U+10FFFF.
void AppendUtf8(char32_t character, std::string* text);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_UTF8_H_

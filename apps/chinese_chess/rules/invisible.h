// Characters that are not to be shown as somebody else has written them: a terminal obeys
// some, and the others change how a line reads without being seen.
//
// Pure functions, safe from any thread.
//
//   for (char32_t c : text) AppendUtf8(IsInvisible(c) ? U'?' : c, &shown);
#ifndef APPS_CHINESE_CHESS_RULES_INVISIBLE_H_
#define APPS_CHINESE_CHESS_RULES_INVISIBLE_H_

namespace chinese_chess {

// C0, DEL and C1, which has one-character forms of the escape sequences of ECMA-48.
constexpr bool IsControl(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

// Also those that look like nothing or turn the line around.
constexpr bool IsInvisible(char32_t c) {
  return IsControl(c) || c == 0xad || (c >= 0x200b && c <= 0x200f) ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
         c == 0xfeff || c == 0xfffd;
}

// The same for a line of somebody's words, in which the zero-width joiner makes one
// emoji of several.
constexpr bool IsInvisibleInWords(char32_t c) {
  return IsInvisible(c) && c != 0x200d;
}

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_INVISIBLE_H_

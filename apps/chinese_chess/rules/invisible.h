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
  return IsControl(c) || c == 0xad || c == 0x61c || c == 0x180e ||
         (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || c == 0xfffd;
}

// The same for a line of somebody's words, in which the zero-width joiner makes one
// emoji of several.
constexpr bool IsInvisibleInWords(char32_t c) {
  return IsInvisible(c) && c != 0x200d;
}

// Those that are right beside others, and alone are nothing to be seen: spaces (Unicode's
// category Zs), accents and enclosures for the character before, what selects its form,
// letters and signs that are blank (those of Hangul and Khmer, Braille without a dot, a
// note without a head), and marks of a format (Default_Ignorable_Code_Point).
constexpr bool NeedsOthers(char32_t c) {
  const auto in = [c](char32_t first, char32_t last) {
    return c >= first && c <= last;
  };
  const bool space = c == ' ' || c == 0xa0 || c == 0x1680 ||
                     in(0x2000, 0x200a) || c == 0x202f || c == 0x205f ||
                     c == 0x3000;
  const bool accent = in(0x300, 0x36f) || in(0x483, 0x489) ||
                      in(0x1ab0, 0x1aff) || in(0x1dc0, 0x1dff) ||
                      in(0x20d0, 0x20ff) || in(0xfe20, 0xfe2f);
  const bool blank = in(0x115f, 0x1160) || in(0x17b4, 0x17b5) || c == 0x2800 ||
                     c == 0x3164 || c == 0xffa0 || c == 0x1d159;
  const bool form = in(0xfe00, 0xfe0f) || in(0x180b, 0x180f) ||
                    in(0xfff0, 0xfffb) || in(0x1bca0, 0x1bca3) ||
                    in(0x1d173, 0x1d17a) || in(0xe0000, 0xe0fff);
  return space || accent || blank || form || IsInvisible(c);
}

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_INVISIBLE_H_

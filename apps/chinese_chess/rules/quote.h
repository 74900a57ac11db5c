// Text from anywhere, as error messages show it: quoted, without control characters or
// broken UTF-8, and not longer than a line.
//
//   QuoteText("C2\n5");   // "C2\n5" with a backslash and an n, in quotes
#ifndef APPS_CHINESE_CHESS_RULES_QUOTE_H_
#define APPS_CHINESE_CHESS_RULES_QUOTE_H_

#include <string>
#include <string_view>

namespace chinese_chess {

std::string QuoteText(std::string_view text);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_QUOTE_H_

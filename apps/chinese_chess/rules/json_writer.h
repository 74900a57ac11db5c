// A string as JSON has it (RFC 8259): quoted, escaped, and UTF-8 whatever it was.
//
//   std::string json = "{\"name\":";
//   AppendJsonString("炮\n", &json);   // "炮\n", with the line break escaped
#ifndef APPS_CHINESE_CHESS_RULES_JSON_WRITER_H_
#define APPS_CHINESE_CHESS_RULES_JSON_WRITER_H_

#include <string>
#include <string_view>

namespace chinese_chess {

// Bytes that are not UTF-8 become U+FFFD. "<" is escaped as well, so that the text
// may stand within a script element, and all that a terminal would obey.
void AppendJsonString(std::string_view value, std::string* json);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_JSON_WRITER_H_

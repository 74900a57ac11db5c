#include "apps/chinese_chess/rules/json_writer.h"

#include "absl/strings/str_format.h"
#include "apps/chinese_chess/rules/invisible.h"
#include "apps/chinese_chess/rules/utf8.h"

namespace chinese_chess {

void AppendJsonString(std::string_view value, std::string* json) {
  json->push_back('"');
  while (!value.empty()) {
    const char32_t character = TakeUtf8(&value).value_or(0xfffd);
    if (character == '"' || character == '\\') {
      json->push_back('\\');
      json->push_back(static_cast<char>(character));
    } else if (character == '\n') {
      json->append("\\n");
    } else if (IsControl(character) || character == '<') {
      absl::StrAppendFormat(json, "\\u%04x", static_cast<unsigned>(character));
    } else {
      AppendUtf8(character, json);
    }
  }
  json->push_back('"');
}

}  // namespace chinese_chess

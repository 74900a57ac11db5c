#include "kingpin/http/escape.h"

#include "kingpin/http/scan.h"

namespace kingpin::http {

void AppendPercentEncoded(std::string_view path, std::string* out) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : path) {
    if (IsByte(c, kUnreservedByte) || c == '/') {
      out->push_back(c);
      continue;
    }
    const unsigned byte = static_cast<unsigned char>(c);
    out->push_back('%');
    out->push_back(kHex[byte >> 4]);
    out->push_back(kHex[byte & 15]);
  }
}

void AppendHtmlEscaped(std::string_view text, std::string* out) {
  while (!text.empty()) {
    const size_t special = text.find_first_of("&<>\"'");
    out->append(text.substr(0, special));
    if (special == std::string_view::npos) return;
    switch (text[special]) {
      case '&':
        out->append("&amp;");
        break;
      case '<':
        out->append("&lt;");
        break;
      case '>':
        out->append("&gt;");
        break;
      case '"':
        out->append("&quot;");
        break;
      default:
        out->append("&#39;");
    }
    text.remove_prefix(special + 1);
  }
}

}  // namespace kingpin::http

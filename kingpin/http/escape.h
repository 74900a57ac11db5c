// Text made safe for the places that a directory listing puts it in.
//
// Pure; safe from any thread. Both append, so that a page is built in one
// string.
//
//   std::string page = "<a href=\"";
//   AppendPercentEncoded("a b/\"c\".txt", &page);   // a%20b/%22c%22.txt
//   page += "\">";
//   AppendHtmlEscaped("a b/\"c\".txt", &page);      // a b/&quot;c&quot;.txt
//   page += "</a>";

#ifndef KINGPIN_HTTP_ESCAPE_H_
#define KINGPIN_HTTP_ESCAPE_H_

#include <string>
#include <string_view>

namespace kingpin::http {

// Encodes every byte but "/" and the unreserved ones (RFC 3986 2.3), so ":"
// too: a file called "javascript:x" is no URL of another scheme.
void AppendPercentEncoded(std::string_view path, std::string* out);

// Escapes & < > " and ', which suffices for text and for quoted attributes.
// Bytes that are not UTF-8 are copied; the browser shows them as it likes.
void AppendHtmlEscaped(std::string_view text, std::string* out);

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_ESCAPE_H_

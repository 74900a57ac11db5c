// The Content-Type of a file, from the extension of its name (RFC 9110 8.3).
//
// Pure; safe from any thread. Text types say charset=utf-8. An unknown
// extension or none gives application/octet-stream, which browsers download and
// do not run. Send "X-Content-Type-Options: nosniff" beside it to keep it that
// way.
//
//   MediaTypeOf("docs/Index.HTML");   // "text/html; charset=utf-8"
//   MediaTypeOf("linux.tar.xz");      // "application/x-xz"
//   MediaTypeOf("Makefile");          // "application/octet-stream"

#ifndef KINGPIN_HTTP_MEDIA_TYPE_H_
#define KINGPIN_HTTP_MEDIA_TYPE_H_

#include <string_view>

namespace kingpin::http {

// `path` is a path or a file name; only what follows the last dot of its last
// component counts, in any case of letters, and a leading dot makes no
// extension. The result lives for ever.
std::string_view MediaTypeOf(std::string_view path);

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_MEDIA_TYPE_H_

// From the path of a request target to a path below a root directory (RFC 3986
// sections 2.1 and 5.2.4).
//
// Pure; safe from any thread. This is the first of two walls: the result never
// begins with "/", never has a "." or ".." component and never a NUL. Symbolic
// links are the second wall's matter: open it with openat2(RESOLVE_BENEATH).
//
//   std::string path;                                // Reused, keeps its room.
//   if (!DecodePath(request.path, &path)) return Refuse(400);
//   // "/a%20b//./c/../d/"  ->  "a b/d/"
//   // "/"                  ->  "."
//   // "/../etc/passwd"     ->  refused
//
// Decisions:
// - decoded exactly once: "%252e" is a file called "%2e";
// - refused (answer 400): no leading "/"; a "%" without two hexadecimal digits;
//   an encoded "/" (%2F) or NUL (%00); ".." that climbs above the root, which
//   no browser sends;
// - "." and ".." are resolved after decoding, so "%2e%2E" is "..";
// - several slashes are one; a closing slash stays, for it says "a directory",
//   and so do a closing "." and "..";
// - a backslash, ";", "+", control characters and bytes beyond ASCII are part
//   of a name, as Linux has it. No UTF-8 is decoded, so overlong forms stay
//   names that do not exist.
#ifndef KINGPIN_HTTP_TARGET_H_
#define KINGPIN_HTTP_TARGET_H_

#include <string>
#include <string_view>

namespace kingpin::http {

// Replaces `out`, which is not longer than `path` but for the "." of the root.
// False: refused, `out` is empty.
bool DecodePath(std::string_view path, std::string* out);

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_TARGET_H_

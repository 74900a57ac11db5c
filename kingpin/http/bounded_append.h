// Appends to a string that is never to take much more memory than its bound:
// std::string would double what it has, beyond it too.
//
// Pure; safe from any thread.
//
//   AppendBounded(piece, max_bytes, &message);
#ifndef KINGPIN_HTTP_BOUNDED_APPEND_H_
#define KINGPIN_HTTP_BOUNDED_APPEND_H_

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace kingpin::http {

// `out` and `piece` together are not above `max_bytes`.
inline void AppendBounded(std::string_view piece, size_t max_bytes,
                          std::string* out) {
  const size_t needed = out->size() + piece.size();
  if (needed > out->capacity()) {
    out->reserve(std::max(needed, std::min(2 * out->capacity(), max_bytes)));
  }
  out->append(piece);
}

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_BOUNDED_APPEND_H_

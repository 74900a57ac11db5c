// Request methods (RFC 9110 section 9, and PATCH of RFC 5789) by name.
//
// Pure; safe from any thread. Methods are case-sensitive: "get" is another one.
//
//   Method method = IdentifyMethod("HEAD");                // Method::kHead
#ifndef KINGPIN_HTTP_METHOD_H_
#define KINGPIN_HTTP_METHOD_H_

#include <cstdint>
#include <string_view>

namespace kingpin::http {

enum class Method : uint8_t {
  kOther,  // A valid token that is none of these.
  kGet,
  kHead,
  kPost,
  kPut,
  kDelete,
  kConnect,
  kOptions,
  kTrace,
  kPatch,
};

Method IdentifyMethod(std::string_view name);

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_METHOD_H_

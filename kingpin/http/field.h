// A field of a message head (RFC 9110 section 5), as both parsers give it.
//
// Pure; safe from any thread. A Field is two views into the head that it was
// parsed from and dies with those bytes.
//
//   if (auto type = FindField(response.fields, "content-type")) Use(*type);
//   if (auto host = FindField(request.fields, FieldId::kHost)) Use(*host);
#ifndef KINGPIN_HTTP_FIELD_H_
#define KINGPIN_HTTP_FIELD_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace kingpin::http {

// Fields that are recognised while parsing, so that looking them up costs a
// comparison of bytes. Any other field is found by name.
enum class FieldId : uint8_t {
  kOther,
  kHost,
  kConnection,
  kContentLength,
  kTransferEncoding,
  kExpect,
  kRange,
  kIfMatch,
  kIfNoneMatch,
  kIfModifiedSince,
  kIfUnmodifiedSince,
  kIfRange,
};

struct Field {
  std::string_view name;   // As sent, any case.
  std::string_view value;  // Without the blanks around it; may be empty.
  FieldId id = FieldId::kOther;
};

// The value of the first field of that name (in any case), or nullopt.
std::optional<std::string_view> FindField(std::span<const Field> fields,
                                          std::string_view name);
std::optional<std::string_view> FindField(std::span<const Field> fields,
                                          FieldId id);

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_FIELD_H_

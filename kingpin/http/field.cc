#include "kingpin/http/field.h"

#include "absl/strings/match.h"

namespace kingpin::http {

std::optional<std::string_view> FindField(std::span<const Field> fields,
                                          std::string_view name) {
  for (const Field& field : fields) {
    if (absl::EqualsIgnoreCase(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::optional<std::string_view> FindField(std::span<const Field> fields,
                                          FieldId id) {
  for (const Field& field : fields) {
    if (field.id == id) return field.value;
  }
  return std::nullopt;
}

}  // namespace kingpin::http

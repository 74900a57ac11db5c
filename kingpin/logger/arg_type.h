// ArgType: what kind of value an argument of a log statement is, once the front
// end has made it one of a few. The tags of a call site are all that the decoder
// needs to read the site's records, in this process or after its death.
#ifndef KINGPIN_LOGGER_ARG_TYPE_H_
#define KINGPIN_LOGGER_ARG_TYPE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "absl/strings/has_absl_stringify.h"

namespace kingpin::log_internal {

// Stored in black boxes: the numbers stay as they are.
enum class ArgType : uint8_t {
  kBool = 0,
  kChar = 1,
  kInt32 = 2,
  kUint32 = 3,
  kInt64 = 4,
  kUint64 = 5,
  kFloat = 6,
  kDouble = 7,
  kPointer = 8,
  kString = 9,
};
inline constexpr size_t kArgTypes = 10;

template <typename T>
constexpr ArgType IntegerType() {
  if constexpr (sizeof(T) <= 4) {
    return std::is_signed_v<T> ? ArgType::kInt32 : ArgType::kUint32;
  } else {
    return std::is_signed_v<T> ? ArgType::kInt64 : ArgType::kUint64;
  }
}

// wchar_t, char8_t and the like, which would pass for numbers, and pointers to them.
template <typename D>
constexpr bool IsForeignText() {
  using C = std::remove_cv_t<std::remove_pointer_t<D>>;
  return std::is_same_v<C, wchar_t> || std::is_same_v<C, char8_t> ||
         std::is_same_v<C, char16_t> || std::is_same_v<C, char32_t>;
}

// What a T is logged as. Types that we know nothing of are text: what they print
// as. signed and unsigned char are numbers, like the other small integers.
template <typename T>
constexpr ArgType ArgTypeOf() {
  using D = std::decay_t<T>;
  static_assert(!IsForeignText<D>(), "log lines are UTF-8 in char");
  static_assert(!std::is_function_v<std::remove_pointer_t<D>>,
                "functions are not logged, nor are std::hex and the like");
  if constexpr (std::is_same_v<D, bool>) {
    return ArgType::kBool;
  } else if constexpr (std::is_same_v<D, char>) {
    return ArgType::kChar;
  } else if constexpr (std::is_integral_v<D>) {
    static_assert(sizeof(D) <= 8, "no 128 bit integers");
    return IntegerType<D>();
  } else if constexpr (std::is_same_v<D, float>) {
    return ArgType::kFloat;
  } else if constexpr (std::is_floating_point_v<D>) {
    return ArgType::kDouble;
  } else if constexpr (std::is_null_pointer_v<D>) {
    return ArgType::kPointer;  // Else a null const char*.
  } else if constexpr (std::is_convertible_v<const D&, std::string_view> ||
                       std::is_same_v<D, char*> ||
                       absl::HasAbslStringify<D>::value) {
    return ArgType::kString;
  } else if constexpr (std::is_enum_v<D> && std::is_convertible_v<D, int64_t>) {
    return IntegerType<std::underlying_type_t<D>>();
  } else if constexpr (std::is_pointer_v<D>) {
    return ArgType::kPointer;
  } else {
    return ArgType::kString;
  }
}

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_ARG_TYPE_H_

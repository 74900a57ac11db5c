// How the front end copies arguments into a record: each in its own binary form,
// one behind the other, unaligned. A number takes 4 or 8 bytes, a string its
// length in 4 bytes and its bytes.
//
//   auto port = AsArg(7000);
//   auto peer = AsArg(name);  // A std::string_view; see the lifetime below.
//   char* end = EncodeArg(peer, EncodeArg(port, at));
//
// Lifetime: an argument made of a string refers to it. One made of a type that
// only knows how to print itself owns the text, so what can throw (printing) is
// over before a byte of the record is written.
#ifndef KINGPIN_LOGGER_ENCODE_H_
#define KINGPIN_LOGGER_ENCODE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/strings/has_absl_stringify.h"
#include "absl/strings/str_cat.h"
#include "kingpin/logger/arg_type.h"

namespace kingpin::log_internal {

// What AbslStringify or operator<< makes of `value`.
template <typename T>
std::string PrintToString(const T& value) {
  if constexpr (absl::HasAbslStringify<T>::value) {
    return absl::StrCat(value);
  } else {
    std::ostringstream stream;
    stream << value;
    return std::move(stream).str();
  }
}

// The value of the type's own tag: int32_t for kInt32, and so on.
template <typename T>
auto AsArg(const T& value) {
  using D = std::decay_t<T>;
  constexpr ArgType kType = ArgTypeOf<T>();
  if constexpr (kType == ArgType::kBool || kType == ArgType::kChar ||
                kType == ArgType::kFloat) {
    return value;
  } else if constexpr (kType == ArgType::kInt32) {
    return static_cast<int32_t>(value);
  } else if constexpr (kType == ArgType::kUint32) {
    return static_cast<uint32_t>(value);
  } else if constexpr (kType == ArgType::kInt64) {
    return static_cast<int64_t>(value);
  } else if constexpr (kType == ArgType::kUint64) {
    return static_cast<uint64_t>(value);
  } else if constexpr (kType == ArgType::kDouble) {
    return static_cast<double>(value);
  } else if constexpr (kType == ArgType::kPointer) {
    return const_cast<const void*>(static_cast<const volatile void*>(value));
  } else if constexpr (std::is_same_v<D, char*> ||
                       std::is_same_v<D, const char*>) {
    const char* text = value;
    return text == nullptr ? std::string_view("(null)")
                           : std::string_view(text);
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return std::string_view(value);
  } else {
    return PrintToString(value);
  }
}

template <typename Arg>
size_t EncodedSize(const Arg& arg) {
  if constexpr (std::is_convertible_v<const Arg&, std::string_view>) {
    return sizeof(uint32_t) + std::string_view(arg).size();
  } else {
    return sizeof(Arg) < 4 ? 4 : sizeof(Arg);
  }
}

// Returns the end of what it wrote. A string is below 4 GiB.
template <typename Arg>
char* EncodeArg(const Arg& arg, char* at) {
  if constexpr (std::is_convertible_v<const Arg&, std::string_view>) {
    const std::string_view text = arg;
    const uint32_t size = static_cast<uint32_t>(text.size());
    std::memcpy(at, &size, sizeof(size));
    std::memcpy(at + sizeof(size), text.data(), size);
    return at + sizeof(size) + size;
  } else if constexpr (sizeof(Arg) < 4) {
    const uint32_t wide = static_cast<unsigned char>(arg);
    std::memcpy(at, &wide, sizeof(wide));
    return at + sizeof(wide);
  } else {
    std::memcpy(at, &arg, sizeof(arg));
    return at + sizeof(arg);
  }
}

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_ENCODE_H_

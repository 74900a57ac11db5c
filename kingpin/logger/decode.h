// ArgReader: reads what encode.h wrote, told the types by the tags of the call
// site. The backend and the recovery tool share it, so it trusts no byte: a
// record that ends too early gives false, whatever its lengths claim.
//
//   ArgReader reader(payload);
//   ArgValue value;
//   while (reader.Next(type, &value)) ...
#ifndef KINGPIN_LOGGER_DECODE_H_
#define KINGPIN_LOGGER_DECODE_H_

#include <cstdint>
#include <cstring>
#include <string_view>

#include "absl/base/optimization.h"
#include "kingpin/logger/arg_type.h"

namespace kingpin::log_internal {

struct ArgValue {
  ArgType type = ArgType::kInt32;
  union {
    uint64_t bits = 0;  // Unsigned, bool, char, pointer.
    int64_t integer;    // Signed.
    double real;        // Double.
    float single;       // Float.
  };
  std::string_view text;  // String; refers to the payload.
};

class ArgReader {
 public:
  explicit ArgReader(std::string_view payload) : rest_(payload) {}

  bool empty() const { return rest_.empty(); }

  bool Next(ArgType type, ArgValue* value) {
    value->type = type;
    switch (type) {
      case ArgType::kBool:
      case ArgType::kChar:
      case ArgType::kUint32: {
        uint32_t number;
        if (ABSL_PREDICT_FALSE(!Take(&number))) return false;
        value->bits = number;
        return true;
      }
      case ArgType::kInt32: {
        int32_t number;
        if (ABSL_PREDICT_FALSE(!Take(&number))) return false;
        value->integer = number;
        return true;
      }
      case ArgType::kInt64:
        return Take(&value->integer);
      case ArgType::kUint64:
      case ArgType::kPointer:
        return Take(&value->bits);
      case ArgType::kFloat:
        return Take(&value->single);
      case ArgType::kDouble:
        return Take(&value->real);
      case ArgType::kString:
        return TakeText(&value->text);
    }
    return false;
  }

 private:
  template <typename T>
  bool Take(T* value) {
    if (ABSL_PREDICT_FALSE(rest_.size() < sizeof(T))) return false;
    std::memcpy(value, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
    return true;
  }

  bool TakeText(std::string_view* text) {
    uint32_t size;
    if (ABSL_PREDICT_FALSE(!Take(&size) || rest_.size() < size)) return false;
    *text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

  std::string_view rest_;
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_DECODE_H_

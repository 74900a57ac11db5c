// The format strings of KLOGF: a subset of std::format's, checked when the call
// site is compiled.
//
//   "{}"                    the argument, in the way that is natural for it
//   "{name}"                the same, with a name by which programs find it: a member of
//                           its own in JSON, a field in the journal. Of letters, digits
//                           and _, unlike the names that every line has, and once only
//   "{:[[fill]align][sign][#][0][width][.precision][type]}", "{name:...}"
//   "{{" and "}}"           a brace
//
//   align      < left, > right, ^ centre; fill is any character but braces
//              (default a space). Numbers are right-aligned, all else left.
//   sign       + or a space: what non-negative numbers begin with
//   #          0x, 0X, 0b or 0 in front of an integer of type x, X, b or o
//   0          fills with zeros behind the sign, unless there is an align
//   width      at least that many bytes; up to 255
//   precision  digits of a floating point number, most bytes of a string; up to 99
//   type       d x X b o c  integers and char      s  strings and bool
//              e f g        floating point          p  pointers
//
// Not in the subset: argument numbers, nested fields ({:{}}), a, A, B, E, F, G, L
// and ?. A width counts bytes, not columns.
#ifndef KINGPIN_LOGGER_FORMAT_SPEC_H_
#define KINGPIN_LOGGER_FORMAT_SPEC_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kingpin/logger/arg_type.h"

namespace kingpin::log_internal {

struct FormatSpec {
  static constexpr uint8_t kNoPrecision = 255;

  char fill = ' ';
  char align = 0;  // '<', '>', '^' or 0, natural.
  char sign = 0;   // '+', ' ' or 0.
  bool alternate = false;
  bool zero = false;
  uint8_t width = 0;
  uint8_t precision = kNoPrecision;
  char type = 0;  // 0: natural.

  // "{}" and nothing else.
  constexpr bool plain() const {
    return type == 0 && width == 0 && precision == kNoPrecision && sign == 0;
  }
};

// A piece of a format string: literal text, then a field unless it is the last.
struct FormatPiece {
  std::string_view literal;  // A doubled brace ends a piece of its own.
  bool has_field = false;
  std::string_view name;  // Of the field; may be empty.
  FormatSpec spec;
};

// Reads a format string piece by piece.
class FormatParser {
 public:
  constexpr explicit FormatParser(std::string_view format) : rest_(format) {}

  // False at the end and at an error.
  constexpr bool Next(FormatPiece* piece) {
    *piece = FormatPiece();
    if (rest_.empty() || failed_) return false;
    const size_t brace = rest_.find_first_of("{}");
    if (brace == rest_.npos) {
      piece->literal = rest_;
      rest_ = {};
      return true;
    }
    if (brace + 1 < rest_.size() && rest_[brace + 1] == rest_[brace]) {
      piece->literal = rest_.substr(0, brace + 1);
      rest_.remove_prefix(brace + 2);
      return true;
    }
    piece->literal = rest_.substr(0, brace);
    piece->has_field = true;
    failed_ = rest_[brace] == '}';
    rest_.remove_prefix(brace + 1);
    piece->name = TakeName();
    failed_ = failed_ || !ParseField(&piece->spec);
    return !failed_;
  }

  constexpr bool failed() const { return failed_; }

 private:
  static constexpr bool IsAlign(char c) {
    return c == '<' || c == '>' || c == '^';
  }
  static constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
  static constexpr bool IsLetter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }

  constexpr bool Take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  constexpr bool TakeNumber(unsigned limit, uint8_t* number) {
    unsigned value = 0;
    while (!rest_.empty() && IsDigit(rest_[0])) {
      value = value * 10 + static_cast<unsigned>(rest_[0] - '0');
      if (value > limit) return false;
      rest_.remove_prefix(1);
    }
    *number = static_cast<uint8_t>(value);
    return true;
  }

  constexpr std::string_view TakeName() {
    size_t size = 0;
    while (size < rest_.size() &&
           (IsLetter(rest_[size]) || rest_[size] == '_' ||
            (size > 0 && IsDigit(rest_[size])))) {
      ++size;
    }
    const std::string_view name = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return name;
  }

  // Behind the name, up to and with the closing brace.
  constexpr bool ParseField(FormatSpec* spec) {
    if (Take('}')) return true;
    if (!Take(':')) return false;
    if (rest_.size() >= 2 && IsAlign(rest_[1]) && rest_[0] != '{' &&
        rest_[0] != '}') {
      spec->fill = rest_[0];
      spec->align = rest_[1];
      rest_.remove_prefix(2);
    } else if (!rest_.empty() && IsAlign(rest_[0])) {
      spec->align = rest_[0];
      rest_.remove_prefix(1);
    }
    if (Take('+')) {
      spec->sign = '+';
    } else if (Take(' ')) {
      spec->sign = ' ';
    } else {
      Take('-');
    }
    spec->alternate = Take('#');
    spec->zero = Take('0');
    if (!TakeNumber(255, &spec->width)) return false;
    if (Take('.')) {
      if (rest_.empty() || !IsDigit(rest_[0])) return false;
      if (!TakeNumber(99, &spec->precision)) return false;
    }
    if (!rest_.empty() && IsLetter(rest_[0])) {
      spec->type = rest_[0];
      rest_.remove_prefix(1);
    }
    return Take('}');
  }

  std::string_view rest_;
  bool failed_ = false;
};

// Whether a field with `spec` can show an argument of `type`.
constexpr bool SpecFits(const FormatSpec& spec, ArgType type) {
  constexpr std::string_view kInteger = "dxXboc";
  const bool has_precision = spec.precision != FormatSpec::kNoPrecision;
  const bool is_number_like = spec.sign != 0 || spec.alternate || spec.zero;
  auto type_is_in = [&spec](std::string_view types) {
    return spec.type == 0 || types.find(spec.type) != types.npos;
  };
  switch (type) {
    case ArgType::kInt32:
    case ArgType::kUint32:
    case ArgType::kInt64:
    case ArgType::kUint64:
      return !has_precision && type_is_in(kInteger);
    case ArgType::kBool:
    case ArgType::kChar:
      if (type == ArgType::kBool && spec.type == 'c') return false;
      if (spec.type == 0 || spec.type == 's' || spec.type == 'c') {
        return !has_precision && !is_number_like &&
               type_is_in(type == ArgType::kBool ? "s" : "c");
      }
      return !has_precision && type_is_in(kInteger);
    case ArgType::kFloat:
    case ArgType::kDouble:
      return !spec.alternate && type_is_in("efg");
    case ArgType::kPointer:
      return !has_precision && !is_number_like && type_is_in("p");
    case ArgType::kString:
      return !is_number_like && type_is_in("s");
  }
  return false;
}

enum class FormatError {
  kNone,
  kMalformed,         // Braces that do not match, or a spec we do not know.
  kTooFewArguments,   // For the fields that there are.
  kTooManyArguments,  // For the fields that there are.
  kWrongType,         // A spec that cannot show its argument.
  kWrongName,         // It is there twice, or on every line.
};

// The members of every line in JSON.
constexpr bool IsNameOfEveryLine(std::string_view name) {
  constexpr std::string_view kNames[] = {
      "ts",   "level",      "thread", "thread_name", "file", "line",
      "late", "connection", "peer",   "msg",         "event"};
  for (std::string_view one : kNames) {
    if (name == one) return true;
  }
  return false;
}

// Whether the first `fields` fields of the format have one of this name.
constexpr bool HasName(std::string_view format, size_t fields,
                       std::string_view name) {
  FormatParser parser(format);
  FormatPiece piece;
  while (fields > 0 && parser.Next(&piece)) {
    if (!piece.has_field) continue;
    if (piece.name == name) return true;
    --fields;
  }
  return false;
}

constexpr FormatError CheckFormat(std::string_view format, const ArgType* types,
                                  size_t arguments) {
  FormatParser parser(format);
  FormatPiece piece;
  size_t used = 0;
  while (parser.Next(&piece)) {
    if (!piece.has_field) continue;
    if (used == arguments) return FormatError::kTooFewArguments;
    if (!SpecFits(piece.spec, types[used])) return FormatError::kWrongType;
    if (!piece.name.empty() &&
        (IsNameOfEveryLine(piece.name) || HasName(format, used, piece.name))) {
      return FormatError::kWrongName;
    }
    ++used;
  }
  if (parser.failed()) return FormatError::kMalformed;
  return used < arguments ? FormatError::kTooManyArguments : FormatError::kNone;
}

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_FORMAT_SPEC_H_

#include "kingpin/logger/format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace kingpin::log_internal {
namespace {

// "00" to "99", so that a division makes two digits.
constexpr auto kDigitPairs = [] {
  std::array<char, 200> pairs{};
  for (int i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

constexpr size_t kMaxDecimal = 20;

// The digits of `value` up to `end`; returns their begin.
char* DecimalBackwards(uint64_t value, char* end) {
  while (value >= 100) {
    end -= 2;
    std::memcpy(end, &kDigitPairs[2 * (value % 100)], 2);
    value /= 100;
  }
  if (value >= 10) {
    end -= 2;
    std::memcpy(end, &kDigitPairs[2 * value], 2);
  } else {
    *--end = static_cast<char>('0' + value);
  }
  return end;
}

void AppendSigned(int64_t value, TextBuffer* out) {
  if (value >= 0) return AppendDecimal(static_cast<uint64_t>(value), out);
  out->Append('-');
  AppendDecimal(-static_cast<uint64_t>(value), out);
}

// `prefix` (a sign, 0x) then `body`, in the field. `natural` is where it stands
// without an align.
void AppendPadded(std::string_view prefix, std::string_view body, char natural,
                  const FormatSpec& spec, TextBuffer* out) {
  const size_t size = prefix.size() + body.size();
  const size_t padding = spec.width > size ? spec.width - size : 0;
  if (spec.zero && spec.align == 0) {
    out->Append(prefix);
    out->Append(padding, '0');
    out->Append(body);
    return;
  }
  const char align = spec.align != 0 ? spec.align : natural;
  const size_t left = align == '<' ? 0 : align == '>' ? padding : padding / 2;
  out->Append(left, spec.fill);
  out->Append(prefix);
  out->Append(body);
  out->Append(padding - left, spec.fill);
}

void AppendText(std::string_view text, const FormatSpec& spec,
                TextBuffer* out) {
  if (spec.precision != FormatSpec::kNoPrecision) {
    text = text.substr(0, spec.precision);
  }
  AppendPadded({}, text, '<', spec, out);
}

std::string_view BasePrefix(const FormatSpec& spec, uint64_t magnitude) {
  if (!spec.alternate) return {};
  switch (spec.type) {
    case 'x':
      return "0x";
    case 'X':
      return "0X";
    case 'b':
      return "0b";
    case 'o':
      return magnitude == 0 ? "" : "0";
    default:
      return {};
  }
}

int BaseOf(char type) {
  switch (type) {
    case 'x':
    case 'X':
      return 16;
    case 'b':
      return 2;
    case 'o':
      return 8;
    default:
      return 10;
  }
}

void AppendInteger(bool negative, uint64_t magnitude, const FormatSpec& spec,
                   TextBuffer* out) {
  if (spec.type == 'c') {
    const char c = static_cast<char>(magnitude);
    return AppendPadded({}, {&c, 1}, '<', spec, out);
  }
  char digits[64];
  char* end = std::to_chars(digits, digits + sizeof(digits), magnitude,
                            BaseOf(spec.type))
                  .ptr;
  if (spec.type == 'X') {
    std::transform(digits, end, digits,
                   [](char c) { return c >= 'a' ? c - 'a' + 'A' : c; });
  }
  char prefix[3];
  size_t size = 0;
  if (negative) {
    prefix[size++] = '-';
  } else if (spec.sign != 0) {
    prefix[size++] = spec.sign;
  }
  for (char c : BasePrefix(spec, magnitude)) prefix[size++] = c;
  AppendPadded({prefix, size}, {digits, static_cast<size_t>(end - digits)}, '>',
               spec, out);
}

template <typename Real>
char* RealToChars(Real value, const FormatSpec& spec, char* begin, char* end) {
  const bool has_precision = spec.precision != FormatSpec::kNoPrecision;
  if (spec.type == 0 && !has_precision) {
    return std::to_chars(begin, end, value).ptr;
  }
  const auto form = spec.type == 'e'   ? std::chars_format::scientific
                    : spec.type == 'f' ? std::chars_format::fixed
                                       : std::chars_format::general;
  return std::to_chars(begin, end, value, form,
                       has_precision ? spec.precision : 6)
      .ptr;
}

template <typename Real>
void AppendReal(Real value, const FormatSpec& spec, TextBuffer* out) {
  // The longest: DBL_MAX as %f with 99 digits behind the point.
  char digits[512];
  char* end = RealToChars(value, spec, digits, digits + sizeof(digits));
  std::string_view body(digits, end - digits);
  if (spec.plain()) return out->Append(body);
  std::string_view prefix;
  if (body[0] == '-') {
    prefix = "-";
    body.remove_prefix(1);
  } else if (spec.sign != 0) {
    prefix = {&spec.sign, 1};
  }
  if (value - value == 0) return AppendPadded(prefix, body, '>', spec, out);
  FormatSpec unfilled = spec;  // No zeros in front of inf and nan.
  unfilled.zero = false;
  AppendPadded(prefix, body, '>', unfilled, out);
}

void AppendPointer(uint64_t bits, const FormatSpec& spec, TextBuffer* out) {
  char digits[16];
  char* end = std::to_chars(digits, digits + sizeof(digits), bits, 16).ptr;
  AppendPadded("0x", {digits, static_cast<size_t>(end - digits)}, '>', spec,
               out);
}

// The text of a bool or char without a number's type.
bool AppendBoolOrChar(const ArgValue& value, const FormatSpec& spec,
                      TextBuffer* out) {
  if (spec.type != 0 && spec.type != 's' && spec.type != 'c') return false;
  if (value.type == ArgType::kBool) {
    AppendText(value.bits != 0 ? "true" : "false", spec, out);
  } else {
    const char c = static_cast<char>(value.bits);
    AppendText({&c, 1}, spec, out);
  }
  return true;
}

}  // namespace

void AppendDecimal(uint64_t value, TextBuffer* out) {
  char digits[kMaxDecimal];
  char* end = digits + kMaxDecimal;
  char* begin = DecimalBackwards(value, end);
  out->Append({begin, static_cast<size_t>(end - begin)});
}

void AppendValue(const ArgValue& value, const FormatSpec& spec,
                 TextBuffer* out) {
  switch (value.type) {
    case ArgType::kInt32:
    case ArgType::kInt64: {
      if (spec.plain()) return AppendSigned(value.integer, out);
      const bool negative = value.integer < 0;
      const uint64_t bits = static_cast<uint64_t>(value.integer);
      return AppendInteger(negative, negative ? -bits : bits, spec, out);
    }
    case ArgType::kUint32:
    case ArgType::kUint64:
      if (spec.plain()) return AppendDecimal(value.bits, out);
      return AppendInteger(false, value.bits, spec, out);
    case ArgType::kBool:
    case ArgType::kChar:
      if (AppendBoolOrChar(value, spec, out)) return;
      return AppendInteger(false, value.bits, spec, out);
    case ArgType::kFloat:
      return AppendReal(value.single, spec, out);
    case ArgType::kDouble:
      return AppendReal(value.real, spec, out);
    case ArgType::kPointer:
      return AppendPointer(value.bits, spec, out);
    case ArgType::kString:
      if (spec.plain()) return out->Append(value.text);
      return AppendText(value.text, spec, out);
  }
}

CompiledFormat::CompiledFormat(std::string_view format,
                               absl::Span<const ArgType> types) {
  if (CheckFormat(format, types.data(), types.size()) != FormatError::kNone) {
    for (ArgType type : types) {
      fields_.push_back({fields_.empty() ? std::string(format) + " " : " ",
                         /*name=*/"", FormatSpec(), type});
    }
    if (types.empty()) tail_ = format;
    return;
  }
  FormatParser parser(format);
  FormatPiece piece;
  while (parser.Next(&piece)) {
    tail_ += piece.literal;
    if (!piece.has_field) continue;
    fields_.push_back({std::move(tail_), std::string(piece.name), piece.spec,
                       types[fields_.size()]});
    has_names_ = has_names_ || !piece.name.empty();
    tail_.clear();
  }
}

bool CompiledFormat::Render(std::string_view payload, TextBuffer* out) const {
  ArgReader reader(payload);
  ArgValue value;
  for (const Field& field : fields_) {
    out->Append(field.literal);
    if (!reader.Next(field.type, &value)) return false;
    AppendValue(value, field.spec, out);
  }
  out->Append(tail_);
  return true;
}

bool CompiledFormat::Fits(std::string_view payload) const {
  ArgReader reader(payload);
  ArgValue value;
  for (const Field& field : fields_) {
    if (!reader.Next(field.type, &value)) return false;
  }
  return reader.empty();
}

}  // namespace kingpin::log_internal

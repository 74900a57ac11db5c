// Reads the field lines of a message head as its bytes arrive (RFC 9112 section
// 5): what the parsers of requests and of responses share.
//
// Threads: no locks, no globals; one thread at a time for each object.
// Cost: linear in the input however it is cut; what was scanned is not scanned
//   again. Everything is inline: the loop over the fields is most of a parse.
// Syntax: names are tokens, values hold no control but HTAB, lines end in CRLF.
//   kLenient is for responses of the open web: a line may also end in LF alone,
//   blanks may stand before the colon (they are no part of the name), and a line
//   that begins with a blank continues the value before it. Such a value still
//   has its line ends inside: a value with LF in it is a folded one.
//
//   FieldReader reader;
//   reader.Start(end_of_first_line);
//   while ((step = reader.Next<false>(head, limits, &fields)) == Step::kField) {
//     Use(fields.back());
//   }
#ifndef KINGPIN_HTTP_FIELD_READER_H_
#define KINGPIN_HTTP_FIELD_READER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <vector>

#include "kingpin/http/field.h"
#include "kingpin/http/scan.h"

namespace kingpin::http {

namespace field_internal {

template <typename Word>
Word LoadLower(const char* p) {
  Word word;
  std::memcpy(&word, p, sizeof(word));
  return word | static_cast<Word>(0x2020202020202020);
}

// Whether the token `name`, of the size of `lower`, is `lower` but for the case
// of letters: compared in words, the last of which may overlap the one before.
// Setting bit 5 cannot turn another tchar into a letter, nor into "-" (that
// would be CR).
template <size_t kSize>
bool NameIs(std::string_view name, const char (&lower)[kSize]) {
  constexpr size_t kLength = kSize - 1;
  using Word = std::conditional_t<kLength >= 8, uint64_t, uint32_t>;
  constexpr size_t kWord = sizeof(Word);
  static_assert(kLength >= kWord);
  Word difference = 0;
  for (size_t i = 0; i + kWord <= kLength; i += kWord) {
    difference |= LoadLower<Word>(name.data() + i) ^ LoadLower<Word>(lower + i);
  }
  constexpr size_t kLast = kLength - kWord;
  difference |=
      LoadLower<Word>(name.data() + kLast) ^ LoadLower<Word>(lower + kLast);
  return difference == 0;
}

inline FieldId Identify(std::string_view name) {
  switch (name.size()) {
    case 4:
      return NameIs(name, "host") ? FieldId::kHost : FieldId::kOther;
    case 5:
      return NameIs(name, "range") ? FieldId::kRange : FieldId::kOther;
    case 6:
      return NameIs(name, "expect") ? FieldId::kExpect : FieldId::kOther;
    case 8:
      if (NameIs(name, "if-match")) return FieldId::kIfMatch;
      return NameIs(name, "if-range") ? FieldId::kIfRange : FieldId::kOther;
    case 10:
      return NameIs(name, "connection") ? FieldId::kConnection
                                        : FieldId::kOther;
    case 13:
      return NameIs(name, "if-none-match") ? FieldId::kIfNoneMatch
                                           : FieldId::kOther;
    case 14:
      return NameIs(name, "content-length") ? FieldId::kContentLength
                                            : FieldId::kOther;
    case 17:
      if (NameIs(name, "if-modified-since")) return FieldId::kIfModifiedSince;
      return NameIs(name, "transfer-encoding") ? FieldId::kTransferEncoding
                                               : FieldId::kOther;
    case 19:
      return NameIs(name, "if-unmodified-since") ? FieldId::kIfUnmodifiedSince
                                                 : FieldId::kOther;
    default:
      return FieldId::kOther;
  }
}

}  // namespace field_internal

class FieldReader {
 public:
  enum class Step : uint8_t {
    kField,      // One more is in `fields`; call again.
    kEnd,        // The empty line was read; position() follows it.
    kStarved,    // Call again with the same bytes and more of them.
    kMalformed,  // The rest: not to be called again before Start().
    kTooLarge,
  };

  struct Limits {
    uint32_t max_field;   // Bytes of a line, without its end.
    uint32_t max_fields;  // Number of lines.
  };

  // The first line begins at this offset of the head.
  void Start(uint32_t position) {
    position_ = line_begin_ = position;
    in_value_ = false;
    count_ = 0;
  }

  // Everything before it has been looked at.
  uint32_t position() const { return position_; }

  // `head` begins with the bytes of the last call, which may have moved.
  template <bool kLenient>
  inline Step Next(std::string_view head, Limits limits,
                   std::vector<Field>* fields);

 private:
  template <bool kLenient>
  inline Step ReadName(std::string_view head, Limits limits);
  template <bool kLenient>
  inline Step ReadValue(std::string_view head, Limits limits,
                        std::vector<Field>* fields);

  // Where name and blanks end; the next byte must be the colon.
  template <bool kLenient>
  inline size_t NameEnd(std::string_view head, size_t end) const;

  // Bytes of the line end at `at`: 1 or 2; 0 if that is none, or not yet.
  template <bool kLenient>
  static size_t LineEnd(std::string_view head, size_t at) {
    if (kLenient && head[at] == '\n') return 1;
    return head.size() - at >= 2 && head[at] == '\r' && head[at + 1] == '\n'
               ? 2
               : 0;
  }

  Step Starve(size_t position) {
    position_ = position;
    return Step::kStarved;
  }

  uint32_t position_ = 0;
  uint32_t line_begin_ = 0;
  uint32_t value_begin_ = 0;
  uint32_t count_ = 0;
  bool in_value_ = false;
};

template <bool kLenient>
inline FieldReader::Step FieldReader::Next(std::string_view head, Limits limits,
                                           std::vector<Field>* fields) {
  if (!in_value_) {
    const Step step = ReadName<kLenient>(head, limits);
    if (step != Step::kField) return step;
    in_value_ = true;
  }
  const Step step = ReadValue<kLenient>(head, limits, fields);
  if (step == Step::kField) in_value_ = false;
  return step;
}

template <bool kLenient>
inline FieldReader::Step FieldReader::ReadName(std::string_view head,
                                               Limits limits) {
  if (position_ == head.size()) return Step::kStarved;
  if (position_ == line_begin_ &&
      (head[position_] == '\r' || (kLenient && head[position_] == '\n'))) {
    const size_t line_end = LineEnd<kLenient>(head, position_);
    if (line_end == 0) {
      return position_ + 1 == head.size() ? Step::kStarved : Step::kMalformed;
    }
    position_ += line_end;
    return Step::kEnd;
  }
  if (count_ == limits.max_fields) return Step::kTooLarge;
  const size_t end =
      std::min(head.size(), size_t{line_begin_} + limits.max_field + 1);
  const size_t stop = NameEnd<kLenient>(head, end);
  if (stop - line_begin_ > limits.max_field) return Step::kTooLarge;
  if (stop == end) return Starve(stop);
  // A folded line begins with a blank, so it has no name either.
  if (stop == line_begin_ || head[stop] != ':') return Step::kMalformed;
  position_ = value_begin_ = stop + 1;
  return Step::kField;
}

template <bool kLenient>
inline size_t FieldReader::NameEnd(std::string_view head, size_t end) const {
  const char* base = head.data();
  const bool in_blanks =
      kLenient && position_ > line_begin_ && IsBlank(base[position_ - 1]);
  size_t stop = position_;
  if (!in_blanks) {
    stop = SkipBytes(base + position_, base + end, kTokenByte) - base;
  }
  if (kLenient && stop != line_begin_) {
    while (stop != end && IsBlank(base[stop])) ++stop;
  }
  return stop;
}

template <bool kLenient>
inline FieldReader::Step FieldReader::ReadValue(std::string_view head,
                                                Limits limits,
                                                std::vector<Field>* fields) {
  const size_t end =
      std::min(head.size(), size_t{line_begin_} + limits.max_field + 1);
  const char* base = head.data();
  size_t stop = position_;
  size_t next = 0;
  while (true) {
    stop = SkipValue(base + stop, base + end) - base;
    if (stop - line_begin_ > limits.max_field) return Step::kTooLarge;
    if (stop == end) return Starve(stop);
    const size_t line_end = LineEnd<kLenient>(head, stop);
    if (line_end == 0) {
      if (base[stop] != '\r') return Step::kMalformed;
      if (stop + 1 == head.size()) return Starve(stop);
      return Step::kMalformed;
    }
    next = stop + line_end;
    if (!kLenient) break;
    if (next == head.size()) return Starve(stop);
    if (!IsBlank(base[next])) break;
    stop = next;
    if (stop >= end) return Step::kTooLarge;
  }
  Field& field = fields->emplace_back();
  field.name = head.substr(line_begin_, value_begin_ - 1 - line_begin_);
  if (kLenient) field.name = TrimBlanks(field.name);
  field.value = TrimBlanks(head.substr(value_begin_, stop - value_begin_));
  field.id = field_internal::Identify(field.name);
  position_ = line_begin_ = next;
  ++count_;
  return Step::kField;
}

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_FIELD_READER_H_

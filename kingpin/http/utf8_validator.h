// Whether bytes that come in pieces are UTF-8 (RFC 3629): no overlong forms, no
// surrogates, nothing above U+10FFFF.
//
// It fails at the first byte that no continuation could make valid, so a peer is
// told at once. Four bytes of state; ASCII is passed eight bytes a step.
//
// Threads: one at a time for each object.
//
//   Utf8Validator text;
//   if (!text.Feed(piece)) return Fail();
//   if (last && !text.complete()) return Fail();  // Ends inside of a character.
#ifndef KINGPIN_HTTP_UTF8_VALIDATOR_H_
#define KINGPIN_HTTP_UTF8_VALIDATOR_H_

#include <cstdint>
#include <string_view>

namespace kingpin::http {

class Utf8Validator {
 public:
  // False: not UTF-8, and no more is to be fed.
  bool Feed(std::string_view piece);
  // Not inside of a character.
  bool complete() const { return missing_ == 0; }

 private:
  // Takes the first byte of a character that is not ASCII.
  bool Begin(uint8_t lead);

  uint8_t missing_ = 0;  // Bytes of the character under way.
  // What the next of them may be.
  uint8_t low_ = 0;
  uint8_t high_ = 0;
};

// Of the whole of `text`.
inline bool IsUtf8(std::string_view text) {
  Utf8Validator validator;
  return validator.Feed(text) && validator.complete();
}

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_UTF8_VALIDATOR_H_

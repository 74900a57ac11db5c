// One record is one physical line, whatever a peer sends: what could end a line,
// move a cursor or not be text at all is shown as an escape.
//
//   \n       a newline
//   \xNN     each byte of any other control character (C0, DEL, and C1 in UTF-8:
//            \xc2\x9b), of U+2028 and U+2029, which some programs take for the
//            end of a line, of U+202A to U+202E and U+2066 to U+2069, which show
//            the rest of it in another order, and each byte that is not part of
//            valid UTF-8
//
// A backslash stays as it is: the escapes are for people, not for parsers.
#ifndef KINGPIN_LOGGER_ESCAPE_H_
#define KINGPIN_LOGGER_ESCAPE_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "kingpin/logger/text_buffer.h"

namespace kingpin::log_internal {

// kKeep: for lines whose fields are set apart by tabs.
enum class Tabs { kEscape, kKeep };

// Escapes what stands in `text` from `begin` on. Looks and touches nothing if it
// is plain ASCII, as most lines are.
void EscapeFrom(size_t begin, Tabs tabs, TextBuffer* text);

// Appends `text`, escaped. Async-signal-safe if `out` has room for four times as much.
void AppendEscaped(std::string_view text, Tabs tabs, TextBuffer* out);

// `text`, fit to be part of a line.
std::string Printable(std::string_view text, Tabs tabs = Tabs::kEscape);

// How many bytes from the begin of `text` are one valid UTF-8 sequence; 0 if they
// are none. `text` is not empty.
size_t Utf8SequenceSize(std::string_view text);

// Whether a valid sequence is one of U+2028 to U+202E and U+2066 to U+2069.
bool EndsOrReordersLines(std::string_view sequence);

// The begin of `text`, `size` bytes at most, that does not end inside a UTF-8
// sequence. Async-signal-safe.
std::string_view CutText(std::string_view text, size_t size);

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_ESCAPE_H_

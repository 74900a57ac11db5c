// The inbound side of a WebSocket: from bytes to messages (RFC 6455 sections 5
// and 6.2, RFC 7692 section 6.2). It unmasks, joins fragments, inflates and
// checks text, with no notion of a connection.
//
// - A message that is one frame, not compressed and all there is passed on where
//   it lies, unmasked in place. Else its payload is taken as it comes; the
//   message so far is all that is held, and grows with what has arrived, not
//   with what is announced.
// - Everything wrong is told at the first byte that shows it: text that cannot
//   become UTF-8, a frame whose head would break a limit.
// - Between messages it owns no memory (but for an inflater that keeps its
//   context).
//
// Threads: one at a time for each object.
// Views: WebSocketInput::payload dies with the input, or with the next call.
//
//   WebSocketReader reader;
//   WebSocketInput in;
//   while (true) {
//     switch (reader.Next(&bytes, rules, &in)) {    // Takes from the front.
//       case WebSocketReader::Result::kNeedMore: return;
//       case WebSocketReader::Result::kInput: Handle(in); break;
//       case WebSocketReader::Result::kError: return Fail(in.code, in.payload);
//     }
//   }
#ifndef KINGPIN_HTTP_WEBSOCKET_READER_H_
#define KINGPIN_HTTP_WEBSOCKET_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/types/span.h"
#include "kingpin/http/websocket_close.h"
#include "kingpin/http/websocket_deflate.h"
#include "kingpin/http/websocket_frame.h"

namespace kingpin::http {

struct WebSocketLimits {
  // What one frame may announce: more is kMessageTooBig before any of it has
  // been taken.
  uint64_t max_frame_bytes = 1 << 20;
  // One message, inflated. More: kMessageTooBig, as soon as that is known. It
  // bounds what a connection may hold of what it receives.
  size_t max_message_bytes = 1 << 20;
};

// What stays the same for a connection.
struct WebSocketReadRules {
  WebSocketLimits limits;
  bool masked = false;                         // What comes is a client's.
  bool deflate = false;                        // It may be compressed,
  bool context_takeover = false;               // refer to earlier messages,
  int window_bits = 15;                        // and that far back.
  WebSocketInflaterPool* inflaters = nullptr;  // Needed with `deflate`.
};

struct WebSocketInput {
  // A whole message (kText, kBinary), or a control frame.
  WebSocketOpcode opcode = WebSocketOpcode::kText;
  std::string_view payload;
  // Of an error; `payload` is a phrase then.
  WebSocketClose code = WebSocketClose::kNormal;
};

class WebSocketReader {
 public:
  enum class Result : uint8_t { kNeedMore, kInput, kError };

  WebSocketReader();
  ~WebSocketReader();
  WebSocketReader(const WebSocketReader&) = delete;
  WebSocketReader& operator=(const WebSocketReader&) = delete;

  // Takes what it can from the front of `bytes`, and writes to what it takes.
  // What it leaves after kNeedMore, at most a control frame or a head, has to be
  // there again with more behind it. After kError the reader is of no more use.
  Result Next(absl::Span<char>* bytes, const WebSocketReadRules& rules,
              WebSocketInput* input);

  // The payload of a frame is not all there.
  bool in_frame() const;

 private:
  struct Message;

  Result ReadHead(absl::Span<char>* bytes, const WebSocketReadRules& rules,
                  WebSocketInput* input);
  Result BeginData(const WebSocketFrameHead& head,
                   const WebSocketReadRules& rules, WebSocketInput* input);
  // Of the frame under way.
  Result TakePayload(absl::Span<char>* bytes, const WebSocketReadRules& rules,
                     WebSocketInput* input);
  Result Append(std::string_view piece, const WebSocketReadRules& rules,
                WebSocketInput* input);
  Result EndMessage(const WebSocketReadRules& rules, WebSocketInput* input);

  std::unique_ptr<Message> message_;
  std::unique_ptr<WebSocketInflater> kept_inflater_;  // Of context takeover.
};

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_WEBSOCKET_READER_H_

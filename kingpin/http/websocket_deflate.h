// The compression of permessage-deflate (RFC 7692 section 7.2), by zlib.
//
// Threads: one at a time for each object.
// Memory: a WebSocketInflater takes about 7 KiB, and 2^window_bits more once it
//   has inflated something; a WebSocketDeflater 2^(window_bits + 2) +
//   2^(memory_level + 9) and 6 KiB: 262 KiB for {15, 8}. Lack of it throws
//   std::bad_alloc.
//
//   deflater.Deflate("hello", &payload);
//   deflater.Reset();  // Without context takeover.
//
//   WebSocketInflater::Result r = inflater.Inflate(payload, max_bytes, &message);
//   if (r == WebSocketInflater::Result::kOk) r = inflater.EndMessage(...);
#ifndef KINGPIN_HTTP_WEBSOCKET_DEFLATE_H_
#define KINGPIN_HTTP_WEBSOCKET_DEFLATE_H_

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kingpin::http {

class WebSocketInflater {
 public:
  enum class Result : uint8_t { kOk, kDamaged, kTooLarge };

  // `window_bits` 8 to 15: not below what the peer compresses with.
  explicit WebSocketInflater(int window_bits = MAX_WBITS);
  ~WebSocketInflater();
  WebSocketInflater(const WebSocketInflater&) = delete;
  WebSocketInflater& operator=(const WebSocketInflater&) = delete;

  // Appends to `out`, which does not grow beyond `max_bytes`: a small message
  // that inflates to a huge one ends there, with kTooLarge. It takes no more
  // memory than that, whatever it claims.
  Result Inflate(std::string_view piece, size_t max_bytes, std::string* out);
  // The last piece was that.
  Result EndMessage(size_t max_bytes, std::string* out);
  // Forgets what was inflated: the next message refers to nothing before it.
  void Reset();

 private:
  z_stream stream_ = {};
  bool ended_ = false;  // By a block that said that it is the last.
};

// Inflaters for messages that refer to nothing before them: a connection needs
// one only while it receives such a message.
class WebSocketInflaterPool {
 public:
  std::unique_ptr<WebSocketInflater> Take();
  void GiveBack(std::unique_ptr<WebSocketInflater> inflater);

 private:
  // 8 * 39 KiB.
  static constexpr size_t kMaxSpares = 8;
  std::vector<std::unique_ptr<WebSocketInflater>> spares_;
};

class WebSocketDeflater {
 public:
  // zlib's own bounds: window_bits 9 to 15, level 1 to 9, memory_level 1 to 9.
  WebSocketDeflater(int window_bits, int level, int memory_level);
  ~WebSocketDeflater();
  WebSocketDeflater(const WebSocketDeflater&) = delete;
  WebSocketDeflater& operator=(const WebSocketDeflater&) = delete;

  // Appends the payload of a compressed message.
  void Deflate(std::string_view message, std::string* out);
  // The next message refers to nothing before it.
  void Reset();
  int window_bits() const { return window_bits_; }

 private:
  z_stream stream_ = {};
  const int window_bits_;
};

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_WEBSOCKET_DEFLATE_H_

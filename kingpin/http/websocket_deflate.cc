#include "kingpin/http/websocket_deflate.h"

#include <algorithm>
#include <new>
#include <utility>

#include "absl/log/check.h"
#include "kingpin/http/bounded_append.h"

namespace kingpin::http {
namespace {

constexpr size_t kPieceBytes = 8 << 10;
// What a flush ends with and a message leaves out (RFC 7692 section 7.2.1).
constexpr std::string_view kTail("\x00\x00\xff\xff", 4);
// Of z_stream::data_type: between two blocks.
constexpr int kBetweenBlocks = 128;

Bytef* BytesOf(const char* data) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(data));
}

}  // namespace

WebSocketInflater::WebSocketInflater(int window_bits) {
  // Negative: without a header (zlib.h).
  if (inflateInit2(&stream_, -window_bits) != Z_OK) throw std::bad_alloc();
}

WebSocketInflater::~WebSocketInflater() { inflateEnd(&stream_); }

void WebSocketInflater::Reset() {
  inflateReset(&stream_);
  ended_ = false;
}

WebSocketInflater::Result WebSocketInflater::Inflate(std::string_view piece,
                                                     size_t max_bytes,
                                                     std::string* out) {
  char room[kPieceBytes];
  while (!piece.empty()) {
    // A block said that it is the last, as it may (RFC 7692 section 7.2.3.4):
    // the next may refer to what came before, so the window is kept. Two bytes
    // can be such a block: to copy the window for each (inflateGetDictionary)
    // would take 1.5 us of the thread, this takes 23 ns.
    if (ended_) inflateResetKeep(&stream_);
    const size_t size = std::min(piece.size(), size_t{1} << 30);
    stream_.next_in = BytesOf(piece.data());
    stream_.avail_in = static_cast<uInt>(size);
    do {
      stream_.next_out = BytesOf(room);
      stream_.avail_out = sizeof(room);
      const int result = inflate(&stream_, Z_SYNC_FLUSH);
      if (result == Z_MEM_ERROR) throw std::bad_alloc();
      ended_ = result == Z_STREAM_END;
      // What came before the damage first, so that a cut of the input makes no
      // difference.
      const size_t got = sizeof(room) - stream_.avail_out;
      const size_t fits =
          std::min(got, max_bytes - std::min(max_bytes, out->size()));
      AppendBounded({room, fits}, max_bytes, out);
      if (got > fits) return Result::kTooLarge;
      if (!ended_ && result != Z_OK && result != Z_BUF_ERROR) {
        return Result::kDamaged;
      }
    } while (!ended_ && stream_.avail_out == 0);
    piece.remove_prefix(size - stream_.avail_in);
  }
  return Result::kOk;
}

WebSocketInflater::Result WebSocketInflater::EndMessage(size_t max_bytes,
                                                        std::string* out) {
  const Result result = Inflate(kTail, max_bytes, out);
  // Inside of a block the tail was taken for something else.
  const bool whole = ended_ || (stream_.data_type & kBetweenBlocks) != 0;
  return result == Result::kOk && !whole ? Result::kDamaged : result;
}

std::unique_ptr<WebSocketInflater> WebSocketInflaterPool::Take() {
  if (spares_.empty()) return std::make_unique<WebSocketInflater>();
  std::unique_ptr<WebSocketInflater> inflater = std::move(spares_.back());
  spares_.pop_back();
  return inflater;
}

void WebSocketInflaterPool::GiveBack(
    std::unique_ptr<WebSocketInflater> inflater) {
  if (spares_.size() >= kMaxSpares) return;
  inflater->Reset();
  spares_.push_back(std::move(inflater));
}

WebSocketDeflater::WebSocketDeflater(int window_bits, int level,
                                     int memory_level)
    : window_bits_(window_bits) {
  const int result = deflateInit2(&stream_, level, Z_DEFLATED, -window_bits,
                                  memory_level, Z_DEFAULT_STRATEGY);
  CHECK_NE(result, Z_STREAM_ERROR) << "deflate options out of their bounds";
  if (result != Z_OK) throw std::bad_alloc();
}

WebSocketDeflater::~WebSocketDeflater() { deflateEnd(&stream_); }

void WebSocketDeflater::Reset() { deflateReset(&stream_); }

void WebSocketDeflater::Deflate(std::string_view message, std::string* out) {
  if (message.empty()) {
    out->push_back('\0');  // RFC 7692 section 7.2.3.6.
    return;
  }
  char room[kPieceBytes];
  while (!message.empty()) {
    const size_t size = std::min(message.size(), size_t{1} << 30);
    stream_.next_in = BytesOf(message.data());
    stream_.avail_in = static_cast<uInt>(size);
    message.remove_prefix(size);
    do {
      stream_.next_out = BytesOf(room);
      stream_.avail_out = sizeof(room);
      deflate(&stream_, message.empty() ? Z_SYNC_FLUSH : Z_NO_FLUSH);
      out->append(room, sizeof(room) - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }
  DCHECK(std::string_view(*out).ends_with(kTail));
  out->resize(out->size() - kTail.size());
}

}  // namespace kingpin::http

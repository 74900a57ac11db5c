// AnswerLog: the access log of one loop. A line is begun when its request has
// arrived and written when the answer has left, or when the connection is gone,
// with what was sent until then; so lines of one connection are in the order of
// its requests.
//
// Threads: its loop's. Lifetime: the Logger outlives it; an Entry lives until
// WriteSent has written it or its Queue is destroyed.
//
//   AnswerLog::Entry* entry = log.Begin(&queue, slot, &request, {}, now, pending);
//   entry->status = HttpStatus::kOk;
//   queue.Count(entry, answer.size());
//   entry->complete = true;
//   log.WriteSent(&queue, connection.pending_output(), /*closing=*/false);
#ifndef KINGPIN_HTTP_ANSWER_LOG_H_
#define KINGPIN_HTTP_ANSWER_LOG_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kingpin/http/access_log.h"
#include "kingpin/http/http_status.h"
#include "kingpin/http/request_parser.h"
#include "kingpin/logger/logger.h"

namespace kingpin::http {

class AnswerLog {
 public:
  struct Entry {
    AccessLogLine line;
    HttpStatus status{};    // None: not answered.
    bool complete = false;  // No more will be queued for it.
    // Where its body begins and its answer ends, in bytes queued on the
    // connection.
    uint64_t body_begin = 0;
    uint64_t end = 0;
    Entry* next = nullptr;
  };

  // The entries of one connection that wait for their answers to leave.
  class Queue {
   public:
    Queue() = default;
    Queue(const Queue&) = delete;
    Queue& operator=(const Queue&) = delete;
    ~Queue();

    bool empty() const { return first_ == nullptr; }
    // `bytes` were queued for the answer of `entry`, the last one.
    void Count(Entry* entry, uint64_t bytes) {
      queued_ += bytes;
      entry->end = queued_;
    }

   private:
    friend class AnswerLog;
    uint64_t queued_ = 0;  // Since the first of the entries that wait began.
    Entry* first_ = nullptr;
    Entry* last_ = nullptr;
  };

  explicit AnswerLog(Logger* logger);

  // Whom the connection in `slot` of the loop is to; for Begin.
  void SetPeer(size_t slot, std::string host);
  // A request of the connection in `slot`, which has `pending` bytes of output
  // waiting. `request` and `refused` as AccessLog::Begin has them.
  Entry* Begin(Queue* queue, size_t slot, const Request* request,
               std::string_view refused, int64_t unix_seconds,
               uint64_t pending);
  // Writes those that are complete and have left, while `pending` bytes have
  // not; when the connection closes, all.
  void WriteSent(Queue* queue, uint64_t pending, bool closing);

 private:
  std::unique_ptr<Entry> Take();
  void GiveBack(Entry* entry);

  AccessLog log_;
  std::vector<std::string> peers_;  // By slot.
  std::vector<std::unique_ptr<Entry>> spares_;
};

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_ANSWER_LOG_H_

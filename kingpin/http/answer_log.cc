#include "kingpin/http/answer_log.h"

#include <algorithm>
#include <utility>

namespace kingpin::http {
namespace {

constexpr size_t kMaxSpares = 1024;
// Of a line: what a peer wrote may be a hundred times the ordinary.
constexpr size_t kMaxSpareLineBytes = 1024;

// What nginx logs when the client left before there was an answer.
constexpr auto kClientClosedRequest = static_cast<HttpStatus>(499);

}  // namespace

AnswerLog::Queue::~Queue() {
  while (first_ != nullptr) delete std::exchange(first_, first_->next);
}

AnswerLog::AnswerLog(Logger* logger) : log_(logger) {
  spares_.reserve(kMaxSpares);  // So that giving one back cannot fail.
}

void AnswerLog::SetPeer(size_t slot, std::string host) {
  if (slot >= peers_.size()) peers_.resize(slot + 1);
  peers_[slot] = std::move(host);
}

AnswerLog::Entry* AnswerLog::Begin(Queue* queue, size_t slot,
                                   const Request* request,
                                   std::string_view refused,
                                   int64_t unix_seconds, uint64_t pending) {
  std::unique_ptr<Entry> taken = Take();
  log_.Begin(slot < peers_.size() ? peers_[slot] : "-", request, refused,
             unix_seconds, &taken->line);
  Entry* const entry = taken.release();
  entry->status = HttpStatus{};
  entry->complete = false;
  if (queue->empty()) queue->queued_ = pending;
  entry->body_begin = entry->end = queue->queued_;
  entry->next = nullptr;
  (queue->empty() ? queue->first_ : queue->last_->next) = entry;
  queue->last_ = entry;
  return entry;
}

void AnswerLog::WriteSent(Queue* queue, uint64_t pending, bool closing) {
  const uint64_t sent = queue->queued_ - pending;
  while (Entry* entry = queue->first_) {
    const bool done = entry->complete && entry->end <= sent;
    if (!done && !closing) return;
    const uint64_t end = std::min(entry->end, sent);
    const bool answered = entry->status != HttpStatus{};
    log_.End(entry->line, answered ? entry->status : kClientClosedRequest,
             end > entry->body_begin ? end - entry->body_begin : 0);
    queue->first_ = entry->next;
    GiveBack(entry);
  }
}

std::unique_ptr<AnswerLog::Entry> AnswerLog::Take() {
  if (spares_.empty()) return std::make_unique<Entry>();
  std::unique_ptr<Entry> entry = std::move(spares_.back());
  spares_.pop_back();
  return entry;
}

void AnswerLog::GiveBack(Entry* entry) {
  if (spares_.size() < kMaxSpares &&
      entry->line.text.capacity() <= kMaxSpareLineBytes) {
    spares_.emplace_back(entry);
  } else {
    delete entry;
  }
}

}  // namespace kingpin::http

#include "kingpin/http/deadline_queue.h"

namespace kingpin::http {

void DeadlineQueue::Node::Leave() {
  if (next_ == nullptr) return;
  previous_->next_ = next_;
  next_->previous_ = previous_;
  previous_ = next_ = nullptr;
}

DeadlineQueue::DeadlineQueue(absl::Duration delay) : delay_(delay) {
  ring_.previous_ = ring_.next_ = &ring_;
}

DeadlineQueue::~DeadlineQueue() {
  while (ring_.next_ != &ring_) ring_.next_->Leave();
  ring_.next_ = nullptr;
}

void DeadlineQueue::Put(Node& node, MonotonicTime now) {
  node.Leave();
  node.since_ = now;
  node.previous_ = ring_.previous_;
  node.next_ = &ring_;
  ring_.previous_->next_ = &node;
  ring_.previous_ = &node;
}

absl::Duration DeadlineQueue::TimeToNext(MonotonicTime now) const {
  if (ring_.next_ == &ring_ || delay_ == absl::InfiniteDuration()) {
    return absl::InfiniteDuration();
  }
  return delay_ - (now - ring_.next_->since_);
}

DeadlineQueue::Node* DeadlineQueue::TakeDue(MonotonicTime now) {
  if (TimeToNext(now) > absl::ZeroDuration()) return nullptr;
  Node* const first = ring_.next_;
  first->Leave();
  return first;
}

}  // namespace kingpin::http

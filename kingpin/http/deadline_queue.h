// DeadlineQueue: things that are all due equally long after they were put in, so
// that the first of a list is always the next, and one timer does for thousands.
//
// Threads: one.
// Lifetime: a node leaves its queue when it dies, and is let go when the queue
//   does. Every call is O(1).
//
//   struct Peer : DeadlineQueue::Node { ... };
//   DeadlineQueue quiet(absl::Seconds(20));
//   quiet.Put(peer, clock.Now());
//   while (DeadlineQueue::Node* node = quiet.TakeDue(clock.Now())) {
//     Ping(*static_cast<Peer*>(node));
//   }
#ifndef KINGPIN_HTTP_DEADLINE_QUEUE_H_
#define KINGPIN_HTTP_DEADLINE_QUEUE_H_

#include "absl/time/time.h"
#include "kingpin/sys/clock.h"

namespace kingpin::http {

class DeadlineQueue {
 public:
  class Node {
   public:
    Node() = default;
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;
    ~Node() { Leave(); }
    // When it was put in last.
    MonotonicTime since() const { return since_; }
    // Leaves the queue that it is in.
    void Leave();

   private:
    friend class DeadlineQueue;
    Node* previous_ =
        nullptr;            // A ring, in which the queue's own node is, too.
    Node* next_ = nullptr;  // Null: in none.
    MonotonicTime since_ = {};
  };

  // Infinite: never due.
  explicit DeadlineQueue(absl::Duration delay);
  ~DeadlineQueue();

  // Moves `node` to the end of this queue, whatever queue it is in.
  void Put(Node& node, MonotonicTime now);
  // The first, out of the queue, if it is due; else null.
  Node* TakeDue(MonotonicTime now);
  // Of the first; infinite: nothing is ever due.
  absl::Duration TimeToNext(MonotonicTime now) const;

 private:
  const absl::Duration delay_;
  Node ring_;
};

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_DEADLINE_QUEUE_H_

// Connection: one connected socket of a loop.
//
// Threads: loop thread only. Other threads use its ConnectionId.
//
// Lifetime: the loop owns it. A reference is good until the end of the batch of
// events in which the connection closes, so a callback may close this or any
// other connection and go on using both; nothing is destroyed under its feet.
// OnClose is called once for every connection that had OnConnect, from the loop
// and never from inside Close() or Abort().
//
//   open -- Close() ----------> closing: sends what is pending
//     |                            |-- CloseLingering(): FIN, then discards
//     |                            |   what the peer still sends until its FIN
//     |-- Abort(), errors,         |
//     |   time-outs, bounds        v
//     '-----------------------> closed: OnClose at the end of the batch
//
// Writing gathers: what a callback writes to its own connection leaves in one
// system call when the callback returns (so that a slow neighbour in the batch
// does not hold it up), what it writes to others at the end of the batch.
//
//   void OnMessage(Connection& connection) override {
//     if (!connection.Write(connection.input().TakeAll())) {
//       // Above the high edge: no more is read until the peer has caught up.
//     }
//   }
#ifndef KINGPIN_NET_CONNECTION_H_
#define KINGPIN_NET_CONNECTION_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/string_view.h"
#include "kingpin/net/buffer.h"
#include "kingpin/net/connection_id.h"
#include "kingpin/net/output_queue.h"
#include "kingpin/net/slot_map.h"
#include "kingpin/net/timer_wheel.h"
#include "kingpin/net/transport.h"
#include "kingpin/pool/connection_options.h"
#include "kingpin/sys/socket_address.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin {

class IOHandler;

enum class CloseReason : uint8_t {
  kLocal,             // Close(), CloseLingering() or Abort().
  kPeer,              // The peer closed, and OnInputEnd closed too.
  kError,             // error() has the errno.
  kIdleTimeout,       // Timeouts::idle.
  kReadTimeout,       // Timeouts::read.
  kWriteTimeout,      // Timeouts::write.
  kHandshakeTimeout,  // Timeouts::handshake.
  kInputOverflow,     // ConnectionOptions::input_limit_bytes.
  kOutputOverflow,    // ConnectionOptions::output_limit_bytes.
  kException,         // A callback threw.
  kShutdown,          // The run ended.
  // Of clients only:
  kDeadline,   // Target::timeout.
  kGivenBack,  // IOHandlerForClient::GiveBack(): the socket lives on.
  kRetry,      // Was closed as it was used again: its target gets a new one.
};
// "local", "peer", ...
absl::string_view ToString(CloseReason reason);

class Connection : private TimerNode {
 public:
  // For IOHandler.
  Connection(SlotName name, IOHandler* handler, UniqueFd fd);
  ~Connection();

  ConnectionId id() const;
  IOHandler& handler() const { return *handler_; }
  int fd() const { return fd_.get(); }
  // A system call each; unspecified once the peer is gone, but for handshakes.
  SocketAddress peer() const {
    return handshake_peer_ == nullptr ? SocketAddress::Peer(fd())
                                      : *handshake_peer_;
  }
  SocketAddress local() const { return SocketAddress::Local(fd()); }

  // --- Input -------------------------------------------------------------------

  Buffer& input() { return input_; }
  // Has OnMessage called with what is held in the next round of the loop, even
  // if nothing more arrives: for a handler that stopped to let others have a go.
  void RequestMessage();
  // Nothing is read and OnMessage is not called until ResumeReading, which
  // requests a message if something is held. No idle or read time-out runs
  // meanwhile, and a connection that fails or that a unix-domain peer closes is
  // closed at once, with what was not read.
  void PauseReading();
  void ResumeReading();

  // --- Output ------------------------------------------------------------------

  // Sends `data` after what was written before; copies what does not leave at
  // once. False when the output is above its high edge (write on when
  // OnWriteComplete comes) or the connection is closing (nothing is sent). Or
  // the peer takes no more: what it had said before is read to its end (not if
  // reading is paused), then the connection is closed with kError.
  bool Write(absl::string_view data);
  // Sends a part of a file; false as Write(), also above 64 files. If the file
  // turns out shorter, the connection is closed with kError and ENODATA: what
  // follows would be misread.
  bool SendFile(std::shared_ptr<const UniqueFd> file, off_t offset,
                uint64_t size);
  // Bytes that wait to be sent, files included.
  uint64_t pending_output() const {
    return output_.bytes() + output_.file_bytes();
  }

  // --- Ending ------------------------------------------------------------------

  // Sends what is pending, then closes. No more OnMessage.
  void Close();
  // As Close(), but after the last byte sends FIN and discards what the peer
  // sends until it closes too, for Timeouts::linger at most. Closing a socket
  // with unread input sends RST, which can destroy a reply that the peer has not
  // read yet (RFC 9112, section 9.6): for replies that end a conversation early.
  void CloseLingering();
  // Drops what is pending and closes.
  void Abort();
  // Close() and the like were called, or it is closed.
  bool closing() const { return closing_ || closed_; }
  // Write() takes something, be it above the high edge.
  bool takes_output() const { return !closing() && error_ == 0; }
  // The errno behind CloseReason::kError, from when it is known.
  int error() const { return error_; }
  // The same for people, with what the transport has to say about it.
  std::string error_text() const;
  // The peer has sent something.
  bool received() const { return received_; }

  // --- Transport ---------------------------------------------------------------

  // What its bytes go through; null: the socket's own.
  Transport* transport() const { return transport_.get(); }
  // From here on everything goes through `transport`: for protocols that begin
  // in the plain (STARTTLS, a proxy's CONNECT). OnTransportReady comes when its
  // handshake is done; what is written meanwhile waits. Nothing may wait to be
  // sent yet, and all input must be consumed: what came before the handshake
  // would be taken for what came protected. Else the connection is closed with
  // kError and EPROTO, and the result is false.
  bool StartTransport(std::unique_ptr<Transport> transport);

  // --- Bounds ------------------------------------------------------------------

  // While true the handler owes the peer something that is not written yet: the
  // connection is no idle one for a drain, and neither the idle nor the read
  // time-out runs.
  void SetBusy(bool busy);
  bool busy() const { return busy_; }
  // While true the peer owes the rest of a message of which the handler has
  // consumed the beginning: the connection is no idle one for a drain, and the
  // read time-out runs, from the last byte that was consumed.
  void SetMidMessage(bool mid_message);
  // Outlives the connection, or the next call. Default: the shared data's.
  void SetTimeouts(const Timeouts* timeouts);

  // --- State -------------------------------------------------------------------

  // One object of the handler's own hangs on the connection and dies with it,
  // after OnClose. Emplacing again replaces it; to put another type in its place
  // (a protocol upgrade) ResetState() comes first.
  template <typename T, typename... Args>
  T& EmplaceState(Args&&... args) {
    // Another type's would be somebody else's: a base class's, say.
    CHECK(state_type_ == nullptr || has_state<T>());
    ResetState();
    state_ = new T(std::forward<Args>(args)...);
    state_type_ = &kStateType<T>;
    return *static_cast<T*>(state_);
  }
  template <typename T>
  T& state() {
    DCHECK(has_state<T>());
    return *static_cast<T*>(state_);
  }
  template <typename T>
  bool has_state() const {
    return state_type_ == &kStateType<T>;
  }
  void ResetState();

 private:
  friend class IOHandler;

  // The time-out that runs.
  enum class Waiting : uint8_t {
    kIdle,
    kInput,
    kOutput,
    kLinger,
    kHandshake,
    kNothing
  };

  using DestroyState = void (*)(void*);
  template <typename T>
  static void Destroy(void* state) {
    delete static_cast<T*>(state);
  }
  // Its address names the type.
  template <typename T>
  static constexpr DestroyState kStateType = &Destroy<T>;

  const ConnectionOptions& options() const;
  // Sends at once what is too large to be worth copying; returns what is left.
  absl::string_view SendDirectly(absl::string_view data);
  // After something was added to the output.
  bool AfterWrite();
  void BeginClose(CloseReason reason, bool linger);
  // To closed; the first reason stands.
  void Finish(CloseReason reason, int error = 0);

  bool drained() const { return output_.empty(); }
  // What output goes through; null: the socket.
  Transport* sender() const {
    return output_in_kernel_ ? nullptr : transport_.get();
  }
  bool wants_input() const {
    return !input_ended_ && !closing_ && !paused_ && !above_high_edge_;
  }
  bool input_full() const;
  // Accepted, so that the peer's first request may be on its way.
  bool expects_first_request() const { return fresh_ && wants_input(); }
  // Nothing is under way in either direction.
  bool idle() const {
    return drained() && input_.empty() && !busy_ && !mid_message_;
  }
  // Nothing but input can bring it on.
  bool waits_for_input_only() const {
    return !input_ended_ && !closing_ && !paused_ && !above_high_edge_ &&
           !in_ready_list_ && !blocked_ && !lingering_;
  }
  Waiting waiting() const {
    if (lingering_) return Waiting::kLinger;
    if (handshaking_) return Waiting::kHandshake;
    if (!drained() || saying_farewell_) return Waiting::kOutput;
    if (busy_ || paused_) return Waiting::kNothing;
    return input_.empty() && !mid_message_ ? Waiting::kIdle : Waiting::kInput;
  }
  absl::Duration timeout(Waiting waiting) const;

  IOHandler* const handler_;
  const SlotName name_;
  const Timeouts* timeouts_;
  Buffer input_;
  OutputQueue output_;
  std::unique_ptr<Transport> transport_;
  // During a handshake: of one that fails, the log is to say whose it was.
  std::unique_ptr<const SocketAddress> handshake_peer_;
  void* state_ = nullptr;
  const DestroyState* state_type_ = nullptr;

  uint64_t waiting_since_ = 0;  // Tick.
  uint32_t consumed_before_ = 0;
  UniqueFd fd_;
  int error_ = 0;
  Waiting waiting_ = Waiting::kIdle;
  CloseReason reason_ = CloseReason::kLocal;
  uint8_t registered_events_ = 0;  // EPOLLIN and EPOLLOUT fit.

  bool fresh_ : 1 = true;             // Not a byte has moved on it yet.
  bool received_ : 1 = false;         // The peer sent something.
  bool input_ended_ : 1 = false;      // The peer sent FIN.
  bool paused_ : 1 = false;           // PauseReading.
  bool busy_ : 1 = false;             // SetBusy.
  bool mid_message_ : 1 = false;      // SetMidMessage.
  bool wrote_ : 1 = false;            // Since the last OnWriteComplete.
  bool blocked_ : 1 = false;          // Flushing waits for EPOLLOUT.
  bool above_high_edge_ : 1 = false;  // Until the output is at the low edge.
  bool moved_bytes_ : 1 = false;      // Since the time-out was last set.
  bool sent_bytes_ : 1 = false;       // The same.
  bool closing_ : 1 = false;
  bool linger_ : 1 = false;     // CloseLingering.
  bool lingering_ : 1 = false;  // FIN is sent.
  bool closed_ : 1 = false;
  bool own_close_ : 1 = false;  // Close() or the like was called.
  bool in_dirty_list_ : 1 = false;
  bool in_ready_list_ : 1 = false;

  bool connected_ : 1 = false;  // OnConnect was called.
  bool handshaking_ : 1 = false;
  bool in_handshake_list_ : 1 = false;
  bool read_again_ : 1 = false;  // Is in the ready list to be read from.
  bool output_in_kernel_ : 1 = false;
  bool saying_farewell_ : 1 = false;  // Transport::Shutdown has begun.
};

}  // namespace kingpin

#endif  // KINGPIN_NET_CONNECTION_H_

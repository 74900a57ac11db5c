// ReloadOnSignal: while it lives, a signal has a TlsServer read its certificate
// anew (TlsServer::Reload()), on a thread of its own since that reads files. The
// log says what came of it. What the signal did before is done too, so that one
// SIGHUP reloads and reopens logs (logger/reopen_on_signal.h); then that
// disposition is back.
//
//   ReopenOnSignal reopen(SIGHUP, {&log});
//   auto reload = ReloadOnSignal::Install(SIGHUP, tls_server.get());
//
// Threads: made and destroyed by one, before the loops' threads and after them;
//   one at a time in the process.
// Lifetime: the server outlives it; what handled the signal before, too.
#ifndef KINGPIN_TLS_RELOAD_ON_SIGNAL_H_
#define KINGPIN_TLS_RELOAD_ON_SIGNAL_H_

#include <signal.h>

#include <atomic>
#include <memory>
#include <thread>

#include "absl/status/statusor.h"
#include "kingpin/sys/unique_fd.h"
#include "kingpin/tls/tls_server.h"

namespace kingpin {

class ReloadOnSignal {
 public:
  static absl::StatusOr<std::unique_ptr<ReloadOnSignal>> Install(
      int signal, TlsServer* server);
  ~ReloadOnSignal();
  ReloadOnSignal(const ReloadOnSignal&) = delete;
  ReloadOnSignal& operator=(const ReloadOnSignal&) = delete;

 private:
  ReloadOnSignal(int signal, TlsServer* server, UniqueFd bell);

  static void OnSignal(int signal);
  void Run();

  const int signal_;
  TlsServer& server_;
  const UniqueFd bell_;
  std::atomic<bool> stop_ = false;
  struct sigaction before_ = {};
  std::thread thread_;
};

}  // namespace kingpin

#endif  // KINGPIN_TLS_RELOAD_ON_SIGNAL_H_

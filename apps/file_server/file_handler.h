// FileHandler: one thread of the file server, and what the threads share.
//
// Threads: Shared is safe from all of them, what is added here being constant
// but for log_watch, which is the watchdog's; a FileHandler belongs to its
// thread.
// Lifetime: Shared outlives the handlers, and HttpOptions::access_log and the
// TlsServer both.
#ifndef APPS_FILE_SERVER_FILE_HANDLER_H_
#define APPS_FILE_SERVER_FILE_HANDLER_H_

#include <cstddef>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "apps/file_server/log_watch.h"
#include "kingpin/http/http_handler.h"
#include "kingpin/http/http_status.h"
#include "kingpin/http/request_parser.h"
#include "kingpin/http/static_files.h"
#include "kingpin/net/connection.h"
#include "kingpin/net/transport.h"
#include "kingpin/pool/thread_shared_data_for_server.h"
#include "kingpin/tls/tls_server.h"

namespace file_server {

struct Shared : kingpin::ThreadSharedDataForServer {
  // `tls_server` null: plain HTTP.
  Shared(kingpin::ServerOptions options, kingpin::http::HttpOptions http,
         kingpin::http::StaticRoot static_root, int connections,
         kingpin::TlsServer* tls_server = nullptr)
      : ThreadSharedDataForServer(std::move(options)),
        http_options(http),
        root(std::move(static_root)),
        max_connections(connections),
        tls(tls_server),
        log_watch_(http.access_log) {}

  // Not a timer of a loop, which would wake an idle server.
  void OnWatchdogTick(kingpin::MonotonicTime now) override {
    ThreadSharedDataForServer::OnWatchdogTick(now);
    if (now - last_look_ < absl::Milliseconds(200)) return;
    last_look_ = now;
    log_watch_.Look();
  }
  void OnRunEnded() override {
    ThreadSharedDataForServer::OnRunEnded();
    if (http_options.access_log != nullptr) http_options.access_log->Flush();
    log_watch_.Look();  // The watchdog has ended.
  }

  const kingpin::http::HttpOptions http_options;
  const kingpin::http::StaticRoot root;
  // Beyond it they are told 503. The framework's own limit lies higher: there
  // they wait unanswered.
  const int max_connections;
  kingpin::TlsServer* const tls;

 private:
  LogWatch log_watch_;
  kingpin::MonotonicTime last_look_;
};

class FileHandler : public kingpin::http::HttpHandler {
 public:
  FileHandler(Shared* shared, int thread)
      : HttpHandler(shared, thread, shared->http_options),
        shared_(*shared),
        files_(this, &shared->root) {}

  std::unique_ptr<kingpin::Transport> NewTransport(size_t) override {
    return shared_.tls == nullptr ? nullptr : shared_.tls->NewTransport();
  }

  void OnConnect(kingpin::Connection& connection) override {
    HttpHandler::OnConnect(connection);
    if (shared_.connections() > shared_.max_connections) {
      RefuseConnection(connection,
                       kingpin::http::HttpStatus::kServiceUnavailable,
                       {{"Retry-After", "1"}});
    }
  }

  void OnRequest(kingpin::Connection& connection,
                 const kingpin::http::Request& request) override {
    files_.Serve(connection, request);
  }

  void OnOutOfDescriptors() override { files_.DropDescriptors(); }

 private:
  Shared& shared_;
  kingpin::http::StaticFiles files_;
};

}  // namespace file_server

#endif  // APPS_FILE_SERVER_FILE_HANDLER_H_

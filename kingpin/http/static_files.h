// StaticFiles: answers GET and HEAD with the files below a directory.
//
// A StaticRoot is the directory and the choices, shared by all threads; a
// StaticFiles is one thread's way of serving it, with its cache. A whole file
// server:
//
//   class FileHandler : public http::HttpHandler {
//    public:
//     FileHandler(Shared* shared, int thread)
//         : HttpHandler(shared, thread), files_(this, &shared->root) {}
//     void OnRequest(Connection& c, const http::Request& request) override {
//       files_.Serve(c, request);
//     }
//     void OnOutOfDescriptors() override { files_.DropDescriptors(); }
//    private:
//     http::StaticFiles files_;
//   };
//
// Paths. The target is decoded once and "." and ".." are resolved (target.h);
// what is left is opened by openat2(2) with RESOLVE_BENEATH on the root's
// descriptor, so neither "..", an encoding, an absolute link, a link that leads
// outside nor one of /proc's magic links gets out of the root, whoever renames
// what meanwhile. (A file that was inside and is cached may be answered with
// for the rest of the second in which its way out of the root, or through a
// link, came about: file_cache.h.) Symbolic links that stay inside are followed
// unless follow_links is false; an absolute link counts as leading outside,
// wherever it points.
//
// Only regular files are answered. Anything else is found out without opening
// it (O_PATH): the open of a FIFO can hold a thread and that of a device can do
// anything. Should one take a file's place between the look and the open,
// O_NONBLOCK and a second look keep it harmless.
//
// Answers:
//   200 206 304   RFC 9110: conditions in the order of 13.2.2, then one range.
//                 HEAD has the fields of GET, but for the length of a
//                 listing, which only making the page would tell. Strong ETag
//                 of inode, size and mtime; weak while the file is younger
//                 than two seconds, for then it may change again within the
//                 same timestamp.
//   301           A directory without its "/".
//   400           A target that climbs above the root, or cannot be decoded.
//   403           No permission; neither file nor directory; a directory
//                 without an index while `list` is off.
//   404           Not there; or beyond a link that leads outside, which is not
//                 told apart so that nothing is learnt about the outside.
//   405           Not GET or HEAD; with Allow.
//   412 416       Conditions; ranges, with Content-Range.
//   500           The disk failed.
//   503           Out of descriptors or memory; with Retry-After. The
//                 descriptors that the cache holds are given up first.
//
// A file that shrinks while it is sent ends the connection before the announced
// length, which every client notices; one that is replaced by rename is sent as
// it was. There is no mmap, hence no SIGBUS.
//
// Small files are answered from file_cache.h: a GET is then one stat and one
// send. Others are sent by sendfile in slices (output_queue.h).
//
// Blocking: a stat, an open and a read of at most max_file_bytes on a cold
// cache wait for the disk, as do sendfile's slices; serve from a network file
// system only with threads to spare.
//
// Threads: StaticRoot is immutable after construction; StaticFiles belongs to
//   its handler's thread.
// Lifetime: the root outlives the StaticFiles, and the handler owns those.
#ifndef KINGPIN_HTTP_STATIC_FILES_H_
#define KINGPIN_HTTP_STATIC_FILES_H_

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "kingpin/http/byte_range.h"
#include "kingpin/http/directory_listing.h"
#include "kingpin/http/file_cache.h"
#include "kingpin/http/http_handler.h"
#include "kingpin/http/request_parser.h"
#include "kingpin/net/connection.h"
#include "kingpin/sys/syscalls.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin::http {

struct StaticFilesOptions {
  // What answers for a directory; empty: nothing does.
  std::string index = "index.html";
  // Whether a directory without an index is listed (directory_listing.h). Off,
  // because a listing tells of files that nothing links to.
  bool list = false;
  // How many names a listing looks at, shown or not; says so if there are more.
  // Each costs a stat, for every GET: 4,096 take some milliseconds, in which
  // the thread does nothing else.
  size_t max_listed = 4096;
  bool follow_links = true;
  FileCacheOptions cache;
};

class StaticRoot {
 public:
  // The error names the directory and the cause: that it cannot be opened, or
  // that the kernel (before Linux 5.6) or a seccomp filter has no openat2(2).
  static absl::StatusOr<StaticRoot> Open(const std::string& directory,
                                         StaticFilesOptions options = {});

  int fd() const { return fd_.get(); }
  const StaticFilesOptions& options() const { return options_; }

 private:
  StaticRoot(UniqueFd fd, StaticFilesOptions options)
      : fd_(std::move(fd)), options_(std::move(options)) {}

  UniqueFd fd_;
  StaticFilesOptions options_;
};

class StaticFiles {
 public:
  StaticFiles(HttpHandler* handler, const StaticRoot* root)
      : handler_(*handler), root_(*root), cache_(root->options().cache) {}

  // Answers `request`; to be called from OnRequest.
  void Serve(Connection& connection, const Request& request);

  // Closes what the cache keeps open, which it does anyway when it cannot open
  // a file. For OnOutOfDescriptors: connections need them more.
  void DropDescriptors() { cache_.DropDescriptors(); }

  const FileCache& cache() const { return cache_; }

 private:
  // Answers with the file at path_ or an error; false, and no answer, if it is
  // a directory.
  bool ServeFile(Connection& connection, const Request& request);
  void ServeDirectory(Connection& connection, const Request& request);
  void RedirectToDirectory(Connection& connection, const Request& request);
  // `here` is the directory's path_, empty for the root.
  void List(Connection& connection, const std::string& here,
            UniqueFd directory);
  // The entry `name` of the directory `here`, which is open as `directory`;
  // nothing if it would not be served.
  std::optional<ListedEntry> Look(int directory, const std::string& here,
                                  const char* name);

  // The cache entry of path_ if it is in the state of `stamp` and has been let
  // in by openat2 within this second, or is let in again now.
  CachedFile* FindLetIn(const FileStamp& stamp, uint64_t round);
  // The regular file at path_: its cache entry, or `uncached_`; null after an
  // error, which `error` then has (0: it is no regular file).
  CachedFile* Load(int* error);
  // Opens path_ beneath the root, giving up descriptors of the cache if they
  // have run out.
  SysResult<UniqueFd> Open(int flags);
  // Appends the content to the answer of `file`; false if the file is not what `stamp` says.
  bool ReadContent(int fd, const FileStamp& stamp, CachedFile* file);
  void Describe(const FileStamp& stamp, int64_t now, CachedFile* file);
  void ScheduleSweep();

  void Answer(Connection& connection, const Request& request, CachedFile& file);
  void AnswerWhole(Connection& connection, CachedFile& file);
  void AnswerConditional(Connection& connection, const Request& request,
                         CachedFile& file);
  void AnswerRange(Connection& connection, const CachedFile& file,
                   const ByteRange& range);
  void AnswerErrno(Connection& connection, int error);
  // The fields that 200, 206 and 304 share.
  void AddValidators(const CachedFile& file, ResponseHead* head);

  HttpHandler& handler_;
  const StaticRoot& root_;
  FileCache cache_;
  bool sweep_scheduled_ = false;

  // Scratch.
  std::string path_;  // Relative to the root.
  CachedFile uncached_;
};

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_STATIC_FILES_H_

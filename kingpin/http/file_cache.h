// FileCache: what one thread remembers of the files it serves, so that a small
// one is answered by looking at its inode and sending.
//
//   path -> {identity, open descriptor or the whole answer}
//
// Content is never stale: every hit is checked against a fresh stat (StampOf),
// and only an entry whose device, inode, size, mtime and ctime are all the same
// is used. That is the file that openat2 let in earlier, with the content it
// had then: any write or truncation moves ctime, and a file that was replaced
// by rename has another inode. Timestamps are only as fine as the kernel's
// tick, so a file that was changed in the last two seconds is never put in
// (IsSettled): what is in cannot change without its ctime moving.
//
// Permission can be, for a second at most. A stat follows links, so it does not
// tell whether the way to the same file still lies inside of the root: a
// directory above it can be moved out and a link be put in its place. So an
// entry is good only within the second in which openat2 last let it in
// (let_in_at); after that the caller has it let in again, which costs an O_PATH
// open a file a second.
//
// One stat serves all the requests that a loop handles in one round
// (FindChecked), as long as they began to arrive before the round did: then
// none was sent by somebody who had seen a later state of the file. Under load
// that is one stat for dozens of requests.
//
// Bounds: entries, bytes of content and descriptors, each; the entry that was
// used longest ago makes room. DropUnused lets go of deleted files' space.
//
// Threads: one at a time. Lifetime: an entry holds until the next Insert, Erase
// or DropUnused.
//
//   CachedFile* file = cache.FindChecked(path, round);
//   if (file == nullptr) file = cache.Find(path, StampOf(status), round);
//   if (file != nullptr && file->let_in_at != now) ...
//   if (file == nullptr) file = cache.Insert(path, Load(path), round);
#ifndef KINGPIN_HTTP_FILE_CACHE_H_
#define KINGPIN_HTTP_FILE_CACHE_H_

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin::http {

// Which state of which file.
struct FileStamp {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t size = 0;
  int64_t mtime_ns = 0;
  int64_t ctime_ns = 0;
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};
FileStamp StampOf(const struct stat& status);

// Whether a change from now on is sure to show in the stamp.
inline bool IsSettled(const FileStamp& stamp, int64_t unix_seconds) {
  return stamp.ctime_ns / 1'000'000'000 + 2 < unix_seconds;
}

// A regular file and what every answer about it says.
struct CachedFile {
  FileStamp stamp;
  std::string etag;
  int64_t last_modified = 0;  // Unix time; never in the future.
  std::string_view media_type;
  // "HTTP/1.1 200 OK ... CRLF CRLF" for a connection that is kept, then the
  // content if it is cached. The Date is written over at date_at.
  std::string answer;
  size_t head_bytes = 0;
  size_t date_at = 0;
  int64_t date_seconds = -1;
  // When openat2 last let it in. Unix time.
  int64_t let_in_at = -1;
  // Null when the content is in `answer`.
  std::shared_ptr<const UniqueFd> file;

  bool has_content() const { return file == nullptr; }
};

struct FileCacheOptions {
  // Each a thread. 0 entries: nothing is remembered. One costs 50 bytes from the
  // start, and what its path and head take once it is there.
  size_t max_entries = 1024;
  size_t max_content_bytes = 16 << 20;
  size_t max_descriptors = 128;
  // Files up to this size are kept as a whole.
  size_t max_file_bytes = 32 << 10;
};

class FileCache {
 public:
  explicit FileCache(const FileCacheOptions& options);
  FileCache(const FileCache&) = delete;
  FileCache& operator=(const FileCache&) = delete;

  // Null when it is not known, or no longer in that state: then it is
  // forgotten. `round` is when `stamp` was taken.
  CachedFile* Find(std::string_view path, const FileStamp& stamp,
                   uint64_t round);
  // Null unless it was found or inserted in this very `round`.
  CachedFile* FindChecked(std::string_view path, uint64_t round);
  // `file` is settled. Returns where it is now.
  CachedFile* Insert(std::string_view path, CachedFile file, uint64_t round);
  void Erase(std::string_view path);

  // Forgets what was not found since the last call, for a caller with a timer.
  void DropUnused();
  // Closes descriptors, to be called when they have run out. False: had none.
  bool DropDescriptors();

  size_t size() const { return index_.size(); }
  size_t content_bytes() const { return content_bytes_; }
  size_t descriptors() const { return descriptors_; }

 private:
  struct Entry {
    std::string path;
    CachedFile file;
    uint64_t round = 0;  // Of the last check against a fresh stat.
    bool used = true;
  };
  using List = std::list<Entry>;  // The most recently used first.

  void Remove(List::iterator entry);
  bool OverLimit() const;

  const FileCacheOptions options_;
  List entries_;
  absl::flat_hash_map<std::string_view, List::iterator> index_;
  size_t content_bytes_ = 0;
  size_t descriptors_ = 0;
};

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_FILE_CACHE_H_

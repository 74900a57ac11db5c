#include "kingpin/http/file_cache.h"

#include <utility>

namespace kingpin::http {
namespace {

int64_t Nanos(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

FileStamp StampOf(const struct stat& status) {
  return {
      .device = status.st_dev,
      .inode = status.st_ino,
      .size = static_cast<uint64_t>(status.st_size),
      .mtime_ns = Nanos(status.st_mtim),
      .ctime_ns = Nanos(status.st_ctim),
  };
}

FileCache::FileCache(const FileCacheOptions& options) : options_(options) {
  // For good: when memory runs out while it grows, Abseil's table is lost, and an
  // entry would be in the list only. One more, which Insert adds before it removes.
  index_.reserve(options.max_entries + 1);
}

CachedFile* FileCache::FindChecked(std::string_view path, uint64_t round) {
  const auto found = index_.find(path);
  if (found == index_.end() || found->second->round != round) return nullptr;
  return &found->second->file;
}

CachedFile* FileCache::Find(std::string_view path, const FileStamp& stamp,
                            uint64_t round) {
  const auto found = index_.find(path);
  if (found == index_.end()) return nullptr;
  const List::iterator entry = found->second;
  if (entry->file.stamp != stamp) {
    Remove(entry);
    return nullptr;
  }
  entry->used = true;
  entry->round = round;
  if (entry != entries_.begin()) {
    entries_.splice(entries_.begin(), entries_, entry);
  }
  return &entry->file;
}

CachedFile* FileCache::Insert(std::string_view path, CachedFile file,
                              uint64_t round) {
  Erase(path);
  entries_.push_front(
      {.path = std::string(path), .file = std::move(file), .round = round});
  const List::iterator entry = entries_.begin();
  index_.emplace(entry->path, entry);
  content_bytes_ += entry->file.answer.size();
  descriptors_ += entry->file.has_content() ? 0 : 1;
  // The new one stays whatever it is: the caller is about to use it.
  while (OverLimit() && entries_.size() > 1) Remove(std::prev(entries_.end()));
  return &entry->file;
}

void FileCache::Erase(std::string_view path) {
  const auto found = index_.find(path);
  if (found != index_.end()) Remove(found->second);
}

void FileCache::DropUnused() {
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto here = entry++;
    if (!std::exchange(here->used, false)) Remove(here);
  }
}

bool FileCache::DropDescriptors() {
  if (descriptors_ == 0) return false;
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto here = entry++;
    if (!here->file.has_content()) Remove(here);
  }
  return true;
}

void FileCache::Remove(List::iterator entry) {
  content_bytes_ -= entry->file.answer.size();
  descriptors_ -= entry->file.has_content() ? 0 : 1;
  index_.erase(entry->path);
  entries_.erase(entry);
}

bool FileCache::OverLimit() const {
  return entries_.size() > options_.max_entries ||
         content_bytes_ > options_.max_content_bytes ||
         descriptors_ > options_.max_descriptors;
}

}  // namespace kingpin::http

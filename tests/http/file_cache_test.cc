#include "kingpin/http/file_cache.h"

#include <fcntl.h>

#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin::http {
namespace {

FileStamp Stamp(uint64_t inode) { return {.inode = inode}; }

CachedFile Content(uint64_t inode, size_t size = 10) {
  CachedFile file;
  file.stamp = Stamp(inode);
  file.answer = std::string(size, 'x');
  return file;
}

CachedFile Descriptor(uint64_t inode) {
  CachedFile file = Content(inode);
  file.file = std::make_shared<const UniqueFd>(open("/dev/null", O_RDONLY));
  return file;
}

TEST(FileCacheTest, FindsOnlyTheSameState) {
  FileCache cache({});
  EXPECT_EQ(cache.Find("a", Stamp(1), 1), nullptr);
  cache.Insert("a", Content(1), 1);
  ASSERT_NE(cache.Find("a", Stamp(1), 2), nullptr);
  const FileStamp other_states[] = {{.device = 1, .inode = 1},
                                    {.inode = 2},
                                    {.inode = 1, .size = 1},
                                    {.inode = 1, .mtime_ns = 1},
                                    {.inode = 1, .ctime_ns = 1}};
  for (const FileStamp& other : other_states) {
    cache.Insert("a", Content(1), 1);
    EXPECT_EQ(cache.Find("a", other, 2), nullptr);
    EXPECT_EQ(cache.size(), 0u);  // Forgotten.
  }
}

TEST(FileCacheTest, CheckedHoldsForOneRound) {
  FileCache cache({});
  EXPECT_EQ(cache.FindChecked("a", 7), nullptr);
  cache.Insert("a", Content(1), 7);
  EXPECT_NE(cache.FindChecked("a", 7), nullptr);
  EXPECT_EQ(cache.FindChecked("a", 8), nullptr);
  cache.Find("a", Stamp(1), 8);
  EXPECT_NE(cache.FindChecked("a", 8), nullptr);
}

TEST(FileCacheTest, TheLeastRecentlyUsedMakesRoom) {
  FileCache cache({.max_entries = 2});
  cache.Insert("a", Content(1), 1);
  cache.Insert("b", Content(2), 1);
  cache.Find("a", Stamp(1), 1);
  cache.Insert("c", Content(3), 1);
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_NE(cache.Find("a", Stamp(1), 1), nullptr);
  EXPECT_EQ(cache.Find("b", Stamp(2), 1), nullptr);
}

TEST(FileCacheTest, BoundsContentAndDescriptors) {
  FileCache cache({.max_content_bytes = 100, .max_descriptors = 2});
  for (int i = 0; i < 10; ++i) {
    cache.Insert("c" + std::to_string(i), Content(i, 40), 1);
    EXPECT_LE(cache.content_bytes(), 100u);
  }
  cache.Insert("large", Content(1, 1000), 1);  // About to be used.
  EXPECT_EQ(cache.size(), 1u);
  for (int i = 0; i < 10; ++i) {
    cache.Insert("d" + std::to_string(i), Descriptor(i), 1);
    EXPECT_LE(cache.descriptors(), 2u);
  }
}

TEST(FileCacheTest, InsertReplaces) {
  FileCache cache({});
  cache.Insert("a", Descriptor(1), 1);
  cache.Insert("a", Content(2), 1);
  EXPECT_EQ(cache.size(), 1u);
  EXPECT_EQ(cache.descriptors(), 0u);
  EXPECT_EQ(cache.content_bytes(), 10u);
  cache.Erase("a");
  EXPECT_EQ(cache.content_bytes(), 0u);
}

TEST(FileCacheTest, DropUnused) {
  FileCache cache({});
  cache.Insert("a", Content(1), 1);
  cache.Insert("b", Content(2), 1);
  cache.DropUnused();
  EXPECT_EQ(cache.size(), 2u);  // Both are new.
  cache.Find("a", Stamp(1), 2);
  cache.DropUnused();
  EXPECT_EQ(cache.size(), 1u);
  cache.DropUnused();
  EXPECT_EQ(cache.size(), 0u);
}

TEST(FileCacheTest, DropDescriptors) {
  FileCache cache({});
  EXPECT_FALSE(cache.DropDescriptors());
  cache.Insert("a", Content(1), 1);
  cache.Insert("b", Descriptor(2), 1);
  EXPECT_TRUE(cache.DropDescriptors());
  EXPECT_EQ(cache.size(), 1u);
  EXPECT_EQ(cache.descriptors(), 0u);
}

TEST(FileCacheTest, SettledIsTwoSecondsAndATick) {
  const FileStamp stamp = {.ctime_ns = 100'999'999'999};
  EXPECT_FALSE(IsSettled(stamp, 100));
  EXPECT_FALSE(IsSettled(stamp, 102));
  EXPECT_TRUE(IsSettled(stamp, 103));
}

}  // namespace
}  // namespace kingpin::http

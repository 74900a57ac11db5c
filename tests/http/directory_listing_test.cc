#include "kingpin/http/directory_listing.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace kingpin::http {
namespace {

TEST(DirectoryListingTest, HumanSize) {
  EXPECT_EQ(HumanSize(0), "0 B");
  EXPECT_EQ(HumanSize(1023), "1023 B");
  EXPECT_EQ(HumanSize(1024), "1.0 KiB");
  EXPECT_EQ(HumanSize(1536), "1.5 KiB");
  EXPECT_EQ(HumanSize((1 << 20) - 1), "1.0 MiB");
  EXPECT_EQ(HumanSize(3ull << 30), "3.0 GiB");
  EXPECT_EQ(HumanSize(UINT64_MAX), "16.0 EiB");
}

TEST(DirectoryListingTest, EscapesNamesAndPath) {
  std::vector<ListedEntry> entries = {{.name = "<script>alert('x')</script>"},
                                      {.name = "javascript:x"},
                                      {.name = "\"onclick=\"x"}};
  const std::string page = ListingPage("/<b>/", &entries, false);
  EXPECT_FALSE(absl::StrContains(page, "<script"));
  EXPECT_FALSE(absl::StrContains(page, "<b>"));
  EXPECT_FALSE(absl::StrContains(page, "\"onclick"));
  EXPECT_TRUE(absl::StrContains(page, "href=\"./javascript%3Ax\""));
}

TEST(DirectoryListingTest, DirectoriesFirstThenNames) {
  std::vector<ListedEntry> entries = {
      {.name = "b"}, {.name = "z", .is_directory = true}, {.name = "a"}};
  const std::string page = ListingPage("/", &entries, true);
  EXPECT_LT(page.find(">z/<"), page.find(">a<"));
  EXPECT_LT(page.find(">a<"), page.find(">b<"));
  EXPECT_FALSE(absl::StrContains(page, "../"));
  EXPECT_TRUE(absl::StrContains(page, "Only 3 entries"));
}

}  // namespace
}  // namespace kingpin::http

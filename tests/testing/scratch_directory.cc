#include "tests/testing/scratch_directory.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace kingpin::testing {

ScratchDirectory::ScratchDirectory(Place place)
    : path_(absl::StrCat(place == Place::kShort ? "/tmp" : ::testing::TempDir(),
                         "/scratch.XXXXXX")) {
  EXPECT_NE(mkdtemp(path_.data()), nullptr);
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string ScratchDirectory::File(std::string_view name) const {
  return absl::StrCat(path_, "/", name);
}

std::vector<std::string> ScratchDirectory::List() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace kingpin::testing

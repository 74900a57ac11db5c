// ScratchDirectory: a directory that nobody else has, gone with all in it at its end.
//
//   const ScratchDirectory directory;
//   std::ofstream(directory.File("log")) << "hello\n";
#ifndef KINGPIN_TESTS_TESTING_SCRATCH_DIRECTORY_H_
#define KINGPIN_TESTS_TESTING_SCRATCH_DIRECTORY_H_

#include <string>
#include <string_view>
#include <vector>

namespace kingpin::testing {

class ScratchDirectory {
 public:
  enum class Place {
    kOfTheTest,
    kShort,  // Its paths fit into the address of a socket, wherever the tests run.
  };
  explicit ScratchDirectory(Place place = Place::kOfTheTest);
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string File(std::string_view name) const;
  // Names, sorted.
  std::vector<std::string> List() const;

 private:
  std::string path_;
};

}  // namespace kingpin::testing

#endif  // KINGPIN_TESTS_TESTING_SCRATCH_DIRECTORY_H_

// Runs a fuzz target over the files that are named on the command line, without
// a fuzzing engine, so that the corpus is an ordinary regression test.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <ios>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size);

namespace {

bool Replay(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "cannot read %s\n", path);
    return false;
  }
  const std::vector<char> input{std::istreambuf_iterator<char>(file),
                                std::istreambuf_iterator<char>()};
  // The name comes first: if the target crashes, it is the last line printed.
  std::fprintf(stderr, "%s (%zu bytes)\n", path, input.size());
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()),
                         input.size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint8_t nothing = 0;
  LLVMFuzzerTestOneInput(&nothing, 0);
  bool readable = true;
  for (int i = 1; i < argc; ++i) readable = Replay(argv[i]) && readable;
  std::fprintf(stderr, "replayed %d inputs\n", argc - 1);
  return readable ? 0 : 1;
}

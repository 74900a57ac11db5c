// Writes files into a C++ source: the table that assets.h gives access to.
//
//   embed_assets ROOT FILE... > assets_table.cc
//
// FILEs lie below ROOT (a part of their paths); what follows it is their path in the
// browser. A tool of the build.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "kingpin/http/media_type.h"

namespace {

struct File {
  std::string path;  // "/view/board.js"
  std::string bytes;
};

// FNV-1a: it has to change with the file, not to withstand anybody.
uint64_t Hash(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : bytes) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return hash;
}

bool IsPlain(unsigned char c) {
  return c >= ' ' && c < 0x7f && c != '"' && c != '\\' && c != '?';
}

// As string literals, one a line; compilers read them much faster than numbers.
void WriteLiteral(std::string_view bytes) {
  std::string line;
  const auto flush = [&line] {
    std::cout << "\n    \"" << line << '"';
    line.clear();
  };
  for (const char c : bytes) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (IsPlain(byte)) {
      line.push_back(c);
    } else {
      char octal[8];
      std::snprintf(octal, sizeof octal, "\\%03o", byte);
      line += octal;
    }
    if (line.size() > 90) flush();
  }
  flush();
}

void WriteEntry(const File& file) {
  char etag[64];
  std::snprintf(etag, sizeof etag, "\\\"%016llx\\\"",
                static_cast<unsigned long long>(Hash(file.bytes)));
  std::cout << "  {\"" << file.path << "\", \""
            << kingpin::http::MediaTypeOf(file.path) << "\", \"" << etag
            << "\", {";
  WriteLiteral(file.bytes);
  std::cout << ", " << file.bytes.size() << "}},\n";
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<File> files;
  for (int i = 2; i < argc; ++i) {
    const std::string name = argv[i];
    const size_t root = name.find(argv[1]);
    std::ifstream in(name, std::ios::binary);
    if (root == name.npos || !in) {
      std::cerr << "embed_assets: cannot embed " << name << "\n";
      return 1;
    }
    files.push_back({name.substr(root + std::string_view(argv[1]).size()),
                     std::string(std::istreambuf_iterator<char>(in), {})});
  }
  std::ranges::sort(files, {}, &File::path);
  std::cout << "#include \"apps/chinese_chess/web/assets.h\"\n\n"
               "namespace chinese_chess {\nnamespace {\n\n"
               "constexpr Asset kAssets[] = {\n";
  for (const File& file : files) WriteEntry(file);
  std::cout << "};\n\n}  // namespace\n\n"
               "std::span<const Asset> Assets() { return kAssets; }\n\n"
               "}  // namespace chinese_chess\n";
  return std::cout.flush() ? 0 : 1;
}

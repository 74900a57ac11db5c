// Writes files into a C++ source: the table that assets.h gives access to.
//
//   embed_assets ROOT FILE... > assets_table.cc
//
// Each is there twice, as it is and compressed. FILEs lie below ROOT (a part of their paths); what follows it is their path in the
// browser. A tool of the build.
#include <zlib.h>

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

// With the best that zlib can do: it is done once.
std::string Gzip(std::string_view bytes) {
  constexpr int kGzipFormat = 16;  // Added to the window's size.
  z_stream stream = {};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED,
                   MAX_WBITS + kGzipFormat, MAX_MEM_LEVEL,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return "";
  }
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return result == Z_STREAM_END && out.size() < bytes.size() ? out : "";
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

// The tag and the bytes; nothing for no bytes.
void WriteForm(std::string_view bytes) {
  if (bytes.empty()) {
    std::cout << ", \"\", \"\"";
    return;
  }
  char etag[64];
  std::snprintf(etag, sizeof etag, "\\\"%016llx\\\"",
                static_cast<unsigned long long>(Hash(bytes)));
  std::cout << ", \"" << etag << "\", {";
  WriteLiteral(bytes);
  std::cout << ", " << bytes.size() << "}";
}

void WriteEntry(const File& file) {
  std::cout << "  {\"" << file.path << "\", \""
            << kingpin::http::MediaTypeOf(file.path) << "\"";
  WriteForm(file.bytes);
  WriteForm(Gzip(file.bytes));
  std::cout << "},\n";
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

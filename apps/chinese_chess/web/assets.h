// The browser client, as files inside of the binary.
//
// The table is made by the build (embed_assets.cc) and sorted by path. Paths are as the
// browser asks for them; "/" is "/index.html". What is here lives for ever.
//
// Pure, safe from any thread.
//
//   if (const Asset* asset = FindAsset("/view/board_view.js")) {
//     Send(asset->media_type, asset->etag, asset->bytes);
//   }
#ifndef APPS_CHINESE_CHESS_WEB_ASSETS_H_
#define APPS_CHINESE_CHESS_WEB_ASSETS_H_

#include <span>
#include <string_view>

namespace chinese_chess {

struct Asset {
  std::string_view path;        // "/view/board_view.js"
  std::string_view media_type;  // "text/javascript; charset=utf-8"
  std::string_view etag;        // With its quotes; another for other bytes.
  std::string_view bytes;
  // The same as gzip has it (RFC 1952), with a tag of its own; empty: it is no smaller.
  std::string_view gzip_etag;
  std::string_view gzip_bytes;
};

std::span<const Asset> Assets();

// Null: there is no such file.
const Asset* FindAsset(std::string_view path);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_WEB_ASSETS_H_

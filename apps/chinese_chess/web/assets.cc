#include "apps/chinese_chess/web/assets.h"

#include <algorithm>

namespace chinese_chess {

const Asset* FindAsset(std::string_view path) {
  if (path == "/") path = "/index.html";
  const std::span<const Asset> assets = Assets();
  const auto found = std::ranges::lower_bound(assets, path, {}, &Asset::path);
  return found != assets.end() && found->path == path ? &*found : nullptr;
}

}  // namespace chinese_chess

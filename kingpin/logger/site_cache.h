// SiteCache: the compiled sites of a backend, by number.
//
// Threads: one at a time.
#ifndef KINGPIN_LOGGER_SITE_CACHE_H_
#define KINGPIN_LOGGER_SITE_CACHE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/optimization.h"
#include "kingpin/logger/line_format.h"
#include "kingpin/logger/site.h"

namespace kingpin::log_internal {

class SiteCache {
 public:
  // Of a number that SiteTable gave out.
  const CompiledSite& Get(uint32_t number) {
    if (ABSL_PREDICT_TRUE(number < sites_.size() && sites_[number])) {
      return *sites_[number];
    }
    return Compile(number);
  }

 private:
  const CompiledSite& Compile(uint32_t number) {
    if (number >= sites_.size()) sites_.resize(number + 1);
    const Site& site = *SiteTable::Find(number);
    sites_[number] = std::make_unique<CompiledSite>(
        site.level, site.prefix, site.file, site.line, site.format, site.types);
    return *sites_[number];
  }

  std::vector<std::unique_ptr<CompiledSite>> sites_;
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_SITE_CACHE_H_

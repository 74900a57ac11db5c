// The HTML page that lists a directory.
//
// Pure; safe from any thread. Names are escaped for where they stand
// (escape.h), so a file name cannot become markup or the URL of another scheme.
//
//   std::vector<ListedEntry> entries = {{"sub", true}, {"a.txt", false, 12}};
//   std::string page = ListingPage("/pub/", &entries, /*more=*/false);
#ifndef KINGPIN_HTTP_DIRECTORY_LISTING_H_
#define KINGPIN_HTTP_DIRECTORY_LISTING_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kingpin::http {

struct ListedEntry {
  std::string name;
  bool is_directory = false;
  uint64_t size = 0;     // Files only.
  int64_t modified = 0;  // Unix time.
};

// `path` is decoded and begins and ends with "/". Sorts `entries`: directories
// first, then by name. `more`: there are more than are listed.
std::string ListingPage(std::string_view path,
                        std::vector<ListedEntry>* entries, bool more);

// "0 B", "1.5 KiB", "3.0 GiB"; at most 10 characters.
std::string HumanSize(uint64_t bytes);

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_DIRECTORY_LISTING_H_

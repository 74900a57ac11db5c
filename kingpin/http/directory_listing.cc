#include "kingpin/http/directory_listing.h"

#include <time.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "kingpin/http/escape.h"

namespace kingpin::http {
namespace {

constexpr std::string_view kStyle = R"(<style>
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;
padding:0 1rem}
h1{font-size:1.25rem;font-weight:600;overflow-wrap:anywhere}
table{width:100%;border-collapse:collapse}
th{font-size:.8rem;font-weight:500;text-align:left;opacity:.6}
th,td{padding:.3rem .5rem;border-bottom:1px solid #8883}
td:first-child{overflow-wrap:anywhere}
.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
a{text-decoration:none}a:hover{text-decoration:underline}
tr:hover td{background:#8881}
p{opacity:.6}
</style>
)";

// "2026-11-23 12:16" in UTC, which needs no time zone to be named.
std::string TimeText(int64_t unix_seconds) {
  const time_t seconds = unix_seconds;
  tm utc;
  if (gmtime_r(&seconds, &utc) == nullptr) return "";
  char text[64];
  return std::string(text,
                     strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &utc));
}

void AppendRow(const ListedEntry& entry, std::string* page) {
  const std::string_view slash = entry.is_directory ? "/" : "";
  // "./": a name may begin like a scheme or be empty after a slash.
  absl::StrAppend(page, "<tr><td><a href=\"./");
  AppendPercentEncoded(entry.name, page);
  absl::StrAppend(page, slash, "\">");
  AppendHtmlEscaped(entry.name, page);
  absl::StrAppend(page, slash, "</a></td><td class=n>",
                  entry.is_directory ? "" : HumanSize(entry.size),
                  "</td><td class=n>", TimeText(entry.modified),
                  "</td></tr>\n");
}

}  // namespace

std::string HumanSize(uint64_t bytes) {
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  // 1023.95 would be printed as 1024.0.
  while (value >= 1023.95 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f %s", value, kUnits[unit]);
  return text;
}

std::string ListingPage(std::string_view path,
                        std::vector<ListedEntry>* entries, bool more) {
  std::sort(entries->begin(), entries->end(),
            [](const ListedEntry& a, const ListedEntry& b) {
              if (a.is_directory != b.is_directory) return a.is_directory;
              return a.name < b.name;
            });
  std::string title;
  AppendHtmlEscaped(path, &title);
  std::string page = absl::StrCat(
      "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n"
      "<meta name=viewport content=\"width=device-width\">\n<title>",
      title, "</title>\n", kStyle, "<h1>", title, "</h1>\n<table>\n",
      "<tr><th>Name<th class=n>Size<th class=n>Modified (UTC)</tr>\n");
  if (path != "/") {
    absl::StrAppend(&page, "<tr><td><a href=\"../\">../</a></td>",
                    "<td></td><td></td></tr>\n");
  }
  for (const ListedEntry& entry : *entries) AppendRow(entry, &page);
  absl::StrAppend(&page, "</table>\n");
  if (more) {
    absl::StrAppend(&page, "<p>Only ", entries->size(),
                    " entries are listed; there are more.</p>\n");
  }
  return page;
}

}  // namespace kingpin::http

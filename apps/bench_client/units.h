// Numbers as people read them.
//
//   DurationText(1'234'000) == "1.23 ms"
//   CountText(1'234'567) == "1.23M"
//   BytesText(1 << 20) == "1.00 MiB"
#ifndef APPS_BENCH_CLIENT_UNITS_H_
#define APPS_BENCH_CLIENT_UNITS_H_

#include <cstdint>
#include <string>

namespace bench_client {

// Three digits, and the unit that leaves one to three of them before the point.
std::string DurationText(double ns);
std::string CountText(double count);
std::string BytesText(double bytes);

}  // namespace bench_client

#endif  // APPS_BENCH_CLIENT_UNITS_H_

// A result as text for a terminal: the numbers, and two pictures of the latencies.
//
//   std::fputs(TextReport(result, {.utf8 = true}).c_str(), stdout);
#ifndef APPS_BENCH_CLIENT_TEXT_REPORT_H_
#define APPS_BENCH_CLIENT_TEXT_REPORT_H_

#include <string>

#include "apps/bench_client/result.h"

namespace bench_client {

struct TextReportOptions {
  bool utf8 = true;  // Else the pictures are made of ASCII.
};

std::string TextReport(const Result& result, const TextReportOptions& options);

}  // namespace bench_client

#endif  // APPS_BENCH_CLIENT_TEXT_REPORT_H_

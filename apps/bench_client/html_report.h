// A result as one HTML page with pictures, that needs no other file and no network:
// numbers, responses and latencies over time, latencies by percentile, and how often
// each occurred.
//
//   std::ofstream("report.html") << HtmlReport(result);
#ifndef APPS_BENCH_CLIENT_HTML_REPORT_H_
#define APPS_BENCH_CLIENT_HTML_REPORT_H_

#include <string>

#include "apps/bench_client/result.h"

namespace bench_client {

std::string HtmlReport(const Result& result);

}  // namespace bench_client

#endif  // APPS_BENCH_CLIENT_HTML_REPORT_H_

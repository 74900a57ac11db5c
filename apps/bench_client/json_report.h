// A result as one line of JSON, for programs. Times are in nanoseconds.
//
//   std::puts(JsonReport(result).c_str());
#ifndef APPS_BENCH_CLIENT_JSON_REPORT_H_
#define APPS_BENCH_CLIENT_JSON_REPORT_H_

#include <string>

#include "apps/bench_client/result.h"

namespace bench_client {

std::string JsonReport(const Result& result);

}  // namespace bench_client

#endif  // APPS_BENCH_CLIENT_JSON_REPORT_H_

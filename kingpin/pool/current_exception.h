// DescribeCurrentException: what was thrown, for a log line or a Status, where
// anything may come out of a callback.
//
// Threads: any. To be called in a catch block only.
//
//   try {
//     callback();
//   } catch (...) {
//     KLOG(ERROR) << "a callback threw" << DescribeCurrentException();
//   }
#ifndef KINGPIN_POOL_CURRENT_EXCEPTION_H_
#define KINGPIN_POOL_CURRENT_EXCEPTION_H_

#include <string>

namespace kingpin {

// ": " and what() of a std::exception; nothing for other types. Memory may have run
// out: then it says so instead.
std::string DescribeCurrentException() noexcept;

}  // namespace kingpin

#endif  // KINGPIN_POOL_CURRENT_EXCEPTION_H_

#include "kingpin/pool/current_exception.h"

#include <exception>

#include "absl/strings/str_cat.h"

namespace kingpin {

std::string DescribeCurrentException() {
  try {
    throw;
  } catch (const std::exception& e) {
    return absl::StrCat(": ", e.what());
  } catch (...) {
    return "";
  }
}

}  // namespace kingpin

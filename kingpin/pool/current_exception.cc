#include "kingpin/pool/current_exception.h"

#include <exception>
#include <new>

#include "absl/strings/str_cat.h"

namespace kingpin {

std::string DescribeCurrentException() noexcept {
  try {
    try {
      throw;
    } catch (const std::exception& e) {
      return absl::StrCat(": ", e.what());
    } catch (...) {
      return "";
    }
  } catch (const std::bad_alloc&) {
    return ": no memory";  // So short that it needs none.
  }
}

}  // namespace kingpin

#include "kingpin/sys/version.h"

#include <errno.h>

#include "absl/strings/str_cat.h"

namespace kingpin {

std::string VersionLine() {
  return absl::StrCat(program_invocation_short_name, " (kingpin) ", kVersion,
                      "\n");
}

}  // namespace kingpin

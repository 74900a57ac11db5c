// Version: which release of Kingpin a program was built with.
//
// Pure; safe from any thread.
//
//   absl::SetFlagsUsageConfig({.version_string = kingpin::VersionLine});
#ifndef KINGPIN_SYS_VERSION_H_
#define KINGPIN_SYS_VERSION_H_

#include <string>

namespace kingpin {

// As MODULE.bazel has it.
inline constexpr char kVersion[] = "0.1.0";

// "PROGRAM (kingpin) 0.1.0" and a line end: what `--version` prints.
std::string VersionLine();

}  // namespace kingpin

#endif  // KINGPIN_SYS_VERSION_H_

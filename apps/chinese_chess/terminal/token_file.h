// The file of --token_file: who somebody is between runs, for nobody else's eyes.
//
//   6f1c...     the token, as servers make them: 64 digits, a to f among them
//   Zhang       the name
//
// What is no such file is somebody's and stays as it is.
//
// It blocks on the disk, for an instant. Threads: one at a time for each file.
// Errors: FailedPrecondition, it is another file; else of the disk, with the path.
//
//   absl::StatusOr<KeptToken> kept = ReadTokenFile("token");
//   if (!kept.ok()) return kept.status();
//   kept->name = "Li";
//   return WriteTokenFile("token", *kept);
#ifndef APPS_CHINESE_CHESS_TERMINAL_TOKEN_FILE_H_
#define APPS_CHINESE_CHESS_TERMINAL_TOKEN_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace chinese_chess {

struct KeptToken {
  std::string token;
  std::string name;

  friend bool operator==(const KeptToken&, const KeptToken&) = default;
};

// Empty if the file is, or is not there.
absl::StatusOr<KeptToken> ReadTokenFile(const std::string& path);

// In place of what the file has, which stays if it fails; by way of a new file beside it. For
// its owner alone.
absl::Status WriteTokenFile(const std::string& path, const KeptToken& kept);

// Of a token that a server has refused, which another one may know: the file gets a name
// that nothing has, `path`.refused, else .refused.2 and so on, which is returned. NotFound:
// there is no such file, or it is a device, which keeps nothing.
absl::StatusOr<std::string> SetTokenFileAside(const std::string& path);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_TERMINAL_TOKEN_FILE_H_

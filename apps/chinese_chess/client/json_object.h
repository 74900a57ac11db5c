// JsonObject: a JSON object whose members are looked up by name: a message of the
// server's, or a part of one.
//
// Parse() checks all of the text; a value is decoded when it is asked for. What is not
// there, or of another kind, is empty, nullopt or false: a client lives with what a newer
// server leaves out or adds, and asks for what it cannot do without by the optionals.
//
// Threads: immutable.
// Lifetime: a view of its text, which outlives it.
//
//   absl::StatusOr<JsonObject> message = JsonObject::Parse(line);
//   if (!message.ok()) return message.status();
//   if (message->Text("t") == "move") Show(message->Text("move"));
#ifndef APPS_CHINESE_CHESS_CLIENT_JSON_OBJECT_H_
#define APPS_CHINESE_CHESS_CLIENT_JSON_OBJECT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace chinese_chess {

class JsonObject {
 public:
  // A key that is there twice is an error.
  static absl::StatusOr<JsonObject> Parse(std::string_view text);

  bool Has(std::string_view key) const { return Find(key) != nullptr; }
  std::string Text(std::string_view key) const;
  std::optional<int64_t> Integer(std::string_view key) const;
  bool Flag(std::string_view key) const;
  // As it is written.
  std::string_view Raw(std::string_view key) const;
  // An object without members if there is none.
  JsonObject Object(std::string_view key) const;
  // Of a list, the elements that are objects, or strings.
  std::vector<JsonObject> Objects(std::string_view key) const;
  std::vector<std::string> Texts(std::string_view key) const;

 private:
  const std::string_view* Find(std::string_view key) const;

  std::vector<std::pair<std::string, std::string_view>> members_;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_CLIENT_JSON_OBJECT_H_

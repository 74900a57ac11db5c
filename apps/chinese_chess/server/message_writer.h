// Puts a message of the server's together: one JSON object.
//
//   MessageWriter writer("pong");
//   writer.Add("n", 17);
//   Send(writer.Take());            // {"t":"pong","n":17}
//
// Lists open and close by hand: BeginList("seeks"), then BeginItem(), members,
// EndItem() for each, EndList().
#ifndef APPS_CHINESE_CHESS_SERVER_MESSAGE_WRITER_H_
#define APPS_CHINESE_CHESS_SERVER_MESSAGE_WRITER_H_

#include <concepts>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/rules/json_writer.h"

namespace chinese_chess {

class MessageWriter {
 public:
  explicit MessageWriter(std::string_view type) {
    text_ = "{";
    Add("t", type);
  }

  void Add(std::string_view key, std::string_view value) {
    AddKey(key);
    AppendJsonString(value, &text_);
  }
  void Add(std::string_view key, const char* value) {
    Add(key, std::string_view(value));
  }
  template <std::integral Number>
  void Add(std::string_view key, Number value) {
    AddKey(key);
    if constexpr (std::same_as<Number, bool>) {
      text_.append(value ? "true" : "false");
    } else {
      absl::StrAppend(&text_, value);
    }
  }
  // In milliseconds.
  void Add(std::string_view key, absl::Duration value) {
    Add(key, absl::ToInt64Milliseconds(value));
  }
  // What is JSON already.
  void AddRaw(std::string_view key, std::string_view json) {
    AddKey(key);
    text_.append(json);
  }

  void BeginObject(std::string_view key) {
    AddKey(key);
    text_.push_back('{');
  }
  void EndObject() { text_.push_back('}'); }
  void BeginList(std::string_view key) {
    AddKey(key);
    text_.push_back('[');
  }
  void EndList() { text_.push_back(']'); }
  void BeginItem() {
    AddComma();
    text_.push_back('{');
  }
  void EndItem() { EndObject(); }
  void AddItem(std::string_view value) {
    AddComma();
    AppendJsonString(value, &text_);
  }

  std::string Take() {
    text_.push_back('}');
    return std::move(text_);
  }

 private:
  void AddComma() {
    if (text_.back() != '{' && text_.back() != '[') text_.push_back(',');
  }
  void AddKey(std::string_view key) {
    AddComma();
    absl::StrAppend(&text_, "\"", key, "\":");
  }

  std::string text_;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_MESSAGE_WRITER_H_

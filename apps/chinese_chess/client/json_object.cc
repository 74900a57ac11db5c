#include "apps/chinese_chess/client/json_object.h"

#include "absl/status/status.h"
#include "apps/chinese_chess/rules/json_reader.h"

namespace chinese_chess {
namespace {

// The elements of a list, as they are written; none if it is no list.
std::vector<std::string_view> Elements(std::string_view list) {
  std::vector<std::string_view> elements;
  JsonReader reader(list);
  reader.ReadArray([&] { return reader.ReadRaw(&elements.emplace_back()); });
  if (!reader.Finish().ok()) elements.clear();
  return elements;
}

}  // namespace

absl::StatusOr<JsonObject> JsonObject::Parse(std::string_view text) {
  JsonObject object;
  JsonReader reader(text);
  reader.ReadObject([&](std::string_view key) {
    if (object.Has(key)) return reader.Fail("a key is there twice");
    auto& member = object.members_.emplace_back(key, "");
    return reader.ReadRaw(&member.second);
  });
  if (absl::Status status = reader.Finish(); !status.ok()) return status;
  return object;
}

const std::string_view* JsonObject::Find(std::string_view key) const {
  for (const auto& [name, value] : members_) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::string_view JsonObject::Raw(std::string_view key) const {
  const std::string_view* value = Find(key);
  return value == nullptr ? std::string_view() : *value;
}

std::string JsonObject::Text(std::string_view key) const {
  std::string text;
  JsonReader reader(Raw(key));
  return reader.ReadString(&text) ? text : "";
}

std::optional<int64_t> JsonObject::Integer(std::string_view key) const {
  int64_t number;
  JsonReader reader(Raw(key));
  if (!reader.ReadInteger(&number)) return std::nullopt;
  return number;
}

bool JsonObject::Flag(std::string_view key) const { return Raw(key) == "true"; }

JsonObject JsonObject::Object(std::string_view key) const {
  absl::StatusOr<JsonObject> object = Parse(Raw(key));
  return object.ok() ? *std::move(object) : JsonObject();
}

std::vector<JsonObject> JsonObject::Objects(std::string_view key) const {
  std::vector<JsonObject> objects;
  for (std::string_view element : Elements(Raw(key))) {
    absl::StatusOr<JsonObject> object = Parse(element);
    if (object.ok()) objects.push_back(*std::move(object));
  }
  return objects;
}

std::vector<std::string> JsonObject::Texts(std::string_view key) const {
  std::vector<std::string> texts;
  for (std::string_view element : Elements(Raw(key))) {
    std::string text;
    JsonReader reader(element);
    if (reader.ReadString(&text)) texts.push_back(std::move(text));
  }
  return texts;
}

}  // namespace chinese_chess

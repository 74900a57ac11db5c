// Whatever a server sends is read or refused, and asking for members of any kind is safe.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "apps/chinese_chess/client/game_model.h"
#include "apps/chinese_chess/client/json_object.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using chinese_chess::JsonObject;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto object = JsonObject::Parse(text);
  if (!object.ok()) return 0;
  chinese_chess::GameModel game("g");
  for (int i = 0; i < 2; ++i) {
    game.Apply(*object, kingpin::MonotonicTime{1}).IgnoreError();
  }
  for (const JsonObject& part : object->Objects("moves")) part.Text("move");
  object->Texts("names");
  return 0;
}

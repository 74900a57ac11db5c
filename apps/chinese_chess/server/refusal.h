// Why something that somebody asked for is not done: a name for programs, a sentence
// for people. Refusing changes nothing and ends nothing.
//
//   if (MaybeRefused refused = game.Resign(by, now)) return Tell(*refused);
#ifndef APPS_CHINESE_CHESS_SERVER_REFUSAL_H_
#define APPS_CHINESE_CHESS_SERVER_REFUSAL_H_

#include <optional>
#include <string>
#include <string_view>

namespace chinese_chess {

struct Refusal {
  std::string_view code;  // A literal: "illegal_move".
  std::string text;       // "h2h9: a cannon needs a piece to jump over".
};

// nullopt: it was done.
using MaybeRefused = std::optional<Refusal>;

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_REFUSAL_H_

// What the archive says to a client's question, as a message.
//
//   std::string text = AnswerFromArchive(store, message, player_id);
#ifndef APPS_CHINESE_CHESS_SERVER_ARCHIVE_ANSWERS_H_
#define APPS_CHINESE_CHESS_SERVER_ARCHIVE_ANSWERS_H_

#include <string>
#include <string_view>

#include "apps/chinese_chess/server/client_message.h"
#include "apps/chinese_chess/server/game_store.h"

namespace chinese_chess {

// To "history" (of `player_id`, or with none of everybody) and "record". Blocks on the
// disk: for the archive's thread.
std::string AnswerFromArchive(GameStore& store, const ClientMessage& message,
                              std::string_view player_id);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_ARCHIVE_ANSWERS_H_

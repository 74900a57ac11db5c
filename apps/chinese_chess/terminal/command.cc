#include "apps/chinese_chess/terminal/command.h"

#include <algorithm>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apps/chinese_chess/bot/level.h"
#include "apps/chinese_chess/rules/quote.h"

namespace chinese_chess {
namespace {

constexpr std::string_view kHelp =
    R"(Begin a game
  bot [LEVEL] [CONTROL] [red|black]     against the computer, 1 (a child wins) to 8
  pool CONTROL                          against whoever comes next
  seek CONTROL [casual] [red|black]     an offer that others see in the lobby
  lobby                                 who offers what;  accept NUMBER takes one
  room CONTROL [casual] [red|black]     a private one: tell a friend the code
  join CODE                             enters a friend's room
  cancel                                waits no longer
  CONTROL is 10+5 (minutes, and seconds more a move; the default) or 20/60/30 (minutes,
  most seconds for a move, then seconds a move). Casual games have takebacks.
Play
  h2e2, C2=5, 炮二平五                  a move: coordinates, WXF or Chinese
  draw, takeback, rematch               offers one, or accepts the opponent's
  decline [draw|takeback|rematch]       the opponent's offer, or takes back the own one
  resign, abort                         gives up; before both have moved: no game at all
  claim [draw]                          when the opponent is gone for too long
  chat TEXT                             players among themselves, spectators likewise
See
  board, moves, clock                   the position, the moves so far, the time left
  flip, letters                         turns the board; letters or characters
  notation iccs|wxf|chinese             how moves are shown
Watch and replay
  games                                 those that are played;  watch NUMBER follows one
  history [mine]                        those that are over;  replay NUMBER looks at one
  first, previous, next, last           where to in a replay;  live goes back to the game
  export [iccs|wxf|chinese|json]        prints the record of the replay, or of the game
Also
  name NAME, leave, help, quit
  wait game|turn|move|over              in scripts: reads no further until then
)";

struct Word {
  std::string_view name;
  Command::Verb verb;
};
constexpr Word kWords[] = {
    {"help", Command::kHelp},       {"?", Command::kHelp},
    {"name", Command::kName},       {"pool", Command::kPool},
    {"seek", Command::kSeek},       {"lobby", Command::kLobby},
    {"accept", Command::kAccept},   {"room", Command::kRoom},
    {"join", Command::kJoin},       {"bot", Command::kBot},
    {"cancel", Command::kCancel},   {"games", Command::kGames},
    {"watch", Command::kWatch},     {"leave", Command::kLeave},
    {"move", Command::kMove},       {"resign", Command::kResign},
    {"draw", Command::kDraw},       {"takeback", Command::kTakeback},
    {"rematch", Command::kRematch}, {"decline", Command::kDecline},
    {"abort", Command::kAbort},     {"claim", Command::kClaim},
    {"chat", Command::kChat},       {"say", Command::kChat},
    {"board", Command::kBoard},     {"moves", Command::kMoves},
    {"clock", Command::kClock},     {"flip", Command::kFlip},
    {"letters", Command::kLetters}, {"notation", Command::kNotation},
    {"history", Command::kHistory}, {"replay", Command::kReplay},
    {"first", Command::kFirst},     {"previous", Command::kPrevious},
    {"prev", Command::kPrevious},   {"next", Command::kNext},
    {"last", Command::kLast},       {"export", Command::kExport},
    {"live", Command::kLive},       {"wait", Command::kWait},
    {"quit", Command::kQuit},       {"exit", Command::kQuit},
};

struct Rule {
  Command::Verb verb;
  std::vector<std::string_view> choices;  // Of its argument.
  bool needed;
};
const std::vector<Rule>& Rules() {
  static const auto* const rules = new std::vector<Rule>{
      {Command::kDecline, {"draw", "takeback", "rematch"}, false},
      {Command::kClaim, {"draw"}, false},
      {Command::kNotation, {"iccs", "wxf", "chinese"}, true},
      {Command::kHistory, {"mine"}, false},
      {Command::kExport, {"iccs", "wxf", "chinese", "json"}, false},
      {Command::kWait, {"game", "turn", "move", "over"}, true},
      {Command::kName, {}, true},
      {Command::kAccept, {}, true},
      {Command::kJoin, {}, true},
      {Command::kWatch, {}, true},
      {Command::kReplay, {}, true},
      {Command::kChat, {}, true},
  };
  return *rules;
}

bool BeginsGame(Command::Verb verb) {
  return verb == Command::kPool || verb == Command::kSeek ||
         verb == Command::kRoom || verb == Command::kBot;
}

absl::Status NoSuchTerm(std::string_view name, std::string_view word) {
  // Who writes one like that means a control, and wants to know what is wrong with it.
  const bool is_control = word.find_first_of("+/") != word.npos;
  const absl::Status wrong = ParseTimeControl(word).status();
  if (is_control && !wrong.ok()) return wrong;
  return absl::InvalidArgumentError(absl::StrCat(
      QuoteText(word), ": ", name, " has no such thing; help has all of it"));
}

// One of the words behind "seek" and the like. False: it is none.
bool TakeTerm(std::string_view word, Command* command) {
  int level;
  if (word == "red" || word == "black") {
    command->color = word == "red" ? Color::kRed : Color::kBlack;
    return command->verb != Command::kPool;
  }
  if (word == "casual") {
    command->casual = true;
    return command->verb == Command::kSeek || command->verb == Command::kRoom;
  }
  if (command->verb == Command::kBot && absl::SimpleAtoi(word, &level)) {
    command->level = level;
    return level >= 1 && level <= bot::kLevels;
  }
  command->control = std::string(word);
  return ParseTimeControl(word).ok();
}

absl::Status CheckArgument(std::string_view name, const Command& command) {
  for (const Rule& rule : Rules()) {
    if (rule.verb != command.verb) continue;
    const std::string& argument = command.argument;
    if (argument.empty() && !rule.needed) return absl::OkStatus();
    const bool known = rule.choices.empty()
                           ? !argument.empty()
                           : std::find(rule.choices.begin(), rule.choices.end(),
                                       argument) != rule.choices.end();
    if (known) return absl::OkStatus();
    std::string wanted;
    for (std::string_view choice : rule.choices) {
      absl::StrAppend(&wanted, wanted.empty() ? "" : "|", choice);
    }
    return absl::InvalidArgumentError(
        absl::StrCat("it is ", name, " ", wanted.empty() ? "WHAT" : wanted,
                     "; help has all of it"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Command> ParseCommand(std::string_view line) {
  line = absl::StripAsciiWhitespace(line);
  Command command;
  if (line.empty() || line.front() == '#') return command;
  const std::string_view name = line.substr(0, line.find_first_of(" \t"));
  const auto* word = std::find_if(
      std::begin(kWords), std::end(kWords),
      [&](const Word& w) { return absl::EqualsIgnoreCase(w.name, name); });
  if (word == std::end(kWords)) {
    command.verb = Command::kMove;
    command.argument = std::string(line);
    return command;
  }
  command.verb = word->verb;
  command.argument =
      std::string(absl::StripAsciiWhitespace(line.substr(name.size())));
  if (absl::Status s = CheckArgument(word->name, command); !s.ok()) return s;
  if (!BeginsGame(command.verb)) return command;
  for (std::string_view term :
       absl::StrSplit(command.argument, ' ', absl::SkipWhitespace())) {
    if (TakeTerm(term, &command)) continue;
    return NoSuchTerm(word->name, term);
  }
  return command;
}

std::string_view CommandHelp() { return kHelp; }

}  // namespace chinese_chess

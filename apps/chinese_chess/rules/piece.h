// Colours, kinds of pieces, and pieces.
//
// Red moves first; FEN calls it w. Values, safe from any thread.
//
//   Piece horse = MakePiece(Color::kRed, PieceType::kHorse);
//   ColorOf(horse) == Color::kRed;
//   PieceLetter(horse);                  // 'N', as in FEN
//   PieceFromLetter('h');                // Black's horse; h is an alias of n
#ifndef APPS_CHINESE_CHESS_RULES_PIECE_H_
#define APPS_CHINESE_CHESS_RULES_PIECE_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace chinese_chess {

enum class Color : uint8_t { kRed, kBlack };

constexpr Color Opponent(Color color) {
  return color == Color::kRed ? Color::kBlack : Color::kRed;
}

constexpr std::string_view ColorName(Color color) {
  return color == Color::kRed ? "Red" : "Black";
}

enum class PieceType : uint8_t {
  kGeneral,   // 帥 將: K
  kAdvisor,   // 仕 士: A
  kElephant,  // 相 象: B in FEN, E in WXF
  kHorse,     // 傌 馬: N in FEN, H in WXF
  kChariot,   // 俥 車: R
  kCannon,    // 炮 砲: C
  kSoldier,   // 兵 卒: P
};
inline constexpr int kPieceTypes = 7;

// In English, for messages.
constexpr std::string_view PieceTypeName(PieceType type) {
  constexpr std::string_view kNames[] = {"general", "advisor", "elephant",
                                         "horse",   "chariot", "cannon",
                                         "soldier"};
  return kNames[static_cast<int>(type)];
}

// Eight times the colour plus the kind, so that both are one instruction away; the
// kind that is left over is no piece at all.
enum class Piece : uint8_t { kNone = 7 };
inline constexpr int kPieceValues = 16;

constexpr Piece MakePiece(Color color, PieceType type) {
  return static_cast<Piece>(static_cast<int>(color) << 3 |
                            static_cast<int>(type));
}
// Neither is for kNone.
constexpr Color ColorOf(Piece piece) {
  return static_cast<Color>(static_cast<int>(piece) >> 3);
}
constexpr PieceType TypeOf(Piece piece) {
  return static_cast<PieceType>(static_cast<int>(piece) & 7);
}

// The letter in FEN: capitals are Red's.
constexpr char PieceLetter(Piece piece) {
  const char letter = "KABNRCP"[static_cast<int>(TypeOf(piece))];
  return ColorOf(piece) == Color::kRed ? letter
                                       : static_cast<char>(letter | 0x20);
}

// KABNRCP, with E and H as aliases of B and N.
constexpr std::optional<Piece> PieceFromLetter(char letter) {
  constexpr std::string_view kLetters = "KABNRCPEH";
  const bool is_red = letter >= 'A' && letter <= 'Z';
  const char capital = is_red ? letter : static_cast<char>(letter - 0x20);
  const size_t at = kLetters.find(capital);
  if (at == std::string_view::npos) return std::nullopt;
  const PieceType type = at == 7   ? PieceType::kElephant
                         : at == 8 ? PieceType::kHorse
                                   : static_cast<PieceType>(at);
  return MakePiece(is_red ? Color::kRed : Color::kBlack, type);
}

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_PIECE_H_

// A set of squares: 45 bits for each side of the river.
//
// The river is where the words part because everything that lives on one side of it
// (generals, advisors, elephants and what blocks them) is then a matter of one word.
// Values, safe from any thread.
//
//   Bitboard set = SquareBit(3) | SquareBit(66);
//   for (Bitboard rest = set; !rest.empty();) Visit(rest.PopFirst());
#ifndef APPS_CHINESE_CHESS_RULES_BITBOARD_H_
#define APPS_CHINESE_CHESS_RULES_BITBOARD_H_

#include <array>
#include <bit>
#include <cstdint>

#include "apps/chinese_chess/rules/square.h"

namespace chinese_chess {

struct Bitboard {
  uint64_t half[2] = {0, 0};  // Ranks 0-4, ranks 5-9.

  constexpr bool empty() const { return (half[0] | half[1]) == 0; }
  constexpr bool Has(Square square) const {
    return square < kHalfSquares ? half[0] >> square & 1
                                 : half[1] >> (square - kHalfSquares) & 1;
  }

  constexpr int Count() const;

  // The lowest square. Not of an empty set.
  constexpr Square First() const {
    return half[0] != 0 ? std::countr_zero(half[0])
                        : std::countr_zero(half[1]) + kHalfSquares;
  }
  constexpr Square PopFirst() {
    const Square square = First();
    uint64_t& word = half[half[0] == 0];
    word &= word - 1;
    return square;
  }

  friend constexpr bool operator==(const Bitboard&, const Bitboard&) = default;
  friend constexpr Bitboard operator&(const Bitboard& a, const Bitboard& b) {
    return {{a.half[0] & b.half[0], a.half[1] & b.half[1]}};
  }
  friend constexpr Bitboard operator|(const Bitboard& a, const Bitboard& b) {
    return {{a.half[0] | b.half[0], a.half[1] | b.half[1]}};
  }
  friend constexpr Bitboard operator^(const Bitboard& a, const Bitboard& b) {
    return {{a.half[0] ^ b.half[0], a.half[1] ^ b.half[1]}};
  }
  // Bits beyond the board are set as well: use it within an `&` only.
  friend constexpr Bitboard operator~(const Bitboard& a) {
    return {{~a.half[0], ~a.half[1]}};
  }
  constexpr Bitboard& operator|=(const Bitboard& b) {
    return *this = *this | b;
  }
  constexpr Bitboard& operator&=(const Bitboard& b) {
    return *this = *this & b;
  }
  constexpr Bitboard& operator^=(const Bitboard& b) {
    return *this = *this ^ b;
  }
};

// Both words in one tree of additions: without an instruction for it (which the
// plain x86-64 has not), std::popcount is a call for each.
constexpr int Bitboard::Count() const {
#ifdef __POPCNT__
  return std::popcount(half[0]) + std::popcount(half[1]);
#else
  constexpr uint64_t kPairs = 0x5555555555555555;
  constexpr uint64_t kNibbles = 0x3333333333333333;
  constexpr uint64_t kBytes = 0x0f0f0f0f0f0f0f0f;
  uint64_t a = half[0] - (half[0] >> 1 & kPairs);
  uint64_t b = half[1] - (half[1] >> 1 & kPairs);
  a = (a & kNibbles) + (a >> 2 & kNibbles);
  b = (b & kNibbles) + (b >> 2 & kNibbles);
  a += b;
  a = (a & kBytes) + (a >> 4 & kBytes);
  return static_cast<int>(a * 0x0101010101010101 >> 56);
#endif
}

namespace bitboard_internal {

constexpr std::array<Bitboard, kSquares> MakeSquareBits() {
  std::array<Bitboard, kSquares> bits{};
  for (Square square = 0; square < kSquares; ++square) {
    bits[square].half[square / kHalfSquares] = uint64_t{1}
                                               << square % kHalfSquares;
  }
  return bits;
}

inline constexpr std::array<Bitboard, kSquares> kSquareBits = MakeSquareBits();

}  // namespace bitboard_internal

constexpr const Bitboard& SquareBit(Square square) {
  return bitboard_internal::kSquareBits[square];
}

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_BITBOARD_H_

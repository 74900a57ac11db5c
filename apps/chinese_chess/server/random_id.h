// Random bytes and names that nobody can guess, from the kernel.
//
// Safe from any thread; getrandom(2) does not block once the machine has booted.
//
//   std::string game = RandomId(10);   // "k3v9qh2m7d": 50 bits
#ifndef APPS_CHINESE_CHESS_SERVER_RANDOM_ID_H_
#define APPS_CHINESE_CHESS_SERVER_RANDOM_ID_H_

#include <cstddef>
#include <string>

namespace chinese_chess {

std::string RandomBytes(size_t count);

// Of 32 letters and digits, without those that are taken for others (0, i, l, o).
std::string RandomId(size_t characters);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_RANDOM_ID_H_

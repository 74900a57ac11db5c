#include "apps/chinese_chess/server/random_id.h"

#include <errno.h>
#include <sys/random.h>

#include "absl/log/check.h"

namespace chinese_chess {
namespace {

constexpr std::string_view kAlphabet = "123456789abcdefghjkmnpqrstuvwxyz";
static_assert(kAlphabet.size() == 32);

}  // namespace

std::string RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  size_t have = 0;
  while (have < count) {
    const ssize_t got = getrandom(bytes.data() + have, count - have, 0);
    PCHECK(got >= 0 || errno == EINTR) << "getrandom";
    if (got > 0) have += static_cast<size_t>(got);
  }
  return bytes;
}

std::string RandomId(size_t characters) {
  std::string id = RandomBytes(characters);
  for (char& c : id) c = kAlphabet[static_cast<unsigned char>(c) % 32];
  return id;
}

}  // namespace chinese_chess

// Who somebody is, without an account: a token that only this server can make.
//
// A token is 128 random bits and an HMAC over them (SHA-256, first 128 bits), in
// hexadecimal: 64 characters. The server keeps nothing of it but the key, in its
// archive; it knows a token of its own when it sees one, also after a restart, and
// refuses any other. The player's id, which everybody may see, is another HMAC of the
// same bits, so it says nothing about the token.
//
// Threads: immutable after construction, safe from any.
//
//   Identity identity(key);                       // 32 secret bytes.
//   Guest guest = identity.NewGuest();            // token, id, name
//   std::optional<Guest> again = identity.Recognize(guest.token);
#ifndef APPS_CHINESE_CHESS_SERVER_IDENTITY_H_
#define APPS_CHINESE_CHESS_SERVER_IDENTITY_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace chinese_chess {

// A name is 1 to 20 characters, none of them a control character or a space at an end.
inline constexpr size_t kMaxNameCharacters = 20;

struct Guest {
  std::string id;     // 16 hexadecimal digits; public.
  std::string token;  // The player's secret.
  std::string name;   // "Guest 4821"; the player may take another.
};

class Identity {
 public:
  static constexpr size_t kKeyBytes = 32;

  // Of random bytes, for whoever has none yet.
  static std::string NewKey();

  // `key` has kKeyBytes.
  explicit Identity(std::string_view key);

  Guest NewGuest() const;
  // nullopt: this server has made no such token.
  std::optional<Guest> Recognize(std::string_view token) const;

 private:
  std::string Mac(std::string_view purpose, std::string_view data) const;
  Guest Make(const std::string& random) const;

  const std::string key_;
};

// May somebody be called so?
bool IsGoodName(std::string_view name);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_IDENTITY_H_

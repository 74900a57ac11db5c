// ParseHostName: what may be asked for, and why the rest may not, before any
// query leaves.
//
// A name has up to 253 characters in labels of 1 to 63 (RFC 1035, section
// 2.3.4) of letters, digits, "-" and "_" (which hosts should not have, but
// have). One dot may end it: then no search domain is tried. Refused besides:
// - bytes outside of ASCII: international names (IDNA) are not converted here;
//   pass the encoded form (xn--...);
// - a last label that is a number, decimal or with 0x: no such domain can exist,
//   and other programs take "127.1" and "0x7f.1" for addresses, which must not
//   depend on who is asked (RFC 1123, section 2.1; the URL standard of browsers
//   does the same).
//
// Pure; safe from any thread.
//
//   absl::StatusOr<HostName> name = ParseHostName("WWW.Example.org.");
//   // name->text "www.example.org", name->absolute
//   ParseHostName("a..b").status();  // "a..b": an empty label (two dots)
#ifndef KINGPIN_DNS_HOST_NAME_H_
#define KINGPIN_DNS_HOST_NAME_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace kingpin {

inline constexpr size_t kMaxHostNameBytes = 253;
inline constexpr size_t kMaxLabelBytes = 63;

struct HostName {
  std::string text;  // Lower case, without the dot at the end.
  bool absolute = false;
};

absl::StatusOr<HostName> ParseHostName(absl::string_view host);

// For messages: in quotes, escaped and cut after 100 bytes, because it may come
// from a peer and go to a log.
std::string QuotedHost(absl::string_view host);

// `name`, in the form of HostName::text, is `domain` or below it.
bool IsWithin(absl::string_view name, absl::string_view domain);

}  // namespace kingpin

#endif  // KINGPIN_DNS_HOST_NAME_H_

#include "kingpin/dns/dns_reply.h"

#include <algorithm>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace kingpin {
namespace {

constexpr uint16_t kCname = 5, kSoa = 6, kClassIn = 1;
constexpr int kMaxAliases = 16;
// RFC 1035, section 4.1.1.
constexpr int kNoError = 0, kNameError = 3;

// By the names that tools print (RFC 1035, section 4.1.1; RFC 2136).
std::string DescribeCode(int code) {
  switch (code) {
    case 1:
      return "FORMERR: it does not understand the question";
    case 2:
      return "SERVFAIL: it could not find out";
    case 4:
      return "NOTIMP: it does not know that kind of question";
    case 5:
      return "REFUSED: it does not serve this client or name";
    default:
      return absl::StrCat("with code ", code);
  }
}

// RFC 1035, section 2.3.4, less the empty label at the end.
constexpr size_t kMaxWireName = 254;

// Names are compared as on the wire, each label behind its length: as text, a
// label with a dot in it would pass for two. In lower case (RFC 4343).
std::string WireName(absl::string_view text) {
  std::string wire;
  for (absl::string_view label : absl::StrSplit(text, '.')) {
    wire += static_cast<char>(label.size());
    absl::StrAppend(&wire, absl::AsciiStrToLower(label));
  }
  return wire;
}

struct Record {
  std::string owner;
  uint16_t type = 0;
  uint16_t record_class = 0;
  uint32_t ttl_seconds = 0;
  size_t data = 0;  // Where it lies in the message.
  size_t size = 0;
};

// Reads from the front; each returns false where the message ends too early.
class Reader {
 public:
  explicit Reader(absl::string_view message, size_t at = 0)
      : message_(message), at_(at) {}

  size_t at() const { return at_; }

  bool Skip(size_t bytes) {
    if (message_.size() - at_ < bytes) return false;
    at_ += bytes;
    return true;
  }
  bool U16(uint16_t* value) {
    if (!Skip(2)) return false;
    *value = static_cast<uint16_t>(Byte(at_ - 2) << 8 | Byte(at_ - 1));
    return true;
  }
  bool U32(uint32_t* value) {
    uint16_t high, low;
    if (!U16(&high) || !U16(&low)) return false;
    *value = uint32_t{high} << 16 | low;
    return true;
  }

  bool Name(std::string* wire) {
    wire->clear();
    size_t limit = at_;  // Each pointer leads further back, so none is a loop.
    size_t position = at_;
    std::optional<size_t> end;
    while (position < message_.size()) {
      const uint8_t length = Byte(position);
      if (length == 0) {
        at_ = end.value_or(position + 1);
        return true;
      }
      if ((length & 0xc0) == 0xc0) {
        if (position + 1 >= message_.size()) return false;
        if (!end.has_value()) end = position + 2;
        position = size_t{length & 0x3fu} << 8 | Byte(position + 1);
        if (position >= limit) return false;
        limit = position;
        continue;
      }
      if (length > 63 || message_.size() - position <= length ||
          wire->size() + 1 + length > kMaxWireName) {
        return false;
      }
      *wire += static_cast<char>(length);
      absl::StrAppend(
          wire, absl::AsciiStrToLower(message_.substr(position + 1, length)));
      position += 1 + length;
    }
    return false;
  }

  bool Next(Record* record) {
    uint16_t size;
    if (!Name(&record->owner) || !U16(&record->type) ||
        !U16(&record->record_class) || !U32(&record->ttl_seconds) ||
        !U16(&size)) {
      return false;
    }
    // RFC 2181, section 8.
    if (record->ttl_seconds > INT32_MAX) record->ttl_seconds = 0;
    record->data = at_;
    record->size = size;
    return Skip(size);
  }

 private:
  uint8_t Byte(size_t i) const { return static_cast<uint8_t>(message_[i]); }

  const absl::string_view message_;
  size_t at_;
};

struct Alias {
  std::string target;
  uint32_t ttl_seconds;
};

class ReplyParser {
 public:
  ReplyParser(absl::string_view message, DnsType type, size_t max_addresses)
      : message_(message), type_(type), max_addresses_(max_addresses) {}

  // False if the message is malformed.
  bool Parse(absl::string_view name, DnsReply* reply) {
    Reader reader(message_);
    if (!ReadHeader(reader) || !ReadAnswers(reader) || !ReadAuthority(reader)) {
      return false;
    }
    if (rcode_ != kNoError && rcode_ != kNameError) {
      reply->error = ResolveError::kServerFailure;
      reply->detail =
          absl::StrCat("the name server answered ", DescribeCode(rcode_));
      return true;
    }
    uint32_t ttl = INT32_MAX;
    const std::optional<std::string> owner = Follow(WireName(name), &ttl);
    if (!owner.has_value()) return false;
    TakeAddresses(*owner, ttl, reply);
    if (reply->addresses.empty()) {
      reply->error = rcode_ == kNameError ? ResolveError::kNotFound
                                          : ResolveError::kNoAddress;
      reply->ttl = absl::Seconds(negative_ttl_seconds_);
    }
    return true;
  }

 private:
  bool ReadHeader(Reader& reader) {
    uint16_t flags, questions;
    if (!reader.Skip(2) || !reader.U16(&flags) || !reader.U16(&questions) ||
        !reader.U16(&answer_count_) || !reader.U16(&authority_count_) ||
        !reader.Skip(2)) {
      return false;
    }
    const bool is_answer = (flags & 0x8000) != 0;
    rcode_ = flags & 0x000f;
    std::string name;
    return is_answer && questions == 1 && reader.Name(&name) && reader.Skip(4);
  }

  bool ReadAnswers(Reader& reader) {
    Record record;
    for (int i = 0; i < answer_count_; ++i) {
      if (!reader.Next(&record)) return false;
      if (record.record_class != kClassIn) continue;
      if (record.type == kCname) {
        Reader data(message_, record.data);
        Alias alias{{}, record.ttl_seconds};
        if (!data.Name(&alias.target)) return false;
        if (data.at() != record.data + record.size) return false;
        aliases_.try_emplace(record.owner, std::move(alias));
      } else if (record.type == static_cast<uint16_t>(type_)) {
        if (record.size != (type_ == DnsType::kA ? 4 : 16)) return false;
        addresses_.push_back(record);
      }
    }
    return true;
  }

  bool ReadAuthority(Reader& reader) {
    Record record;
    for (int i = 0; i < authority_count_; ++i) {
      if (!reader.Next(&record)) return false;
      if (record.type != kSoa || record.record_class != kClassIn) continue;
      Reader data(message_, record.data);
      std::string name;
      uint32_t minimum;
      // MNAME, RNAME, SERIAL, REFRESH, RETRY, EXPIRE, MINIMUM.
      if (!data.Name(&name) || !data.Name(&name) || !data.Skip(16) ||
          !data.U32(&minimum) || data.at() != record.data + record.size) {
        return false;
      }
      negative_ttl_seconds_ = std::min(record.ttl_seconds, minimum);
    }
    return true;
  }

  // Where the aliases lead; nothing if they lead nowhere.
  std::optional<std::string> Follow(std::string name, uint32_t* ttl) const {
    for (int i = 0; i <= kMaxAliases; ++i) {
      auto alias = aliases_.find(name);
      if (alias == aliases_.end()) return name;
      *ttl = std::min(*ttl, alias->second.ttl_seconds);
      name = alias->second.target;
    }
    return std::nullopt;
  }

  void TakeAddresses(const std::string& owner, uint32_t ttl, DnsReply* reply) {
    for (const Record& record : addresses_) {
      if (reply->addresses.size() == max_addresses_) break;
      if (record.owner != owner) continue;
      ttl = std::min(ttl, record.ttl_seconds);
      IpAddress address;
      address.is_v6 = type_ == DnsType::kAaaa;
      std::copy_n(message_.begin() + record.data, record.size,
                  address.bytes.begin());
      reply->addresses.push_back(address);
    }
    reply->ttl = absl::Seconds(ttl);
  }

  const absl::string_view message_;
  const DnsType type_;
  const size_t max_addresses_;
  int rcode_ = 0;
  uint16_t answer_count_ = 0;
  uint16_t authority_count_ = 0;
  absl::flat_hash_map<std::string, Alias> aliases_;  // By owner.
  std::vector<Record> addresses_;
  uint32_t negative_ttl_seconds_ = 0;
};

}  // namespace

absl::string_view ToString(DnsType type) {
  return type == DnsType::kA ? "A" : "AAAA";
}

DnsReply ParseDnsReply(absl::string_view message, absl::string_view name,
                       DnsType type, size_t max_addresses) {
  DnsReply reply;
  if (!ReplyParser(message, type, max_addresses).Parse(name, &reply)) {
    reply = {.error = ResolveError::kServerFailure,
             .detail = absl::StrCat("a malformed answer for ", ToString(type))};
  }
  return reply;
}

}  // namespace kingpin

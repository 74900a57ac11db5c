#include "kingpin/http/request_parser.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>

#include "absl/log/check.h"
#include "absl/strings/match.h"
#include "kingpin/http/scan.h"

namespace kingpin::http {
namespace {

// Longer than any registered method.
constexpr size_t kMaxMethod = 32;

// The registered ports are 16 bits.
constexpr uint64_t kMaxPort = 65535;

template <typename Word>
Word LoadLower(const char* p) {
  Word word;
  std::memcpy(&word, p, sizeof(word));
  return word | static_cast<Word>(0x2020202020202020);
}

// Whether the token `name`, of the size of `lower`, is `lower` but for the case
// of letters: compared in words, the last of which may overlap the one before.
// Setting bit 5 cannot turn another tchar into a letter, nor into "-" (that
// would be CR).
template <size_t kSize>
bool NameIs(std::string_view name, const char (&lower)[kSize]) {
  constexpr size_t kLength = kSize - 1;
  using Word = std::conditional_t<kLength >= 8, uint64_t, uint32_t>;
  constexpr size_t kWord = sizeof(Word);
  static_assert(kLength >= kWord);
  Word difference = 0;
  for (size_t i = 0; i + kWord <= kLength; i += kWord) {
    difference |= LoadLower<Word>(name.data() + i) ^ LoadLower<Word>(lower + i);
  }
  constexpr size_t kLast = kLength - kWord;
  difference |=
      LoadLower<Word>(name.data() + kLast) ^ LoadLower<Word>(lower + kLast);
  return difference == 0;
}

FieldId Identify(std::string_view name) {
  switch (name.size()) {
    case 4:
      return NameIs(name, "host") ? FieldId::kHost : FieldId::kOther;
    case 5:
      return NameIs(name, "range") ? FieldId::kRange : FieldId::kOther;
    case 6:
      return NameIs(name, "expect") ? FieldId::kExpect : FieldId::kOther;
    case 8:
      if (NameIs(name, "if-match")) return FieldId::kIfMatch;
      return NameIs(name, "if-range") ? FieldId::kIfRange : FieldId::kOther;
    case 10:
      return NameIs(name, "connection") ? FieldId::kConnection
                                        : FieldId::kOther;
    case 13:
      return NameIs(name, "if-none-match") ? FieldId::kIfNoneMatch
                                           : FieldId::kOther;
    case 14:
      return NameIs(name, "content-length") ? FieldId::kContentLength
                                            : FieldId::kOther;
    case 17:
      if (NameIs(name, "if-modified-since")) return FieldId::kIfModifiedSince;
      return NameIs(name, "transfer-encoding") ? FieldId::kTransferEncoding
                                               : FieldId::kOther;
    case 19:
      return NameIs(name, "if-unmodified-since") ? FieldId::kIfUnmodifiedSince
                                                 : FieldId::kOther;
    default:
      return FieldId::kOther;
  }
}

// Methods are case-sensitive: "get" is some other method.
Method IdentifyMethod(std::string_view name) {
  const auto is = [name](const char* text) {
    return std::memcmp(name.data(), text, name.size()) == 0;
  };
  switch (name.size()) {
    case 3:
      if (is("GET")) return Method::kGet;
      return is("PUT") ? Method::kPut : Method::kOther;
    case 4:
      if (is("HEAD")) return Method::kHead;
      return is("POST") ? Method::kPost : Method::kOther;
    case 5:
      if (is("PATCH")) return Method::kPatch;
      return is("TRACE") ? Method::kTrace : Method::kOther;
    case 6:
      return is("DELETE") ? Method::kDelete : Method::kOther;
    case 7:
      if (is("OPTIONS")) return Method::kOptions;
      return is("CONNECT") ? Method::kConnect : Method::kOther;
    default:
      return Method::kOther;
  }
}

// Splits `authority` where the host ends; nullopt if that is no host.
std::optional<size_t> HostEnd(std::string_view authority) {
  if (!authority.starts_with('[')) {
    const char* begin = authority.data();
    return SkipBytes(begin, begin + authority.size(), kHostByte) - begin;
  }
  const size_t close = authority.find(']');
  // "[::]" is the shortest address.
  if (close == std::string_view::npos || close < 3) return std::nullopt;
  for (const char c : authority.substr(1, close - 1)) {
    if (HexValue(c) < 0 && c != ':' && c != '.') return std::nullopt;
  }
  return close + 1;
}

// RFC 3986 3.2.2 and 3.2.3: host [":" port], no userinfo, host not empty.
bool IsAuthority(std::string_view authority, bool needs_port) {
  const std::optional<size_t> host_end = HostEnd(authority);
  if (!host_end.has_value() || *host_end == 0) return false;
  const std::string_view rest = authority.substr(*host_end);
  if (rest.empty()) return !needs_port;
  if (rest.front() != ':') return false;
  const std::string_view port = rest.substr(1);
  if (port.empty()) return !needs_port;  // RFC 3986 allows "host:".
  return ParseDigits(port).value_or(kMaxPort + 1) <= kMaxPort;
}

void SplitQuery(std::string_view path_and_query, Request* request) {
  const size_t mark = path_and_query.find('?');
  request->path = path_and_query.substr(0, mark);
  if (mark != std::string_view::npos) {
    request->query = path_and_query.substr(mark + 1);
  }
}

// "http://host/path?query", as proxies get it; RFC 9112 3.2.2.
bool ParseAbsoluteForm(Request* request) {
  const std::string_view target = request->target;
  const size_t scheme_end = target.find("://");
  if (scheme_end == std::string_view::npos) return false;
  const std::string_view scheme = target.substr(0, scheme_end);
  if (!absl::EqualsIgnoreCase(scheme, "http") &&
      !absl::EqualsIgnoreCase(scheme, "https")) {
    return false;
  }
  const std::string_view rest = target.substr(scheme_end + 3);
  const size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
  request->host = rest.substr(0, authority_end);
  if (!IsAuthority(request->host, /*needs_port=*/false)) return false;
  SplitQuery(rest.substr(authority_end), request);
  if (request->path.empty()) {
    // RFC 9112 3.2.4: a proxy writes OPTIONS without a path as "*".
    const bool of_server =
        request->method == Method::kOptions && authority_end == rest.size();
    request->path = of_server ? "*" : "/";
  }
  return true;
}

// The four forms of RFC 9112 3.2, each where it may be.
bool ParseTarget(Request* request) {
  const std::string_view target = request->target;
  if (request->method == Method::kConnect) {
    request->host = target;
    return IsAuthority(target, /*needs_port=*/true);
  }
  if (target.front() == '/') {
    SplitQuery(target, request);
    return true;
  }
  if (target == "*") {
    request->path = target;
    return request->method == Method::kOptions;
  }
  return ParseAbsoluteForm(request);
}

// Takes the element before the next comma from the front of `list`, trimmed.
std::string_view TakeElement(std::string_view* list) {
  const size_t comma = std::min(list->find(','), list->size());
  const std::string_view element = TrimBlanks(list->substr(0, comma));
  list->remove_prefix(std::min(comma + 1, list->size()));
  return element;
}

}  // namespace

std::optional<std::string_view> Request::Find(std::string_view name) const {
  for (const Field& field : fields) {
    if (absl::EqualsIgnoreCase(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::optional<std::string_view> Request::Find(FieldId id) const {
  for (const Field& field : fields) {
    if (field.id == id) return field.value;
  }
  return std::nullopt;
}

void Request::Clear() {
  method = Method::kOther;
  method_name = target = path = query = host = {};
  fields.clear();
  minor_version = 1;
  content_length.reset();
  chunked = keep_alive = expect_continue = false;
  head_bytes = 0;
}

// Member by member: `*this = RequestParser(limits_)` builds the object on the
// stack and reads it back in wider words than it was written, a stall of a few
// nanoseconds.
void RequestParser::Reset() {
  position_ = line_begin_ = token_begin_ = 0;
  field_count_ = 0;
  content_length_ = 0;
  error_ = {};
  phase_ = Phase::kStart;
  minor_version_ = 1;
  has_host_ = has_content_length_ = has_transfer_encoding_ = false;
  chunked_ = unknown_coding_ = false;
  close_ = keep_alive_ = false;
  expect_continue_ = unknown_expectation_ = false;
}

RequestParser::Result RequestParser::Parse(std::string_view input,
                                           Request* request) {
  if (phase_ == Phase::kFailed) return Result::kError;
  DCHECK_GE(input.size(), position_) << "bytes seen before are gone";
  const bool resumed = position_ != 0;
  request->Clear();
  Step step = Run(input, request);
  if (step == Step::kStarved) {
    if (input.size() < limits_.max_head) return Result::kNeedMore;
    step = Fail(HttpStatus::kRequestHeaderFieldsTooLarge);
  }
  if (step == Step::kFailed) return Result::kError;
  const size_t head_bytes = position_;
  Reset();
  if (resumed) {
    // The lines of earlier calls are not in `request`, or no longer at their
    // address. The head is known to be good: one more pass fills everything.
    request->Clear();
    Run(input.substr(0, head_bytes), request);
    Reset();
  }
  request->head_bytes = head_bytes;
  return Result::kDone;
}

// RFC 9112 2.2: one empty line may precede a request line, as old clients send
// it after a body.
inline RequestParser::Step RequestParser::ReadStart(std::string_view head) {
  if (head.empty()) return Step::kStarved;
  if (head[0] == '\r') {
    if (head.size() < 2) return Step::kStarved;
    if (head[1] != '\n') return Fail(HttpStatus::kBadRequest);
    position_ = 2;
  }
  line_begin_ = position_;
  phase_ = Phase::kMethod;
  return Step::kGoOn;
}

inline RequestParser::Step RequestParser::ReadMethod(std::string_view head) {
  const size_t end = std::min(head.size(), line_begin_ + kMaxMethod + 1);
  const char* base = head.data();
  const size_t stop =
      SkipBytes(base + position_, base + end, kTokenByte) - base;
  if (stop - line_begin_ > kMaxMethod) return Fail(HttpStatus::kNotImplemented);
  if (stop == end) return Starve(stop);
  if (stop == line_begin_ || head[stop] != ' ') {
    return Fail(HttpStatus::kBadRequest);
  }
  position_ = token_begin_ = stop + 1;
  phase_ = Phase::kTarget;
  return Step::kGoOn;
}

inline RequestParser::Step RequestParser::ReadTarget(std::string_view head) {
  const size_t end =
      std::min(head.size(), size_t{token_begin_} + limits_.max_target + 1);
  const char* base = head.data();
  const size_t stop =
      SkipBytes(base + position_, base + end, kTargetByte) - base;
  if (stop - token_begin_ > limits_.max_target) {
    return Fail(HttpStatus::kUriTooLong);
  }
  if (stop == end) return Starve(stop);
  if (stop == token_begin_ || head[stop] != ' ') {
    return Fail(HttpStatus::kBadRequest);
  }
  position_ = stop + 1;
  phase_ = Phase::kVersion;
  return Step::kGoOn;
}

// Waits for the ten bytes of "HTTP/1.1\r\n": they come together, and if they do
// not, they are too few to be worth a state of their own.
inline RequestParser::Step RequestParser::ReadVersion(std::string_view head,
                                                      Request* request) {
  const std::string_view version = head.substr(position_, 10);
  if (version.size() < 10) return Step::kStarved;
  if (std::memcmp(version.data(), "HTTP/", 5) != 0 || !IsDigit(version[5]) ||
      version[6] != '.' || !IsDigit(version[7]) || version[8] != '\r' ||
      version[9] != '\n') {
    return Fail(HttpStatus::kBadRequest);
  }
  if (version[5] != '1' || version[7] > '1') {
    return Fail(HttpStatus::kHttpVersionNotSupported);
  }
  minor_version_ = version[7] - '0';
  request->method_name =
      head.substr(line_begin_, token_begin_ - 1 - line_begin_);
  request->method = IdentifyMethod(request->method_name);
  request->target = head.substr(token_begin_, position_ - 1 - token_begin_);
  if (!ParseTarget(request)) return Fail(HttpStatus::kBadRequest);
  position_ = line_begin_ = position_ + 10;
  phase_ = Phase::kFieldName;
  return Step::kGoOn;
}

inline RequestParser::Step RequestParser::ReadName(std::string_view head,
                                                   Request* request) {
  if (position_ == head.size()) return Step::kStarved;
  if (position_ == line_begin_ && head[position_] == '\r') {
    if (position_ + 1 == head.size()) return Step::kStarved;
    if (head[position_ + 1] != '\n') return Fail(HttpStatus::kBadRequest);
    position_ += 2;
    return Finish(request);
  }
  if (field_count_ == limits_.max_fields) {
    return Fail(HttpStatus::kRequestHeaderFieldsTooLarge);
  }
  const size_t end =
      std::min(head.size(), size_t{line_begin_} + limits_.max_field + 1);
  const char* base = head.data();
  const size_t stop =
      SkipBytes(base + position_, base + end, kTokenByte) - base;
  if (stop - line_begin_ > limits_.max_field) {
    return Fail(HttpStatus::kRequestHeaderFieldsTooLarge);
  }
  if (stop == end) return Starve(stop);
  // A folded line begins with a blank, so it has no name either.
  if (stop == line_begin_ || head[stop] != ':') {
    return Fail(HttpStatus::kBadRequest);
  }
  position_ = token_begin_ = stop + 1;
  phase_ = Phase::kValue;
  return Step::kGoOn;
}

inline RequestParser::Step RequestParser::ReadValue(std::string_view head,
                                                    Request* request) {
  const size_t end =
      std::min(head.size(), size_t{line_begin_} + limits_.max_field + 1);
  const char* base = head.data();
  const size_t stop = SkipValue(base + position_, base + end) - base;
  if (stop - line_begin_ > limits_.max_field) {
    return Fail(HttpStatus::kRequestHeaderFieldsTooLarge);
  }
  if (stop == end) return Starve(stop);
  if (head[stop] != '\r') return Fail(HttpStatus::kBadRequest);
  if (stop + 1 == head.size()) return Starve(stop);
  if (head[stop + 1] != '\n') return Fail(HttpStatus::kBadRequest);
  Field& field = request->fields.emplace_back();
  field.name = head.substr(line_begin_, token_begin_ - 1 - line_begin_);
  field.value = TrimBlanks(head.substr(token_begin_, stop - token_begin_));
  field.id = Identify(field.name);
  position_ = line_begin_ = stop + 2;
  phase_ = Phase::kFieldName;
  ++field_count_;
  if (field.id == FieldId::kOther) return Step::kGoOn;
  return OnField(field, request);
}

// The phases in their order. Each falls into the next while there are bytes;
// the jump at the top is for a head that came in pieces, and for each field.
RequestParser::Step RequestParser::Run(std::string_view input,
                                       Request* request) {
  // Nothing beyond max_head is ever looked at, which keeps the result the same
  // whether the bytes beyond it are there or not.
  const std::string_view head = input.substr(0, limits_.max_head);
  Step step = Step::kGoOn;
  while (step == Step::kGoOn) {
    switch (phase_) {
      case Phase::kStart:
        if ((step = ReadStart(head)) != Step::kGoOn) break;
        [[fallthrough]];
      case Phase::kMethod:
        if ((step = ReadMethod(head)) != Step::kGoOn) break;
        [[fallthrough]];
      case Phase::kTarget:
        if ((step = ReadTarget(head)) != Step::kGoOn) break;
        [[fallthrough]];
      case Phase::kVersion:
        if ((step = ReadVersion(head, request)) != Step::kGoOn) break;
        [[fallthrough]];
      case Phase::kFieldName:
        if ((step = ReadName(head, request)) != Step::kGoOn) break;
        [[fallthrough]];
      case Phase::kValue:
        step = ReadValue(head, request);
        break;
      case Phase::kFailed:
        return Step::kFailed;
    }
  }
  return step;
}

RequestParser::Step RequestParser::OnField(const Field& field,
                                           Request* request) {
  switch (field.id) {
    case FieldId::kHost:
      return OnHost(field.value, request);
    case FieldId::kContentLength:
      return OnContentLength(field.value);
    case FieldId::kTransferEncoding:
      return OnTransferEncoding(field.value);
    case FieldId::kConnection:
      OnConnection(field.value);
      return Step::kGoOn;
    case FieldId::kExpect:
      expect_continue_ = absl::EqualsIgnoreCase(field.value, "100-continue");
      unknown_expectation_ |= !expect_continue_;
      return Step::kGoOn;
    default:
      return Step::kGoOn;
  }
}

RequestParser::Step RequestParser::OnHost(std::string_view value,
                                          Request* request) {
  if (has_host_ || !IsAuthority(value, /*needs_port=*/false)) {
    return Fail(HttpStatus::kBadRequest);
  }
  has_host_ = true;
  if (request->host.empty()) request->host = value;
  return Step::kGoOn;
}

RequestParser::Step RequestParser::OnContentLength(std::string_view value) {
  constexpr uint64_t kMaxLength = std::numeric_limits<int64_t>::max();
  const std::optional<uint64_t> length = ParseDigits(value);
  if (has_content_length_ || !length.has_value() || *length > kMaxLength) {
    return Fail(HttpStatus::kBadRequest);
  }
  has_content_length_ = true;
  content_length_ = *length;
  return Step::kGoOn;
}

// Only "chunked" is known, and it must be the last of all lines together. What
// follows it decides where the body ends, so nothing may (RFC 9112 6.1).
RequestParser::Step RequestParser::OnTransferEncoding(std::string_view list) {
  has_transfer_encoding_ = true;
  bool last = false;
  do {
    last = list.find(',') == std::string_view::npos;
    const std::string_view coding = TakeElement(&list);
    const char* end = coding.data() + coding.size();
    const char* name_end = SkipBytes(coding.data(), end, kTokenByte);
    const size_t name_size = name_end - coding.data();
    if (chunked_ || name_size == 0) return Fail(HttpStatus::kBadRequest);
    chunked_ = absl::EqualsIgnoreCase(coding.substr(0, name_size), "chunked");
    unknown_coding_ |= !chunked_;
    // Parameters: "chunked" has none, those of unknown codings do not matter.
    if (name_end == end) continue;
    const char next = *SkipBytes(name_end, end, kTokenByte);
    if (chunked_ || (next != ';' && !IsBlank(next))) {
      return Fail(HttpStatus::kBadRequest);
    }
  } while (!last);
  return Step::kGoOn;
}

void RequestParser::OnConnection(std::string_view list) {
  while (!list.empty()) {
    const std::string_view option = TakeElement(&list);
    close_ |= absl::EqualsIgnoreCase(option, "close");
    keep_alive_ |= absl::EqualsIgnoreCase(option, "keep-alive");
  }
}

// What only the whole head can tell. Ambiguity first: a head that is both
// ambiguous and not understood is a 400.
RequestParser::Step RequestParser::Finish(Request* request) {
  const bool is_1_1 = minor_version_ == 1;
  if ((is_1_1 && !has_host_) ||
      (has_transfer_encoding_ && (has_content_length_ || !is_1_1))) {
    return Fail(HttpStatus::kBadRequest);
  }
  if (unknown_coding_) return Fail(HttpStatus::kNotImplemented);
  if (is_1_1 && unknown_expectation_) {
    return Fail(HttpStatus::kExpectationFailed);
  }
  request->minor_version = minor_version_;
  if (has_content_length_) request->content_length = content_length_;
  request->chunked = chunked_;
  request->keep_alive = !close_ && (is_1_1 || keep_alive_);
  request->expect_continue = is_1_1 && expect_continue_ && request->has_body();
  return Step::kDone;
}

RequestParser::Step RequestParser::Fail(HttpStatus error) {
  phase_ = Phase::kFailed;
  error_ = error;
  return Step::kFailed;
}

RequestParser::Step RequestParser::Starve(size_t position) {
  position_ = position;
  return Step::kStarved;
}

}  // namespace kingpin::http

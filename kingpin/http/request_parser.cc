#include "kingpin/http/request_parser.h"

#include <algorithm>
#include <cstring>

#include "absl/log/check.h"
#include "absl/strings/match.h"
#include "kingpin/http/scan.h"

namespace kingpin::http {
namespace {

// Longer than any registered method.
constexpr size_t kMaxMethod = 32;

// The registered ports are 16 bits.
constexpr uint64_t kMaxPort = 65535;

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

}  // namespace

std::optional<std::string_view> Request::Find(std::string_view name) const {
  return FindField(fields, name);
}

std::optional<std::string_view> Request::Find(FieldId id) const {
  return FindField(fields, id);
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
  framing_.Clear();
  error_ = {};
  phase_ = Phase::kStart;
  minor_version_ = 1;
  has_host_ = false;
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
  position_ += 10;
  field_reader_.Start(position_);
  phase_ = Phase::kFields;
  return Step::kGoOn;
}

inline RequestParser::Step RequestParser::ReadFields(std::string_view head,
                                                     Request* request) {
  using FieldStep = FieldReader::Step;
  const FieldReader::Limits limits = {limits_.max_field, limits_.max_fields};
  FieldStep read;
  while ((read = field_reader_.Next</*kLenient=*/false>(
              head, limits, &request->fields)) == FieldStep::kField) {
    const Field& field = request->fields.back();
    if (field.id == FieldId::kOther) continue;
    const Step step = OnField(field, request);
    if (step != Step::kGoOn) return step;
  }
  position_ = field_reader_.position();
  switch (read) {
    case FieldStep::kEnd:
      return Finish(request);
    case FieldStep::kStarved:
      return Step::kStarved;
    case FieldStep::kTooLarge:
      return Fail(HttpStatus::kRequestHeaderFieldsTooLarge);
    default:
      return Fail(HttpStatus::kBadRequest);
  }
}

// The phases in their order. Each falls into the next while there are bytes;
// the jump at the top is for a head that came in pieces.
RequestParser::Step RequestParser::Run(std::string_view input,
                                       Request* request) {
  // Nothing beyond max_head is ever looked at, which keeps the result the same
  // whether the bytes beyond it are there or not.
  const std::string_view head = input.substr(0, limits_.max_head);
  Step step = Step::kGoOn;
  switch (phase_) {
    case Phase::kStart:
      if ((step = ReadStart(head)) != Step::kGoOn) return step;
      [[fallthrough]];
    case Phase::kMethod:
      if ((step = ReadMethod(head)) != Step::kGoOn) return step;
      [[fallthrough]];
    case Phase::kTarget:
      if ((step = ReadTarget(head)) != Step::kGoOn) return step;
      [[fallthrough]];
    case Phase::kVersion:
      if ((step = ReadVersion(head, request)) != Step::kGoOn) return step;
      [[fallthrough]];
    case Phase::kFields:
      return ReadFields(head, request);
    case Phase::kFailed:
      break;
  }
  return Step::kFailed;
}

RequestParser::Step RequestParser::OnField(const Field& field,
                                           Request* request) {
  switch (field.id) {
    case FieldId::kHost:
      return OnHost(field.value, request);
    case FieldId::kContentLength:
      if (framing_.AddContentLength(field.value)) return Step::kGoOn;
      return Fail(HttpStatus::kBadRequest);
    case FieldId::kTransferEncoding:
      if (framing_.AddTransferEncoding(field.value)) return Step::kGoOn;
      return Fail(HttpStatus::kBadRequest);
    case FieldId::kConnection:
      framing_.AddConnection(field.value);
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

// What only the whole head can tell. Ambiguity first: a head that is both
// ambiguous and not understood is a 400.
RequestParser::Step RequestParser::Finish(Request* request) {
  const bool is_1_1 = minor_version_ == 1;
  if ((is_1_1 && !has_host_) || (framing_.has_transfer_encoding &&
                                 (framing_.has_content_length || !is_1_1))) {
    return Fail(HttpStatus::kBadRequest);
  }
  if (framing_.unknown_coding) return Fail(HttpStatus::kNotImplemented);
  if (is_1_1 && unknown_expectation_) {
    return Fail(HttpStatus::kExpectationFailed);
  }
  request->minor_version = minor_version_;
  if (framing_.has_content_length) {
    request->content_length = framing_.content_length;
  }
  request->chunked = framing_.chunked;
  request->keep_alive = !framing_.close && (is_1_1 || framing_.keep_alive);
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

#include "kingpin/http/response_parser.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "absl/log/check.h"
#include "absl/strings/match.h"
#include "kingpin/http/scan.h"

namespace kingpin::http {
namespace {

constexpr std::string_view kName = "HTTP/";
// What a server says that expects TLS (RFC 8446 section 5.1).
constexpr char kTlsAlert = '\x15';
// "HTTP/1.1 200", then a blank or the end of the line.
constexpr size_t kCodeBegin = 9;
constexpr size_t kCodeEnd = 12;

// Joins the lines of a folded value: each line end, with the blanks around it,
// becomes one blank (RFC 9112 5.2).
std::string Unfold(std::string_view value) {
  std::string joined;
  joined.reserve(value.size());
  while (!value.empty()) {
    const size_t lf = std::min(value.find('\n'), value.size());
    std::string_view line = value.substr(0, lf);
    value.remove_prefix(std::min(lf + 1, value.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = TrimBlanks(line);
    if (line.empty()) continue;
    if (!joined.empty()) joined += ' ';
    joined += line;
  }
  return joined;
}

}  // namespace

std::string_view Describe(ResponseError error) {
  switch (error) {
    case ResponseError::kNone:
      return "no error";
    case ResponseError::kNotHttp:
      return "the peer does not speak HTTP";
    case ResponseError::kTls:
      return "the peer speaks TLS here: the address begins with https:// or "
             "wss://";
    case ResponseError::kVersion:
      return "the version is neither HTTP/1.0 nor HTTP/1.1";
    case ResponseError::kStatusLine:
      return "the status line is malformed";
    case ResponseError::kField:
      return "a header field is malformed";
    case ResponseError::kHeadTooLarge:
      return "the head is over its limit";
    case ResponseError::kContentLength:
      return "Content-Length is malformed or contradicts itself";
    case ResponseError::kTransferEncoding:
      return "Transfer-Encoding is malformed";
    case ResponseError::kAmbiguousLength:
      return "the end of the body is ambiguous";
    case ResponseError::kUnknownCoding:
      return "the transfer coding is unknown";
    case ResponseError::kTooManyInterim:
      return "too many interim responses";
  }
  return "unknown error";
}

void Response::Clear() {
  status = 0;
  reason = {};
  fields.clear();
  minor_version = 1;
  body = Body::kNone;
  content_length.reset();
  keep_alive = false;
  head_bytes = 0;
  unfolded.clear();
}

void ResponseParser::Reset() {
  NextHead();
  interim_count_ = 0;
  error_ = ResponseError::kNone;
}

// Member by member, see RequestParser::Reset().
void ResponseParser::NextHead() {
  position_ = reason_begin_ = reason_end_ = 0;
  framing_.Clear();
  status_ = 0;
  minor_version_ = 1;
  phase_ = Phase::kVersion;
}

ResponseParser::Result ResponseParser::Parse(std::string_view input,
                                             Method method,
                                             Response* response) {
  if (phase_ == Phase::kFailed) return Result::kError;
  DCHECK_GE(input.size(), position_) << "bytes seen before are gone";
  const bool resumed = position_ != 0;
  response->Clear();
  Step step = Run(input, method, response);
  if (step == Step::kStarved) {
    if (input.size() < limits_.max_head) return Result::kNeedMore;
    step = Fail(ResponseError::kHeadTooLarge);
  }
  if (step == Step::kFailed) return Result::kError;
  const size_t head_bytes = position_;
  NextHead();
  if (resumed) {
    // The lines of earlier calls are not in `response`, or no longer at their
    // address. The head is known to be good: one more pass fills everything.
    response->Clear();
    Run(input.substr(0, head_bytes), method, response);
    NextHead();
  }
  response->head_bytes = head_bytes;
  if (!response->is_interim()) {
    interim_count_ = 0;
  } else if (++interim_count_ > limits_.max_interim) {
    Fail(ResponseError::kTooManyInterim);
    return Result::kError;
  }
  return Result::kDone;
}

ResponseParser::Step ResponseParser::Run(std::string_view input, Method method,
                                         Response* response) {
  // Nothing beyond max_head is ever looked at, which keeps the result the same
  // whether the bytes beyond it are there or not.
  const std::string_view head = input.substr(0, limits_.max_head);
  Step step = Step::kGoOn;
  switch (phase_) {
    case Phase::kVersion:
      if ((step = ReadVersion(head)) != Step::kGoOn) return step;
      [[fallthrough]];
    case Phase::kReason:
      if ((step = ReadReason(head)) != Step::kGoOn) return step;
      [[fallthrough]];
    case Phase::kFields:
      step = lenient_ ? ReadFields<true>(head, response)
                      : ReadFields<false>(head, response);
      if (step != Step::kDone) return step;
      response->reason =
          head.substr(reason_begin_, reason_end_ - reason_begin_);
      return Finish(method, response);
    case Phase::kFailed:
      break;
  }
  return Step::kFailed;
}

// Waits for the 13 bytes of "HTTP/1.1 200 ": they come together, and if they do
// not, they are too few to be worth states of their own. What is no HTTP at all
// is told at its first byte, for such a peer may never send 13.
ResponseParser::Step ResponseParser::ReadVersion(std::string_view head) {
  const size_t known = std::min(head.size(), kName.size());
  if (head.substr(0, known) != kName.substr(0, known)) {
    return Fail(head.front() == kTlsAlert ? ResponseError::kTls
                                          : ResponseError::kNotHttp);
  }
  if (head.size() <= kCodeEnd) return Step::kStarved;
  const char minor = head[7];
  if (!IsDigit(head[5]) || (head[6] != '.' && head[6] != ' ') ||
      (head[6] == '.' && !IsDigit(minor))) {
    return Fail(ResponseError::kStatusLine);
  }
  if (head[5] != '1' || head[6] == ' ' || (minor > '1' && !lenient_)) {
    return Fail(ResponseError::kVersion);
  }
  const std::string_view code = head.substr(kCodeBegin, kCodeEnd - kCodeBegin);
  if (head[kCodeBegin - 1] != ' ' || !IsStatus(code)) {
    return Fail(ResponseError::kStatusLine);
  }
  minor_version_ = minor == '0' ? 0 : 1;
  status_ = static_cast<uint16_t>(*ParseDigits(code));
  const char next = head[kCodeEnd];
  if (next != ' ' && !(lenient_ && (next == '\r' || next == '\n'))) {
    return Fail(ResponseError::kStatusLine);
  }
  position_ = reason_begin_ = next == ' ' ? kCodeEnd + 1 : kCodeEnd;
  phase_ = Phase::kReason;
  return Step::kGoOn;
}

bool ResponseParser::IsStatus(std::string_view digits) const {
  const std::optional<uint64_t> status = ParseDigits(digits);
  return status.has_value() && *status >= 100 &&
         *status <= (lenient_ ? 999 : 599);
}

ResponseParser::Step ResponseParser::ReadReason(std::string_view head) {
  const char* base = head.data();
  const size_t end = std::min(head.size(), size_t{limits_.max_status_line} + 1);
  size_t stop = position_;
  if (stop < end) stop = SkipValue(base + stop, base + end) - base;
  if (stop > limits_.max_status_line) return Fail(ResponseError::kHeadTooLarge);
  if (stop == end) {
    position_ = stop;
    return Step::kStarved;
  }
  size_t next = stop + 1;
  if (head[stop] == '\r') {
    position_ = stop;
    if (next == head.size()) return Step::kStarved;
    if (head[next] != '\n') return Fail(ResponseError::kStatusLine);
    ++next;
  } else if (head[stop] != '\n' || !lenient_) {
    return Fail(ResponseError::kStatusLine);
  }
  reason_end_ = stop;
  position_ = next;
  field_reader_.Start(position_);
  phase_ = Phase::kFields;
  return Step::kGoOn;
}

template <bool kLenient>
ResponseParser::Step ResponseParser::ReadFields(std::string_view head,
                                                Response* response) {
  using FieldStep = FieldReader::Step;
  const FieldReader::Limits limits = {limits_.max_field, limits_.max_fields};
  FieldStep read;
  while ((read = field_reader_.Next<kLenient>(
              head, limits, &response->fields)) == FieldStep::kField) {
    Field& field = response->fields.back();
    if (kLenient && field.value.find('\n') != std::string_view::npos) {
      field.value = response->unfolded.emplace_front(Unfold(field.value));
    }
    if (field.id == FieldId::kOther) continue;
    const Step step = OnField(field);
    if (step != Step::kGoOn) return step;
  }
  position_ = field_reader_.position();
  switch (read) {
    case FieldStep::kEnd:
      return Step::kDone;
    case FieldStep::kStarved:
      return Step::kStarved;
    case FieldStep::kTooLarge:
      return Fail(ResponseError::kHeadTooLarge);
    default:
      return Fail(ResponseError::kField);
  }
}

ResponseParser::Step ResponseParser::OnField(const Field& field) {
  switch (field.id) {
    case FieldId::kContentLength: {
      const bool good = lenient_
                            ? framing_.AddRepeatedContentLength(field.value)
                            : framing_.AddContentLength(field.value);
      return good ? Step::kGoOn : Fail(ResponseError::kContentLength);
    }
    case FieldId::kTransferEncoding:
      if (lenient_ && !framing_.has_transfer_encoding &&
          absl::EqualsIgnoreCase(field.value, "identity")) {
        return Step::kGoOn;
      }
      return framing_.AddTransferEncoding(field.value)
                 ? Step::kGoOn
                 : Fail(ResponseError::kTransferEncoding);
    case FieldId::kConnection:
      framing_.AddConnection(field.value);
      return Step::kGoOn;
    default:
      return Step::kGoOn;
  }
}

// What only the whole head can tell. Ambiguity first: a head that is both
// ambiguous and not understood is ambiguous.
ResponseParser::Step ResponseParser::Finish(Method method, Response* response) {
  if (IsAmbiguous() && !lenient_) return Fail(ResponseError::kAmbiguousLength);
  response->status = status_;
  response->minor_version = minor_version_;
  response->body = BodyOf(method);
  if (framing_.unknown_coding && response->body == Response::Body::kChunked) {
    return Fail(ResponseError::kUnknownCoding);
  }
  if (framing_.has_content_length && !framing_.has_transfer_encoding) {
    response->content_length = framing_.content_length;
  }
  response->keep_alive = CanKeepAlive(response->body);
  return Step::kDone;
}

bool ResponseParser::IsAmbiguous() const {
  return framing_.has_transfer_encoding &&
         (framing_.has_content_length || minor_version_ == 0);
}

// RFC 9112 6.3, rules 1 to 8; rule 2 stands before rule 1, for a tunnel begins
// after any 2xx.
Response::Body ResponseParser::BodyOf(Method method) const {
  using Body = Response::Body;
  const bool is_2xx = status_ / 100 == 2;
  if (status_ == 101 || (method == Method::kConnect && is_2xx)) {
    return Body::kTunnel;
  }
  if (method == Method::kHead || IsBodiless()) return Body::kNone;
  if (framing_.has_transfer_encoding) return Body::kChunked;
  if (!framing_.has_content_length) return Body::kUntilClose;
  return framing_.content_length == 0 ? Body::kNone : Body::kLength;
}

bool ResponseParser::IsBodiless() const {
  return status_ < 200 || status_ == 204 || status_ == 304;
}

bool ResponseParser::CanKeepAlive(Response::Body body) const {
  using Body = Response::Body;
  if (body == Body::kUntilClose || body == Body::kTunnel) return false;
  if (framing_.close || IsAmbiguous()) return false;
  // RFC 9110 8.6 forbids a length in 204: whoever sends one may send a body.
  if (status_ == 204 &&
      (framing_.has_transfer_encoding || framing_.content_length > 0)) {
    return false;
  }
  return minor_version_ == 1 || framing_.keep_alive;
}

ResponseParser::Step ResponseParser::Fail(ResponseError error) {
  phase_ = Phase::kFailed;
  error_ = error;
  return Step::kFailed;
}

}  // namespace kingpin::http

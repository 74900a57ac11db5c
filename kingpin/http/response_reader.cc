#include "kingpin/http/response_reader.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace kingpin::http {
namespace {

// All Content-Encoding fields as one (RFC 9110 section 5.3).
std::string ContentCodings(const Response& response) {
  std::string codings;
  for (const Field& field : response.fields) {
    if (!absl::EqualsIgnoreCase(field.name, "Content-Encoding")) continue;
    absl::StrAppend(&codings, codings.empty() ? "" : ", ", field.value);
  }
  return codings;
}

absl::Status StatusOf(ResponseError error) {
  if (error == ResponseError::kHeadTooLarge ||
      error == ResponseError::kTooManyInterim) {
    return absl::ResourceExhaustedError(Describe(error));
  }
  if (error == ResponseError::kUnknownCoding) {
    return absl::UnimplementedError(Describe(error));
  }
  return absl::InvalidArgumentError(Describe(error));
}

}  // namespace

ResponseReader::ResponseReader(Method method,
                               const ResponseReaderOptions& options)
    : options_(options),
      method_(method),
      parser_(options.syntax, options.limits) {}

ResponseReader::Result ResponseReader::Read(std::string_view* input,
                                            Response* scratch, Sink* sink) {
  begun_ = begun_ || !input->empty();
  budget_ = ContentDecoder::kTurnBytes;
  Result result = status_.ok() ? Result::kNeedMore : Result::kError;
  if (phase_ == Phase::kHead && result == Result::kNeedMore) {
    result = ReadHead(input, scratch, sink);
  }
  if (phase_ == Phase::kBody && result == Result::kNeedMore) {
    result = ReadBody(input, sink);
  }
  return phase_ == Phase::kEnd && status_.ok() ? Result::kDone : result;
}

ResponseReader::Result ResponseReader::ReadHead(std::string_view* input,
                                                Response* response,
                                                Sink* sink) {
  while (true) {
    switch (parser_.Parse(*input, method_, response)) {
      case ResponseParser::Result::kNeedMore:
        return Result::kNeedMore;
      case ResponseParser::Result::kError:
        return Fail(StatusOf(parser_.error()));
      case ResponseParser::Result::kDone:
        break;
    }
    input->remove_prefix(response->head_bytes);
    if (!response->is_interim()) break;
    sink->OnInterim(*response);
  }
  keep_alive_ = response->keep_alive;
  body_ = response->body;
  phase_ = Phase::kBody;
  absl::Status status = BeginBody(*response);
  sink->OnHead(*response);
  return status.ok() ? Result::kNeedMore : Fail(std::move(status));
}

absl::Status ResponseReader::BeginBody(const Response& response) {
  if (body_ == Response::Body::kNone || body_ == Response::Body::kTunnel) {
    return absl::OkStatus();
  }
  body_left_ = response.content_length.value_or(0);
  auto decoder = ContentDecoder::Make(
      options_.decode ? ContentCodings(response) : "", options_.max_body);
  if (!decoder.ok()) return decoder.status();
  decoder_ = *std::move(decoder);
  return absl::OkStatus();
}

ResponseReader::Result ResponseReader::ReadBody(std::string_view* input,
                                                Sink* sink) {
  switch (body_) {
    case Response::Body::kNone:
    case Response::Body::kTunnel:
      return Finish();
    case Response::Body::kChunked:
      return ReadChunks(input, sink);
    case Response::Body::kUntilClose:
      return Deliver(input, sink);
    case Response::Body::kLength:
      break;
  }
  const std::string_view shown = input->substr(0, body_left_);
  std::string_view data = shown;
  const Result result = Deliver(&data, sink);
  input->remove_prefix(shown.size() - data.size());
  body_left_ -= shown.size() - data.size();
  return result == Result::kNeedMore && body_left_ == 0 ? Finish() : result;
}

ResponseReader::Result ResponseReader::ReadChunks(std::string_view* input,
                                                  Sink* sink) {
  while (true) {
    const std::string_view shown = *input;
    std::string_view data;
    switch (chunks_.Decode(input, &data)) {
      case ChunkedDecoder::Result::kNeedMore:
        return Result::kNeedMore;
      case ChunkedDecoder::Result::kData:
        break;
      case ChunkedDecoder::Result::kDone:
        return Finish();
      case ChunkedDecoder::Result::kError:
        return Fail(absl::InvalidArgumentError(
            "the chunked coding of the body is malformed"));
    }
    const Result result = Deliver(&data, sink);
    if (result == Result::kNeedMore) continue;
    chunks_.Return(data.size());
    *input = shown.substr(shown.size() - input->size() - data.size());
    return result;
  }
}

ResponseReader::Result ResponseReader::Deliver(std::string_view* data,
                                               Sink* sink) {
  if (data->empty()) return Result::kNeedMore;
  absl::Status status =
      decoder_->Decode(data, &budget_, [sink](std::string_view piece) {
        if (!piece.empty()) sink->OnBody(piece);
      });
  if (!status.ok()) return Fail(std::move(status));
  return data->empty() ? Result::kNeedMore : Result::kPaused;
}

ResponseReader::Result ResponseReader::Finish() {
  phase_ = Phase::kEnd;
  if (decoder_.has_value()) {
    if (auto status = decoder_->Finish(); !status.ok()) return Fail(status);
  }
  return Result::kDone;
}

ResponseReader::Result ResponseReader::EndOfInput() {
  if (!status_.ok()) return Result::kError;
  if (phase_ == Phase::kEnd) return Result::kDone;
  if (phase_ == Phase::kBody && body_ == Response::Body::kUntilClose) {
    return Finish();
  }
  if (!begun_) {
    return Fail(absl::UnavailableError(
        "the connection ended before a byte of the response"));
  }
  return Fail(absl::DataLossError(
      phase_ == Phase::kHead ? "the connection ended within the head"
      : body_ == Response::Body::kLength
          ? absl::StrCat("the connection ended ", body_left_,
                         " bytes before the end of the body")
          : "the connection ended within the body"));
}

ResponseReader::Result ResponseReader::Fail(absl::Status status) {
  status_ = std::move(status);
  keep_alive_ = false;
  return Result::kError;
}

}  // namespace kingpin::http

#include "kingpin/http/websocket_extension.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kingpin/http/scan.h"

namespace kingpin::http {
namespace {

constexpr std::string_view kName = "permessage-deflate";
constexpr int kMaxBits = 15;

// The parameters of one offer or answer (RFC 7692 section 7.1).
struct Parameters {
  bool server_no_takeover = false;
  bool client_no_takeover = false;
  std::optional<int> server_bits;
  bool client_bits_named = false;  // Of an offer: without a value, too.
  std::optional<int> client_bits;
};

// Takes up to `stop` or the end, but not inside of quotes, and trims it.
std::string_view TakeUntil(std::string_view* text, char stop) {
  bool quoted = false;
  size_t end = 0;
  for (; end < text->size(); ++end) {
    if ((*text)[end] == '"') quoted = !quoted;
    if (!quoted && (*text)[end] == stop) break;
  }
  const std::string_view part = TrimBlanks(text->substr(0, end));
  text->remove_prefix(std::min(end + 1, text->size()));
  return part;
}

std::string_view Unquote(std::string_view value) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    return value.substr(1, value.size() - 2);
  }
  return value;
}

// A decimal integer from 8 to 15 without leading zeroes.
std::optional<int> ParseBits(std::string_view text) {
  if (text.empty() || text.size() > 2 || text[0] == '0') return std::nullopt;
  const std::optional<uint64_t> number = ParseDigits(text);
  if (!number.has_value() || *number < 8 || *number > 15) return std::nullopt;
  return static_cast<int>(*number);
}

// False: a parameter that is unknown, malformed or there twice.
bool ParseParameter(std::string_view text, Parameters* all) {
  const size_t equals = text.find('=');
  const bool has_value = equals != text.npos;
  const std::string_view name = TrimBlanks(text.substr(0, equals));
  const std::string_view value =
      has_value ? Unquote(TrimBlanks(text.substr(equals + 1))) : "";
  const auto set = [has_value](bool* flag) {
    return !has_value && !std::exchange(*flag, true);
  };
  if (name == "server_no_context_takeover") {
    return set(&all->server_no_takeover);
  }
  if (name == "client_no_context_takeover") {
    return set(&all->client_no_takeover);
  }
  if (name == "server_max_window_bits") {
    if (all->server_bits.has_value()) return false;
    all->server_bits = ParseBits(value);
    return all->server_bits.has_value();
  }
  if (name == "client_max_window_bits") {
    if (std::exchange(all->client_bits_named, true)) return false;
    all->client_bits = ParseBits(value);
    return all->client_bits.has_value() || !has_value;
  }
  return false;
}

// `text` is what follows the extension's name.
std::optional<Parameters> ParseParameters(std::string_view text) {
  Parameters all;
  while (!text.empty()) {
    if (!ParseParameter(TakeUntil(&text, ';'), &all)) return std::nullopt;
  }
  return all;
}

DeflateTerms Settle(const Parameters& offer, const DeflateOptions& options) {
  DeflateTerms terms = {
      .server_context_takeover =
          options.server_context_takeover && !offer.server_no_takeover,
      .client_context_takeover =
          options.client_context_takeover && !offer.client_no_takeover,
      .server_window_bits =
          static_cast<uint8_t>(std::min(options.server_max_window_bits,
                                        offer.server_bits.value_or(kMaxBits))),
  };
  if (offer.client_bits_named) {
    terms.client_window_bits = static_cast<uint8_t>(std::min(
        options.client_max_window_bits, offer.client_bits.value_or(kMaxBits)));
  }
  return terms;
}

std::string WriteTerms(const DeflateTerms& terms, bool says_server_bits) {
  std::string text(kName);
  if (!terms.server_context_takeover) text += "; server_no_context_takeover";
  if (!terms.client_context_takeover) text += "; client_no_context_takeover";
  if (says_server_bits) {
    absl::StrAppend(&text,
                    "; server_max_window_bits=", int{terms.server_window_bits});
  }
  // A client that has not named it has 15.
  if (terms.client_window_bits < kMaxBits) {
    absl::StrAppend(&text,
                    "; client_max_window_bits=", int{terms.client_window_bits});
  }
  return text;
}

absl::Status CheckBits(std::string_view name, int bits) {
  if (bits >= 9 && bits <= kMaxBits) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("DeflateOptions::", name, " is ", bits, ": it is 9 to 15"));
}

absl::Status Unfit(std::string_view answer) {
  return absl::InvalidArgumentError(absl::StrCat(
      "the server's Sec-WebSocket-Extensions was not offered: ", answer));
}

}  // namespace

absl::Status CheckDeflateOptions(const DeflateOptions& options) {
  absl::Status status =
      CheckBits("server_max_window_bits", options.server_max_window_bits);
  status.Update(
      CheckBits("client_max_window_bits", options.client_max_window_bits));
  if (options.level < 1 || options.level > 9) {
    status.Update(absl::InvalidArgumentError("DeflateOptions::level: 1 to 9"));
  }
  if (options.memory_level < 1 || options.memory_level > 9) {
    status.Update(
        absl::InvalidArgumentError("DeflateOptions::memory_level: 1 to 9"));
  }
  return status;
}

std::optional<DeflateTerms> AnswerDeflateOffer(std::string_view offers,
                                               const DeflateOptions& options,
                                               std::string* answer) {
  answer->clear();
  if (!options.enabled) return std::nullopt;
  while (!offers.empty()) {
    std::string_view offer = TakeUntil(&offers, ',');
    if (TakeUntil(&offer, ';') != kName) continue;
    const std::optional<Parameters> parameters = ParseParameters(offer);
    if (!parameters.has_value()) continue;
    const DeflateTerms terms = Settle(*parameters, options);
    *answer = WriteTerms(terms, parameters->server_bits.has_value() ||
                                    terms.server_window_bits < kMaxBits);
    return terms;
  }
  return std::nullopt;
}

std::string OfferDeflate(const DeflateOptions& options) {
  if (!options.enabled) return "";
  std::string text(kName);
  if (!options.server_context_takeover) text += "; server_no_context_takeover";
  if (!options.client_context_takeover) text += "; client_no_context_takeover";
  if (options.server_max_window_bits < kMaxBits) {
    absl::StrAppend(
        &text, "; server_max_window_bits=", options.server_max_window_bits);
  }
  text += "; client_max_window_bits";
  if (options.client_max_window_bits < kMaxBits) {
    absl::StrAppend(&text, "=", options.client_max_window_bits);
  }
  return text;
}

absl::StatusOr<std::optional<DeflateTerms>> AcceptDeflateAnswer(
    std::string_view answer, const DeflateOptions& options) {
  std::string_view rest = answer;
  if (TrimBlanks(rest).empty()) return std::optional<DeflateTerms>();
  std::string_view extension = TakeUntil(&rest, ',');
  if (!options.enabled || !rest.empty() ||
      TakeUntil(&extension, ';') != kName) {
    return Unfit(answer);
  }
  const std::optional<Parameters> said = ParseParameters(extension);
  if (!said.has_value() ||
      (said->client_bits_named && !said->client_bits.has_value())) {
    return Unfit(answer);
  }
  DeflateTerms terms = {
      .server_context_takeover = !said->server_no_takeover,
      // Ours to forgo, whatever the server lets us do.
      .client_context_takeover =
          options.client_context_takeover && !said->client_no_takeover,
      .server_window_bits =
          static_cast<uint8_t>(said->server_bits.value_or(kMaxBits)),
      .client_window_bits =
          static_cast<uint8_t>(std::min(options.client_max_window_bits,
                                        said->client_bits.value_or(kMaxBits))),
  };
  // What was asked for has to be granted (RFC 7692 section 7.1.1 and 7.1.2).
  if (terms.server_context_takeover && !options.server_context_takeover) {
    return Unfit(answer);
  }
  if (terms.server_window_bits > options.server_max_window_bits) {
    return Unfit(answer);
  }
  if (said->client_bits.value_or(0) > options.client_max_window_bits) {
    return Unfit(answer);
  }
  return std::optional<DeflateTerms>(terms);
}

}  // namespace kingpin::http

#include "kingpin/dns/resolv_conf.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "kingpin/net/resolver.h"
#include "kingpin/sys/syscalls.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin {
namespace {

constexpr uint16_t kDnsPort = 53;

using Words = std::vector<absl::string_view>;

// "ndots:2" and the like; nothing if `option` is another or no number from 0.
std::optional<int> OptionValue(absl::string_view option, absl::string_view name,
                               int most) {
  int value;
  if (!absl::ConsumePrefix(&option, name) ||
      !absl::ConsumePrefix(&option, ":") || !absl::SimpleAtoi(option, &value) ||
      value < 0) {
    return std::nullopt;
  }
  return std::min(value, most);
}

// The limits are those of resolv.conf(5).
void TakeOption(absl::string_view option, ResolvConf* conf) {
  if (auto ndots = OptionValue(option, "ndots", 15)) conf->ndots = *ndots;
  if (auto timeout = OptionValue(option, "timeout", 30)) {
    conf->timeout = absl::Seconds(*timeout);
  }
  if (auto attempts = OptionValue(option, "attempts", 5)) {
    conf->attempts = *attempts;
  }
  if (option == "rotate") conf->rotate = true;
}

// The last such line holds.
void SetSearch(absl::Span<const absl::string_view> domains, ResolvConf* conf) {
  conf->search.clear();
  for (absl::string_view domain : domains) {
    if (conf->search.size() == ResolvConf::kMaxDomains) break;
    absl::StatusOr<HostName> name = ParseHostName(domain);
    // "." is the root: the name as it is, which is tried anyway.
    if (name.ok()) conf->search.push_back(std::move(name->text));
  }
}

void TakeLine(const Words& words, ResolvConf* conf) {
  absl::Span<const absl::string_view> values =
      absl::MakeConstSpan(words).subspan(1);
  if (words[0] == "nameserver" && !values.empty()) {
    std::optional<SocketAddress> address = ParseLiteralHost(values[0]);
    if (address.has_value() && conf->servers.size() < ResolvConf::kMaxServers) {
      conf->servers.push_back(address->WithPort(kDnsPort));
    }
  } else if (words[0] == "search") {
    SetSearch(values, conf);
  } else if (words[0] == "domain" && !values.empty()) {
    SetSearch(values.subspan(0, 1), conf);
  } else if (words[0] == "options") {
    for (absl::string_view option : values) TakeOption(option, conf);
  }
}

std::string ReadUpTo(const std::string& path, size_t bytes) {
  // O_NONBLOCK: a FIFO in its place must not hold us.
  SysResult<UniqueFd> file =
      sys::Open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (!file.ok()) return "";
  std::string text(bytes, '\0');
  SysResult<size_t> size =
      sys::PRead(file.value.get(), text.data(), text.size(), 0);
  text.resize(size.ok() ? size.value : 0);
  return text;
}

}  // namespace

ResolvConf ResolvConf::Parse(absl::string_view text,
                             absl::string_view local_name) {
  ResolvConf conf;
  const size_t dot = local_name.find('.');
  if (dot != local_name.npos) SetSearch({local_name.substr(dot + 1)}, &conf);
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    Words words =
        absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
    if (!words.empty()) TakeLine(words, &conf);
  }
  return conf;
}

ResolvConf ResolvConf::Load(const std::string& path) {
  char local_name[HOST_NAME_MAX + 1] = "";
  // Cannot fail for another reason than a short buffer. gethostname(2).
  (void)gethostname(local_name, sizeof(local_name) - 1);
  ResolvConf conf = Parse(ReadUpTo(path, kMaxBytes), local_name);
  if (conf.servers.empty()) {
    conf.servers.push_back(ParseLiteralHost("127.0.0.1")->WithPort(kDnsPort));
  }
  return conf;
}

std::vector<std::string> ResolvConf::Candidates(const HostName& name) const {
  std::vector<std::string> names;
  if (name.absolute) return {name.text};
  const bool as_it_is_first =
      std::count(name.text.begin(), name.text.end(), '.') >= ndots;
  if (as_it_is_first) names.push_back(name.text);
  for (const std::string& domain : search) {
    std::string full = absl::StrCat(name.text, ".", domain);
    if (full.size() <= kMaxHostNameBytes) names.push_back(std::move(full));
  }
  if (!as_it_is_first) names.push_back(name.text);
  return names;
}

}  // namespace kingpin

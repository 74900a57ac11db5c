#include "kingpin/logger/verbosity.h"

#include <errno.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "kingpin/logger/escape.h"
#include "kingpin/logger/tell_stderr.h"
#include "kingpin/logger/text_buffer.h"

namespace kingpin {
namespace log_internal {
namespace {

constexpr int kMaxVerbosity = 1'000'000;
constexpr size_t kMaxQuoted = 100;  // Of what is wrong.

struct Rule {
  std::string pattern;
  int level;
};

struct Rules {
  std::string spec;
  std::vector<Rule> rules;
  int otherwise = 0;
  const Rules* before = nullptr;  // A site may still be reading those.
};

// No locks: a child of fork() may log while another thread of its parent was here.
constinit std::atomic<const Rules*> g_rules = nullptr;
constinit std::atomic<VerboseSite*> g_sites = nullptr;
constinit std::atomic<int> g_added = 0;

// Whether * and ? of `pattern` can stand for what makes it `text`. Linear but for the
// number of stars: only the last of them is tried anew.
bool Fits(std::string_view pattern, std::string_view text) {
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;
  size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() &&
               (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::string_view ModuleOf(std::string_view path) {
  const std::string_view base = path.substr(path.rfind('/') + 1);
  return base.substr(0, base.find('.'));
}

// Whether it could fit a module: those have no folder and no extension.
bool IsPattern(std::string_view text) {
  return !text.empty() &&
         text.find_first_of(" \t/.=") == std::string_view::npos;
}

// Adds the part; false: it is malformed.
bool AddPart(std::string_view part, bool* has_otherwise, Rules* rules) {
  const size_t sign = part.find('=');
  const bool is_rule = sign != std::string_view::npos;
  int level = 0;
  if (!absl::SimpleAtoi(is_rule ? part.substr(sign + 1) : part, &level) ||
      level < 0 || level > kMaxVerbosity) {
    return false;
  }
  if (!is_rule) {
    rules->otherwise = level;
    return !std::exchange(*has_otherwise, true);
  }
  const std::string_view pattern =
      absl::StripAsciiWhitespace(part.substr(0, sign));
  rules->rules.push_back({std::string(pattern), level});
  return IsPattern(pattern);
}

absl::StatusOr<std::unique_ptr<Rules>> Parse(std::string_view spec) {
  auto rules = std::make_unique<Rules>();
  rules->spec = std::string(spec);
  if (spec.empty()) return rules;
  bool has_otherwise = false;
  for (std::string_view part : absl::StrSplit(spec, ',')) {
    if (AddPart(part, &has_otherwise, rules.get())) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "verbosity \"", CutText(part, kMaxQuoted),
        "\": it is PATTERN=NUMBER, such as http_*=2, where the pattern is of ",
        "file names without folder and extension, or one NUMBER for all ",
        "others"));
  }
  return rules;
}

// Those in force, which may have to be made of the environment.
const Rules& RulesInForce() {
  const Rules* rules = g_rules.load();
  if (rules != nullptr) return *rules;
  const char* spec = std::getenv("KINGPIN_VERBOSITY");
  absl::StatusOr<std::unique_ptr<Rules>> parsed =
      Parse(spec == nullptr ? "" : spec);
  const absl::Status status = parsed.status();
  auto ours = parsed.ok() ? *std::move(parsed) : std::make_unique<Rules>();
  if (!g_rules.compare_exchange_strong(rules, ours.get())) return *rules;
  const Rules& in_force = *ours.release();
  if (!status.ok()) {
    TextBuffer text;
    text.Append("log: KINGPIN_VERBOSITY: ");
    AppendEscaped(status.message(), Tabs::kEscape, &text);
    text.Append("\n");
    TellStderr(text.view());
  }
  return in_force;
}

int LevelOf(const Rules& rules, std::string_view module) {
  for (const Rule& rule : rules.rules) {
    if (Fits(rule.pattern, module)) return rule.level;
  }
  return rules.otherwise;
}

}  // namespace

bool VerboseSite::EnabledSlowly(int n) {
  if (level_.load() == kUnknown) {
    const int saved_errno = errno;  // What is streamed may ask for it.
    if (!is_listed_.exchange(true)) {
      next_ = g_sites.load();
      while (!g_sites.compare_exchange_weak(next_, this)) {
      }
    }
    try {
      Update();  // The rules may have changed before the site was in the list.
    } catch (const std::bad_alloc&) {
      errno = saved_errno;
      return false;  // Another time.
    }
    errno = saved_errno;
  }
  return level_.load() >= n;
}

void VerboseSite::Update() {
  const Rules* rules;
  int added;
  do {
    rules = &RulesInForce();
    added = g_added.load();
    level_.store(LevelOf(*rules, ModuleOf(path_)) + added);
    // Two may store at the same time, older rules on top of newer ones: who stored
    // those sees here that they are old.
  } while (rules != g_rules.load() || added != g_added.load());
}

void VerboseSite::UpdateAll() {
  for (VerboseSite* site = g_sites.load(); site != nullptr;
       site = site->next_) {
    site->Update();
  }
}

}  // namespace log_internal

absl::Status SetVerbosity(std::string_view spec) {
  absl::StatusOr<std::unique_ptr<log_internal::Rules>> rules =
      log_internal::Parse(spec);
  if (!rules.ok()) return rules.status();
  log_internal::Rules* const next = rules->release();
  next->before = log_internal::g_rules.load();
  while (!log_internal::g_rules.compare_exchange_weak(next->before, next)) {
  }
  log_internal::VerboseSite::UpdateAll();
  return absl::OkStatus();
}

int AddVerbosity(int more) {
  int before = log_internal::g_added.load();
  int added;
  do {
    added = std::clamp(before + more, 0, log_internal::kMaxVerbosity);
  } while (!log_internal::g_added.compare_exchange_weak(before, added));
  log_internal::VerboseSite::UpdateAll();
  return added;
}

std::string Verbosity() { return log_internal::RulesInForce().spec; }

}  // namespace kingpin

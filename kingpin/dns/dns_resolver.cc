#include "kingpin/dns/dns_resolver.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "kingpin/dns/address_order.h"
#include "kingpin/dns/host_name.h"
#include "kingpin/dns/ip_address.h"

namespace kingpin {
namespace {

constexpr absl::Duration kDefaultAttemptTimeout = absl::Seconds(2);
constexpr int kDefaultTries = 2;

constexpr DnsType kTypes[] = {DnsType::kA, DnsType::kAaaa};

size_t FamilyOf(DnsType type) { return type == DnsType::kAaaa ? 1 : 0; }

bool HasAddresses(const DnsAnswerPtr& answer) {
  return answer != nullptr && !answer->addresses.empty();
}

ResolveAnswer Failure(ResolveError error, absl::string_view host,
                      absl::string_view detail) {
  return {.error = error,
          .detail = absl::StrCat(QuotedHost(host), ": ", detail)};
}

std::vector<SocketAddress> ToSocketAddresses(
    std::vector<RankedAddress> ranked) {
  std::vector<SocketAddress> addresses;
  for (const IpAddress& address : InOrder(std::move(ranked))) {
    addresses.push_back(address.ToSocketAddress());
  }
  return addresses;
}

DnsChannelOptions ChannelOptions(const DnsResolverOptions& options,
                                 const ResolvConf& conf) {
  return {
      .servers = conf.servers,
      .attempt_timeout = conf.timeout,
      .tries = conf.attempts,
      .rotate = conf.rotate,
      .max_queries = options.max_questions,
      .max_addresses = options.max_addresses,
  };
}

// The options where they say something, else the file, else our defaults.
absl::StatusOr<ResolvConf> Configure(const DnsResolverOptions& options) {
  ResolvConf conf;
  if (!options.resolv_conf.empty())
    conf = ResolvConf::Load(options.resolv_conf);
  if (!options.servers.empty()) conf.servers.clear();
  for (const std::string& text : options.servers) {
    absl::StatusOr<SocketAddress> server = SocketAddress::Parse(text);
    if (!server.ok()) return server.status();
    if (!server->is_ip() || server->port() == 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "name server \"", text, "\": neither 10.0.0.2:53 nor [fd00::1]:53"));
    }
    conf.servers.push_back(*server);
  }
  if (options.attempt_timeout > absl::ZeroDuration()) {
    conf.timeout = options.attempt_timeout;
  } else if (conf.timeout <= absl::ZeroDuration()) {
    conf.timeout = kDefaultAttemptTimeout;
  }
  if (options.tries > 0) conf.attempts = options.tries;
  if (conf.attempts <= 0) conf.attempts = kDefaultTries;
  return conf;
}

}  // namespace

// --- Set-up and end ------------------------------------------------------------

absl::StatusOr<std::unique_ptr<DnsResolver>> DnsResolver::Create(
    IOHandler* loop, DnsResolverOptions options) {
  absl::StatusOr<ResolvConf> conf = Configure(options);
  if (!conf.ok()) return conf.status();
  std::unique_ptr<DnsResolver> resolver(
      new DnsResolver(loop, std::move(options), *std::move(conf)));
  absl::Status status = resolver->Open();
  if (!status.ok()) return status;
  return resolver;
}

DnsResolver::DnsResolver(IOHandler* loop, DnsResolverOptions options,
                         ResolvConf conf)
    : loop_(*loop),
      options_(std::move(options)),
      conf_(std::move(conf)),
      hosts_(options_.hosts_file, options_.max_hosts_bytes),
      hosts_checked_(Now()),
      cache_(options_.cache_names) {}

absl::Status DnsResolver::Open() {
  hosts_.Load();
  auto channel =
      DnsChannel::Create(&loop_, ChannelOptions(options_, conf_),
                         [this](std::vector<DnsChannel::Answer> answers) {
                           OnAnswers(std::move(answers));
                         });
  if (!channel.ok()) return channel.status();
  channel_ = *std::move(channel);
  return absl::OkStatus();
}

DnsResolver::~DnsResolver() {
  self_.reset();
  channel_.reset();
  for (auto& [text, name] : names_) loop_.CancelTimer(name->delay);
  for (auto& [id, query] : queries_) loop_.CancelTimer(query->timeout);
  // What callbacks hold may call Cancel() as it is destroyed.
  auto queries = std::exchange(queries_, {});
  queries.clear();
}

// --- What is known -------------------------------------------------------------

std::optional<ResolveAnswer> DnsResolver::Lookup(absl::string_view host) {
  Query query{.host = std::string(host)};
  if (auto known = LookupLocally(host, &query.candidates)) return known;
  for (const std::string& text : query.candidates) {
    const Answers answers = LookupCache(text);
    if (answers[0] == nullptr || answers[1] == nullptr) return std::nullopt;
    if (auto answer = Conclude(answers, query)) return answer;
  }
  return NothingFound(query);
}

std::optional<ResolveAnswer> DnsResolver::LookupLocally(
    absl::string_view host, std::vector<std::string>* names) {
  if (auto literal = LookupLiteral(host)) return literal;
  absl::StatusOr<HostName> name = ParseHostName(host);
  if (!name.ok()) {
    return ResolveAnswer{.error = ResolveError::kBadName,
                         .detail = std::string(name.status().message())};
  }
  for (absl::string_view domain : {"invalid", "onion"}) {
    if (!IsWithin(name->text, domain)) continue;
    return Failure(
        ResolveError::kNotFound, host,
        absl::StrCat("name servers are not asked for \"", domain, "\" names"));
  }
  if (auto found = LookupHosts(name->text)) return found;
  *names = conf_.Candidates(*name);
  return std::nullopt;
}

std::optional<ResolveAnswer> DnsResolver::LookupHosts(absl::string_view name) {
  if (Now() - hosts_checked_ >= options_.hosts_interval) {
    hosts_checked_ = Now();
    if (!reading_hosts_) ReadHosts();
  }
  const std::vector<IpAddress>* found = hosts_.Find(name);
  if (found == nullptr) return std::nullopt;
  return ResolveAnswer{.addresses = ToSocketAddresses(RankByRoute(*found))};
}

void DnsResolver::ReadHosts() {
  reading_hosts_ = hosts_.ReadChange();
  if (reading_hosts_) Post(&DnsResolver::ReadHosts);
}

DnsResolver::Answers DnsResolver::LookupCache(absl::string_view name) {
  const MonotonicTime now = Now();
  return {cache_.Find(name, DnsType::kA, now),
          cache_.Find(name, DnsType::kAaaa, now)};
}

std::vector<SocketAddress> DnsResolver::Take(const Answers& answers,
                                             Query& query) {
  std::vector<RankedAddress> taken;
  for (size_t family : {0, 1}) {
    if (!HasAddresses(answers[family]) || query.given[family]) continue;
    query.given[family] = query.has_addresses = true;
    DnsAnswer& answer = *answers[family];
    const size_t size = answer.addresses.size();
    for (size_t i = 0; i < size; ++i) {
      taken.push_back(answer.addresses[(answer.turn + i) % size]);
    }
    ++answer.turn;
  }
  return ToSocketAddresses(std::move(taken));
}

std::optional<ResolveAnswer> DnsResolver::Conclude(const Answers& answers,
                                                   Query& query) {
  ResolveAnswer answer{.addresses = Take(answers, query)};
  if (query.has_addresses) return answer;
  for (const DnsAnswerPtr& family : answers) {
    if (family->error == ResolveError::kNoAddress) query.exists = true;
    if (family->error == ResolveError::kNoAddress ||
        family->error == ResolveError::kNotFound) {
      continue;
    }
    return Failure(family->error, query.host, family->detail);
  }
  return std::nullopt;
}

// --- Queries -------------------------------------------------------------------

ResolveId DnsResolver::Start(absl::string_view host, Callback callback) {
  const ResolveId id = ++last_id_;
  const bool full = queries_.size() >= options_.max_queries;
  std::unique_ptr<Query>& slot = queries_[id];
  slot = std::make_unique<Query>();
  Query& query = *slot;
  query.host = std::string(host);
  query.callback = std::move(callback);
  if (full) {
    End(id, query,
        Failure(ResolveError::kNoResources, host,
                "too many queries at once (max_queries)"));
  } else if (auto known = LookupLocally(host, &query.candidates)) {
    End(id, query, *std::move(known));
  } else {
    query.timeout =
        loop_.RunAfter(options_.total_timeout, [this, id] { OnTimeout(id); });
    Advance(id, query);
  }
  if (!outbox_.empty()) PostFlush();
  return id;
}

void DnsResolver::Cancel(ResolveId id) {
  auto found = queries_.find(id);
  if (found == queries_.end()) return;
  std::unique_ptr<Query> query = std::move(found->second);
  queries_.erase(found);
  Leave(id, *query);
  // Its callback goes last: what that holds may call upon this.
}

void DnsResolver::Leave(ResolveId id, Query& query) {
  loop_.CancelTimer(query.timeout);
  Name* name = std::exchange(query.name, nullptr);
  if (name == nullptr) return;
  name->waiting.erase(id);
  if (name->waiting.empty()) Abandon(query.candidates[query.candidate]);
}

bool DnsResolver::InLine(const Name& name) const {
  // The earlier one tells of both: the line moves on from its front.
  for (DnsChannel::Question* question : name.questions) {
    if (question != nullptr) return channel_->InLine(*question);
  }
  return false;
}

void DnsResolver::Abandon(const std::string& text) {
  auto found = names_.find(text);
  Name& name = *found->second;
  // One that is with the servers has an answer, which is for who comes next.
  if (!InLine(name)) return;
  for (DnsChannel::Question* question : name.questions) {
    if (question != nullptr) channel_->TakeBack(question);
  }
  loop_.CancelTimer(name.delay);
  names_.erase(found);
}

void DnsResolver::End(ResolveId id, Query& query, ResolveAnswer answer) {
  Leave(id, query);
  query.ended = true;
  answer.complete = true;
  outbox_.push_back({id, std::move(answer)});
}

void DnsResolver::Advance(ResolveId id, Query& query) {
  for (; query.candidate < query.candidates.size(); ++query.candidate) {
    const std::string& text = query.candidates[query.candidate];
    Answers answers = LookupCache(text);
    if (answers[0] == nullptr || answers[1] == nullptr) {
      return Join(text, id, query, std::move(answers));
    }
    if (auto answer = Conclude(answers, query)) {
      return End(id, query, *std::move(answer));
    }
  }
  End(id, query, NothingFound(query));
}

void DnsResolver::Join(const std::string& text, ResolveId id, Query& query,
                       Answers answers) {
  auto found = names_.find(text);
  if (found == names_.end()) {
    if (names_.size() >= options_.max_queries) {
      return End(id, query,
                 Failure(ResolveError::kNoResources, query.host,
                         "too many names are being asked for (max_queries)"));
    }
    found = names_.emplace(text, std::make_unique<Name>()).first;
    found->second->answers = std::move(answers);
    for (DnsType type : kTypes) {
      const size_t family = FamilyOf(type);
      if (found->second->answers[family] == nullptr) {
        found->second->questions[family] = channel_->Ask(text, type);
      }
    }
  }
  Name& name = *found->second;
  query.name = &name;
  name.waiting.insert(id);
  if (std::optional<size_t> family = ReadyFamily(name)) {
    Give(id, query, name, *family);
  } else {
    BeginDelay(text, name);
  }
}

// static
ResolveAnswer DnsResolver::NothingFound(const Query& query) {
  return query.exists ? Failure(ResolveError::kNoAddress, query.host,
                                "neither A nor AAAA records")
                      : Failure(ResolveError::kNotFound, query.host,
                                query.candidates.size() > 1
                                    ? "NXDOMAIN, in the search domains too"
                                    : "NXDOMAIN");
}

void DnsResolver::OnTimeout(ResolveId id) {
  Query& query = *queries_.at(id);
  if (query.has_addresses) {
    End(id, query, {});
  } else if (query.name != nullptr && InLine(*query.name)) {
    End(id, query,
        Failure(ResolveError::kNoResources, query.host,
                absl::StrCat("not asked for in ",
                             absl::FormatDuration(options_.total_timeout),
                             ", behind ", options_.max_questions,
                             " other questions (max_questions)")));
  } else {
    End(id, query,
        Failure(ResolveError::kTimeout, query.host,
                absl::StrCat("no answer in ",
                             absl::FormatDuration(options_.total_timeout))));
  }
  Flush();
}

// --- Answers -------------------------------------------------------------------

DnsAnswerPtr DnsResolver::Kept(DnsReply reply) const {
  auto answer = std::make_shared<DnsAnswer>();
  answer->addresses = RankByRoute(reply.addresses);
  answer->error = reply.error;
  answer->detail = std::move(reply.detail);
  switch (reply.error) {
    case ResolveError::kNone:
      answer->ttl = std::min(reply.ttl, options_.max_ttl);
      break;
    case ResolveError::kNotFound:
    case ResolveError::kNoAddress:
      answer->ttl = std::min(reply.ttl, options_.max_negative_ttl);
      break;
    case ResolveError::kNoResources:
      break;  // It says nothing about the name.
    default:
      answer->ttl = options_.failure_ttl;
  }
  return answer;
}

void DnsResolver::OnAnswers(std::vector<DnsChannel::Answer> answers) {
  const MonotonicTime now = Now();
  // All of them first: both families of a name often come together, and are
  // told as one.
  for (DnsChannel::Answer& answer : answers) {
    DnsAnswerPtr kept = Kept(std::move(answer.reply));
    cache_.Store(answer.name, answer.type, kept, now);
    Name& name = *names_.at(answer.name);
    name.answers[FamilyOf(answer.type)] = std::move(kept);
    name.questions[FamilyOf(answer.type)] = nullptr;
  }
  for (const DnsChannel::Answer& answer : answers) Tell(answer.name);
  Flush();
}

void DnsResolver::Tell(const std::string& text) {
  auto found = names_.find(text);
  if (found == names_.end()) return;
  Name& name = *found->second;
  if (name.answers[0] != nullptr && name.answers[1] != nullptr) {
    std::unique_ptr<Name> done = std::move(found->second);
    names_.erase(found);
    return TellAll(std::move(done));
  }
  const std::optional<size_t> family = ReadyFamily(name);
  if (!family.has_value()) return BeginDelay(text, name);
  for (ResolveId id : name.waiting) Give(id, *queries_.at(id), name, *family);
}

std::optional<size_t> DnsResolver::ReadyFamily(const Name& name) const {
  if (HasAddresses(name.answers[1])) return 1;
  const bool no_delay = options_.resolution_delay <= absl::ZeroDuration();
  if (HasAddresses(name.answers[0]) && (name.delay_over || no_delay)) return 0;
  return std::nullopt;
}

void DnsResolver::BeginDelay(const std::string& text, Name& name) {
  if (!HasAddresses(name.answers[0])) return;
  if (std::exchange(name.delay_begun, true)) return;
  name.delay = loop_.RunAfter(options_.resolution_delay,
                              [this, text] { OnDelayOver(text); });
}

void DnsResolver::OnDelayOver(const std::string& text) {
  names_.at(text)->delay_over = true;
  Tell(text);
  Flush();
}

void DnsResolver::Give(ResolveId id, Query& query, const Name& name,
                       size_t family) {
  if (query.given[family]) return;
  Answers answers;
  answers[family] = name.answers[family];
  outbox_.push_back(
      {id, {.addresses = Take(answers, query), .complete = false}});
}

void DnsResolver::TellAll(std::unique_ptr<Name> name) {
  loop_.CancelTimer(name->delay);
  for (ResolveId id : std::exchange(name->waiting, {})) {
    Query& query = *queries_.at(id);
    query.name = nullptr;
    if (auto answer = Conclude(name->answers, query)) {
      End(id, query, *std::move(answer));
    } else {
      ++query.candidate;
      Advance(id, query);
    }
  }
}

// --- Callbacks -----------------------------------------------------------------

void DnsResolver::Post(void (DnsResolver::*method)()) {
  auto call = [weak = std::weak_ptr<DnsResolver*>(self_), method] {
    // Let go of before the call, in which Flush() asks whether this is gone.
    DnsResolver* resolver = weak.expired() ? nullptr : *weak.lock();
    if (resolver != nullptr) (resolver->*method)();
  };
  if (!loop_.shared().thread(loop_.thread()).Post(call)) {
    loop_.RunAfter(absl::ZeroDuration(), call);
  }
}

void DnsResolver::PostFlush() {
  if (!std::exchange(flush_posted_, true)) Post(&DnsResolver::Flush);
}

void DnsResolver::Flush() {
  flush_posted_ = false;
  const std::weak_ptr<DnsResolver*> weak = self_;
  // Those of now: what callbacks add has its turn in the next round.
  for (size_t left = outbox_.size(); left > 0; --left) {
    Letter letter = std::move(outbox_.front());
    outbox_.pop_front();
    Call(std::move(letter));
    if (weak.expired()) return;
  }
}

void DnsResolver::Call(Letter letter) {
  auto found = queries_.find(letter.to);
  if (found == queries_.end()) return;  // Cancelled.
  const bool complete = letter.answer.complete;
  // It may cancel its own query, or destroy this, and must outlive that.
  Callback callback = std::move(found->second->callback);
  if (complete) queries_.erase(found);
  const std::weak_ptr<DnsResolver*> weak = self_;
  try {
    callback(std::move(letter.answer));
  } catch (...) {
    // It has had its last answer; the others still get theirs.
    if (!weak.expired()) {
      Cancel(letter.to);
      PostFlush();
    }
    throw;
  }
  if (complete || weak.expired()) return;
  found = queries_.find(letter.to);
  if (found != queries_.end()) found->second->callback = std::move(callback);
}

}  // namespace kingpin

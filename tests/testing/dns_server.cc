#include "tests/testing/dns_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cstddef>
#include <optional>

#include "absl/log/check.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace kingpin {
namespace testing {
namespace {

constexpr size_t kHeaderBytes = 12;

std::string U16(uint16_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value)};
}

std::string U32(uint32_t value) {
  return U16(static_cast<uint16_t>(value >> 16)) +
         U16(static_cast<uint16_t>(value));
}

uint16_t U16At(absl::string_view bytes, size_t at) {
  return static_cast<uint16_t>(static_cast<uint8_t>(bytes[at]) << 8 |
                               static_cast<uint8_t>(bytes[at + 1]));
}

std::string WireName(absl::string_view name) {
  std::string wire;
  for (absl::string_view label : absl::StrSplit(name, '.')) {
    wire += static_cast<char>(label.size());
    absl::StrAppend(&wire, label);
  }
  return wire + std::string(1, '\0');
}

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// The port that it got, or 0.
uint16_t BindTo(int fd, uint16_t port) {
  sockaddr_in address = Loopback(port);
  socklen_t size = sizeof(address);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0) return 0;
  CHECK_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  return ntohs(address.sin_port);
}

// Nothing if it is no question.
std::optional<DnsQuestion> ParseQuestion(absl::string_view message) {
  if (message.size() < kHeaderBytes) return std::nullopt;
  DnsQuestion question;
  question.id = U16At(message, 0);
  size_t at = kHeaderBytes;
  while (at < message.size() && message[at] != 0) {
    const size_t length = static_cast<uint8_t>(message[at]);
    if (!question.name.empty()) question.name += '.';
    absl::StrAppend(&question.name,
                    absl::AsciiStrToLower(message.substr(at + 1, length)));
    at += 1 + length;
  }
  if (message.size() < at + 5) return std::nullopt;
  question.type = U16At(message, at + 1);
  return question;
}

// What the peer sends, less its length in front; empty at the end.
std::string ReadTcpMessage(int fd) {
  char length[2];
  if (recv(fd, length, 2, MSG_WAITALL) != 2) return "";
  std::string message(U16At(absl::string_view(length, 2), 0), '\0');
  const ssize_t size = recv(fd, message.data(), message.size(), MSG_WAITALL);
  return size == static_cast<ssize_t>(message.size()) ? message : "";
}

}  // namespace

// --- Messages ------------------------------------------------------------------

DnsMessage::DnsMessage(const DnsQuestion& question) : name_(question.name) {
  constexpr uint16_t kAnswerRecursive = 0x8180, kClassIn = 1;
  bytes_ = absl::StrCat(U16(question.id), U16(kAnswerRecursive), U16(1), U16(0),
                        U16(0), U16(0), WireName(name_), U16(question.type),
                        U16(kClassIn));
}

void DnsMessage::SetU16(size_t at, uint16_t value) {
  bytes_.replace(at, 2, U16(value));
}

DnsMessage& DnsMessage::Id(uint16_t id) {
  SetU16(0, id);
  return *this;
}

DnsMessage& DnsMessage::Code(int rcode) {
  bytes_[3] = static_cast<char>((bytes_[3] & 0xf0) | rcode);
  return *this;
}

DnsMessage& DnsMessage::Truncated() {
  bytes_[2] = static_cast<char>(bytes_[2] | 0x02);
  return *this;
}

DnsMessage& DnsMessage::Record(absl::string_view owner, uint16_t type,
                               uint32_t ttl, const std::string& data,
                               int count_at) {
  // A pointer to the question's name, as servers do.
  const std::string name =
      owner.empty() ? U16(0xc000 | kHeaderBytes) : WireName(owner);
  absl::StrAppend(&bytes_, name, U16(type), U16(1), U32(ttl),
                  U16(static_cast<uint16_t>(data.size())), data);
  SetU16(count_at, U16At(bytes_, count_at) + 1);
  return *this;
}

DnsMessage& DnsMessage::A(absl::string_view address, uint32_t ttl,
                          absl::string_view owner) {
  std::string data(4, '\0');
  CHECK_EQ(inet_pton(AF_INET, std::string(address).c_str(), data.data()), 1);
  return Record(owner, kDnsA, ttl, data, 6);
}

DnsMessage& DnsMessage::Aaaa(absl::string_view address, uint32_t ttl,
                             absl::string_view owner) {
  std::string data(16, '\0');
  CHECK_EQ(inet_pton(AF_INET6, std::string(address).c_str(), data.data()), 1);
  return Record(owner, kDnsAaaa, ttl, data, 6);
}

DnsMessage& DnsMessage::Cname(absl::string_view target, uint32_t ttl,
                              absl::string_view owner) {
  return Record(owner, kDnsCname, ttl, WireName(target), 6);
}

DnsMessage& DnsMessage::Soa(uint32_t minimum, uint32_t ttl) {
  return Record("test", kDnsSoa, ttl,
                WireName("ns.test") + WireName("root.test") + U32(1) + U32(2) +
                    U32(3) + U32(4) + U32(minimum),
                8);
}

// --- The server ----------------------------------------------------------------

DnsServer::DnsServer(Script script) : script_(std::move(script)) {
  // The same port for both; another test may have it in one of them.
  while (port_ == 0) {
    udp_.Reset(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    tcp_.Reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    port_ = BindTo(tcp_.get(), BindTo(udp_.get(), 0));
  }
  CHECK_EQ(listen(tcp_.get(), 64), 0);
  stop_.Reset(eventfd(0, EFD_CLOEXEC));
  thread_ = std::thread([this] { Run(); });
}

DnsServer::~DnsServer() {
  CHECK_EQ(eventfd_write(stop_.get(), 1), 0);
  thread_.join();
}

std::string DnsServer::address() const {
  return absl::StrCat("127.0.0.1:", port_);
}

void DnsServer::Run() {
  std::vector<UniqueFd> peers;  // By TCP.
  while (true) {
    std::vector<pollfd> ready = {{stop_.get(), POLLIN, 0},
                                 {udp_.get(), POLLIN, 0},
                                 {tcp_.get(), POLLIN, 0}};
    for (const UniqueFd& peer : peers) ready.push_back({peer.get(), POLLIN, 0});
    if (poll(ready.data(), ready.size(), -1) < 0) continue;
    if (ready[0].revents != 0) return;
    if (ready[1].revents != 0) ServeUdp();
    for (size_t i = peers.size(); i-- > 0;) {
      if (ready[3 + i].revents != 0 && !ServeTcp(peers[i].get())) {
        peers.erase(peers.begin() + static_cast<ptrdiff_t>(i));
      }
    }
    if (ready[2].revents != 0) {
      peers.emplace_back(accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    }
  }
}

void DnsServer::ServeUdp() {
  DnsQuestion question;
  std::string message(65535, '\0');
  socklen_t size = sizeof(question.peer);
  const ssize_t got =
      recvfrom(udp_.get(), message.data(), message.size(), MSG_DONTWAIT,
               reinterpret_cast<sockaddr*>(&question.peer), &size);
  if (got < 0) return;
  message.resize(got);
  const sockaddr_in peer = question.peer;
  for (const std::string& answer : Answer(message, std::move(question))) {
    DnsQuestion to;
    to.peer = peer;
    Send(to, answer);
  }
}

bool DnsServer::ServeTcp(int peer) {
  const std::string message = ReadTcpMessage(peer);
  DnsQuestion question;
  question.tcp = true;
  const DnsMessages answers = Answer(message, std::move(question));
  for (const std::string& answer : answers) {
    const std::string bytes =
        U16(static_cast<uint16_t>(answer.size())) + answer;
    (void)send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  // Without an answer: closed, as overloaded servers do.
  return !answers.empty();
}

DnsMessages DnsServer::Answer(const std::string& message, DnsQuestion from) {
  std::optional<DnsQuestion> question = ParseQuestion(message);
  if (!question.has_value()) return {};
  question->tcp = from.tcp;
  question->peer = from.peer;
  {
    absl::MutexLock lock(&mu_);
    question->time = ++counts_[{question->name, question->type}];
    questions_.push_back(*question);
  }
  return script_(*question);
}

void DnsServer::Send(const DnsQuestion& question, const std::string& message) {
  (void)sendto(udp_.get(), message.data(), message.size(), 0,
               reinterpret_cast<const sockaddr*>(&question.peer),
               sizeof(question.peer));
}

std::vector<DnsQuestion> DnsServer::questions() const {
  absl::MutexLock lock(&mu_);
  return questions_;
}

int DnsServer::count(absl::string_view name, uint16_t type) const {
  absl::MutexLock lock(&mu_);
  auto found = counts_.find({std::string(name), type});
  return found == counts_.end() ? 0 : found->second;
}

}  // namespace testing
}  // namespace kingpin

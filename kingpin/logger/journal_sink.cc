#include "kingpin/logger/journal_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "kingpin/logger/fd_sink.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin {
namespace {

std::string IdentifierField(std::string identifier) {
  std::replace_if(
      identifier.begin(), identifier.end(),
      [](char c) { return c <= ' ' || c > '~'; }, '_');
  return absl::StrCat("SYSLOG_IDENTIFIER=", identifier, "\n");
}

// Without data: the descriptor is the message. 0 or errno.
int SendDescriptor(int socket, int fd) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(fd))] = {};
  msghdr message = {};
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(fd));
  std::memcpy(CMSG_DATA(header), &fd, sizeof(fd));
  while (::sendmsg(socket, &message, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

}  // namespace

JournalSink::JournalSink(const JournalSinkOptions& options)
    : identifier_(IdentifierField(options.identifier)),
      daemon_(options.socket, options.patience) {}

SysResult<size_t> JournalSink::Write(const LogBatch& batch) {
  size_t begin = 0;
  for (const LogBatch::Line& line : batch.lines) {
    const std::string_view entry = batch.text.substr(begin, line.end - begin);
    const int error =
        daemon_.Send([&](int socket) { return SendEntry(socket, entry); });
    if (error != 0) return {begin, error};
    begin = line.end;
  }
  return {begin, 0};
}

int JournalSink::SendEntry(int socket, std::string_view entry) {
  auto piece = [](std::string_view bytes) {
    return iovec{const_cast<char*>(bytes.data()), bytes.size()};
  };
  const iovec pieces[] = {piece(entry), piece(identifier_)};
  const int error = sys::SendV(socket, pieces, /*more=*/false).error;
  // More than the socket's buffer ever takes.
  const bool is_too_large = error == EMSGSIZE || error == ENOBUFS;
  return is_too_large ? SendAsFile(socket, entry) : error;
}

int JournalSink::SendAsFile(int socket, std::string_view entry) {
  const UniqueFd file(
      ::memfd_create("kingpin-log", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.valid()) return errno;
  for (const std::string_view part : {entry, std::string_view(identifier_)}) {
    const int error = log_internal::WriteAll(file.get(), part).error;
    if (error != 0) return error;
  }
  // journald takes only what nobody can change any more.
  constexpr int kSeals =
      F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (::fcntl(file.get(), F_ADD_SEALS, kSeals) != 0) return errno;
  return SendDescriptor(socket, file.get());
}

LogSinkFactory JournalSinkFactory(const JournalSinkOptions& options) {
  return [options] { return std::make_unique<JournalSink>(options); };
}

}  // namespace kingpin

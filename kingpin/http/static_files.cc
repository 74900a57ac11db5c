#include "kingpin/http/static_files.h"

#include <errno.h>
#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "kingpin/http/conditional.h"
#include "kingpin/http/escape.h"
#include "kingpin/http/http_date.h"
#include "kingpin/http/http_status.h"
#include "kingpin/http/media_type.h"
#include "kingpin/http/response_head.h"
#include "kingpin/http/target.h"
#include "kingpin/logger/klog.h"

namespace kingpin::http {
namespace {

constexpr std::string_view kAllow = "GET, HEAD";
constexpr std::string_view kRetryAfterSeconds = "1";
// openat2 gives up with EAGAIN when a rename anywhere races with a ".." that a
// link contains (openat2(2)).
constexpr int kOpenTries = 8;
// Between two looks at what the cache has not needed.
constexpr absl::Duration kSweepPeriod = absl::Seconds(30);
constexpr size_t kHeadRoom = 2048;
constexpr std::string_view kDateField = "Date: ";

// One of the fields that can make the answer another than 200 and everything.
bool HasConditions(const Request& request) {
  for (const Field& field : request.fields) {
    switch (field.id) {
      case FieldId::kRange:
      case FieldId::kIfMatch:
      case FieldId::kIfNoneMatch:
      case FieldId::kIfModifiedSince:
      case FieldId::kIfUnmodifiedSince:
      case FieldId::kIfRange:
        return true;
      default:
        break;
    }
  }
  return false;
}

absl::Status NoOpenBeneath(const std::string& directory, int error) {
  const bool missing = error == ENOSYS || error == EPERM;
  return absl::ErrnoToStatus(
      error, absl::StrCat("cannot serve \"", directory, "\"",
                          missing ? ": openat2(2) is not available; it needs "
                                    "Linux 5.6, and a seccomp filter, if there "
                                    "is one, must allow it"
                                  : ""));
}

}  // namespace

absl::StatusOr<StaticRoot> StaticRoot::Open(const std::string& directory,
                                            StaticFilesOptions options) {
  SysResult<UniqueFd> fd = sys::Open(directory.c_str(), O_RDONLY | O_DIRECTORY);
  if (!fd.ok()) {
    return absl::ErrnoToStatus(
        fd.error, absl::StrCat("cannot serve \"", directory, "\""));
  }
  const int error = sys::OpenBeneath(fd.value.get(), ".", O_PATH | O_DIRECTORY,
                                     options.follow_links)
                        .error;
  if (error != 0) return NoOpenBeneath(directory, error);
  return StaticRoot(std::move(fd.value), std::move(options));
}

void StaticFiles::Serve(Connection& connection, const Request& request) {
  handler_.IgnoreBody(connection);
  if (request.method != Method::kGet && request.method != Method::kHead) {
    return handler_.AnswerError(connection, HttpStatus::kMethodNotAllowed,
                                {{"Allow", kAllow}});
  }
  if (!DecodePath(request.path, &path_)) {
    return handler_.AnswerError(connection, HttpStatus::kBadRequest);
  }
  if (!ServeFile(connection, request)) ServeDirectory(connection, request);
}

// --- Finding -----------------------------------------------------------------

bool StaticFiles::ServeFile(Connection& connection, const Request& request) {
  const uint64_t round = handler_.iteration();
  // Those behind the first in a pipeline may have been sent since.
  if (handler_.first_of_turn()) {
    CachedFile* file = cache_.FindChecked(path_, round);
    if (file != nullptr && file->let_in_at == handler_.unix_seconds()) {
      Answer(connection, request, *file);
      return true;
    }
  }
  // Follows links out of the root too, so it proves nothing on its own: it only
  // tells whether what was let in before is still there, and what not to open.
  struct stat status;
  int error = sys::StatAt(root_.fd(), path_.c_str(), &status);
  if (error == 0 && S_ISDIR(status.st_mode)) return false;
  CachedFile* file = nullptr;
  if (error == 0 && S_ISREG(status.st_mode)) {
    file = FindLetIn(StampOf(status), round);
    if (file == nullptr) file = Load(&error);
  } else if (error != ENOENT && error != ENOTDIR) {
    // Permitted or not, and inside or not, are openat2's to say: what keeps us
    // from looking may lie outside.
    const SysResult<UniqueFd> opened = Open(O_PATH);
    if (!opened.ok()) error = opened.error;
  }
  if (file != nullptr) {
    Answer(connection, request, *file);
  } else {
    AnswerErrno(connection, error);
  }
  uncached_.file.reset();
  return true;
}

SysResult<UniqueFd> StaticFiles::Open(int flags) {
  for (int tries = 1;; ++tries) {
    SysResult<UniqueFd> fd = sys::OpenBeneath(root_.fd(), path_.c_str(), flags,
                                              root_.options().follow_links);
    const bool exhausted = fd.error == EMFILE || fd.error == ENFILE;
    const bool retry =
        fd.error == EAGAIN || (exhausted && cache_.DropDescriptors());
    if (fd.ok() || !retry || tries == kOpenTries) return fd;
  }
}

CachedFile* StaticFiles::FindLetIn(const FileStamp& stamp, uint64_t round) {
  CachedFile* file = cache_.Find(path_, stamp, round);
  const int64_t now = handler_.unix_seconds();
  if (file == nullptr || file->let_in_at == now) return file;
  const SysResult<UniqueFd> fd = Open(O_PATH);
  struct stat status;
  if (!fd.ok() || sys::Fstat(fd.value.get(), &status) != 0 ||
      StampOf(status) != stamp) {
    cache_.Erase(path_);
    return nullptr;
  }
  // Open may have had to give it up.
  file = cache_.Find(path_, stamp, round);
  if (file != nullptr) file->let_in_at = now;
  return file;
}

CachedFile* StaticFiles::Load(int* error) {
  const int64_t now = handler_.unix_seconds();
  SysResult<UniqueFd> fd = Open(O_RDONLY | O_NOCTTY);
  *error = fd.error;
  if (!fd.ok()) return nullptr;
  struct stat status;
  *error = sys::Fstat(fd.value.get(), &status);
  if (*error != 0 || !S_ISREG(status.st_mode)) return nullptr;
  const FileStamp stamp = StampOf(status);
  const FileCacheOptions& options = root_.options().cache;
  // Of a file from the future, Last-Modified is the time of the answer.
  const bool cacheable = options.max_entries > 0 && IsSettled(stamp, now) &&
                         stamp.mtime_ns / 1'000'000'000 <= now;
  uncached_.file.reset();
  Describe(stamp, now, &uncached_);
  if (!cacheable || stamp.size > options.max_file_bytes ||
      !ReadContent(fd.value.get(), stamp, &uncached_)) {
    uncached_.file = std::make_shared<const UniqueFd>(std::move(fd.value));
  }
  if (!cacheable) return &uncached_;
  ScheduleSweep();
  return cache_.Insert(path_, std::move(uncached_), handler_.iteration());
}

bool StaticFiles::ReadContent(int fd, const FileStamp& stamp,
                              CachedFile* file) {
  file->answer.resize(file->head_bytes + stamp.size);
  SysResult<size_t> got =
      sys::PRead(fd, file->answer.data() + file->head_bytes, stamp.size, 0);
  struct stat after;
  if (got.ok() && got.value == stamp.size && sys::Fstat(fd, &after) == 0 &&
      StampOf(after) == stamp) {
    return true;
  }
  file->answer.resize(file->head_bytes);
  return false;
}

void StaticFiles::Describe(const FileStamp& stamp, int64_t now,
                           CachedFile* file) {
  file->stamp = stamp;
  file->let_in_at = now;
  // Not StrFormat, which ends the process when memory has run out.
  file->etag = absl::StrCat(IsSettled(stamp, now) ? "\"" : "W/\"",
                            absl::Hex(stamp.inode), "-", absl::Hex(stamp.size),
                            "-", absl::Hex(stamp.mtime_ns), "\"");
  // Not later than Date (RFC 9110 8.8.2.1).
  file->last_modified = std::min(stamp.mtime_ns / 1'000'000'000, now);
  file->media_type = MediaTypeOf(path_);

  char room[kHeadRoom];
  ResponseHead head(room, HttpStatus::kOk);
  head.Add("Date", handler_.DateText());
  const std::string_view server = handler_.options().server;
  if (!server.empty()) head.Add("Server", server);
  AddValidators(*file, &head);
  head.Add("Content-Type", file->media_type);
  head.Add("X-Content-Type-Options", "nosniff");
  head.AddContentLength(stamp.size);
  file->answer = head.Finish();
  // Nothing in it is as long as a peer or a file name likes.
  CHECK(!file->answer.empty());
  file->head_bytes = file->answer.size();
  file->date_at = file->answer.find(kDateField) + kDateField.size();
  file->date_seconds = -1;
}

void StaticFiles::AddValidators(const CachedFile& file, ResponseHead* head) {
  char date[kHttpDateSize];
  WriteHttpDate(file.last_modified, date);
  head->Add("Last-Modified", std::string_view(date, sizeof(date)));
  head->Add("ETag", file.etag);
  head->Add("Accept-Ranges", "bytes");
}

void StaticFiles::ScheduleSweep() {
  if (sweep_scheduled_) return;
  handler_.RunAfter(kSweepPeriod, [this] {
    sweep_scheduled_ = false;
    cache_.DropUnused();
    if (cache_.size() > 0) ScheduleSweep();
  });
  sweep_scheduled_ = true;
}

// --- Answering ---------------------------------------------------------------

void StaticFiles::Answer(Connection& connection, const Request& request,
                         CachedFile& file) {
  if (HasConditions(request)) {
    return AnswerConditional(connection, request, file);
  }
  AnswerWhole(connection, file);
}

void StaticFiles::AnswerWhole(Connection& connection, CachedFile& file) {
  if (!handler_.PlainKeepAlive(connection)) {
    return AnswerRange(connection, file,
                       {ByteRange::Kind::kWhole, 0, file.stamp.size});
  }
  const int64_t now = handler_.unix_seconds();
  if (file.date_seconds != now) {
    file.answer.replace(file.date_at, kHttpDateSize, handler_.DateText());
    file.date_seconds = now;
  }
  const bool head_only = handler_.head_only(connection);
  const std::string_view answer =
      std::string_view(file.answer)
          .substr(0, head_only ? file.head_bytes : file.answer.size());
  handler_.SendHead(connection, HttpStatus::kOk, answer, file.head_bytes);
  if (head_only || file.has_content()) return;
  handler_.SendBodyFile(connection, file.file, 0, file.stamp.size);
}

void StaticFiles::AnswerConditional(Connection& connection,
                                    const Request& request, CachedFile& file) {
  const Validators validators = {.etag = file.etag,
                                 .last_modified = file.last_modified};
  const Conditional conditional =
      EvaluateConditions(request, validators, handler_.unix_seconds());
  if (conditional.outcome == Conditional::Outcome::kPreconditionFailed) {
    return handler_.AnswerError(connection, HttpStatus::kPreconditionFailed);
  }
  if (conditional.outcome == Conditional::Outcome::kNotModified) {
    char room[kHeadRoom];
    ResponseHead head =
        handler_.BeginHead(connection, HttpStatus::kNotModified, room);
    AddValidators(file, &head);
    return handler_.Answer(connection, HttpStatus::kNotModified, &head, {});
  }
  if (!conditional.range.has_value()) return AnswerWhole(connection, file);
  const ByteRange range = ResolveByteRange(*conditional.range, file.stamp.size);
  if (range.kind == ByteRange::Kind::kWhole) {
    return AnswerWhole(connection, file);
  }
  if (range.kind == ByteRange::Kind::kPartial) {
    return AnswerRange(connection, file, range);
  }
  char text[kContentRangeSize];
  handler_.AnswerError(
      connection, HttpStatus::kRangeNotSatisfiable,
      {{"Content-Range", WriteContentRange(range, file.stamp.size, text)}});
}

void StaticFiles::AnswerRange(Connection& connection, const CachedFile& file,
                              const ByteRange& range) {
  const bool whole = range.kind == ByteRange::Kind::kWhole;
  const HttpStatus status =
      whole ? HttpStatus::kOk : HttpStatus::kPartialContent;
  char room[kHeadRoom];
  ResponseHead head = handler_.BeginHead(connection, status, room);
  AddValidators(file, &head);
  head.Add("Content-Type", file.media_type);
  head.Add("X-Content-Type-Options", "nosniff");
  if (!whole) {
    char text[kContentRangeSize];
    head.Add("Content-Range", WriteContentRange(range, file.stamp.size, text));
  }
  if (file.has_content()) {
    return handler_.Answer(
        connection, status, &head,
        std::string_view(file.answer)
            .substr(file.head_bytes + range.offset, range.length));
  }
  handler_.AnswerFile(connection, status, &head, file.file,
                      static_cast<off_t>(range.offset), range.length);
}

void StaticFiles::AnswerErrno(Connection& connection, int error) {
  switch (error) {
    case 0:  // Neither a file nor a directory.
    case EACCES:
    case EPERM:
      return handler_.AnswerError(connection, HttpStatus::kForbidden);
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
    case EXDEV:  // A link that leads outside.
      return handler_.AnswerError(connection, HttpStatus::kNotFound);
    case EAGAIN:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      KLOG_EVERY_SECOND(ERROR)
          << "cannot open a file: " << std::strerror(error) << "; answered 503";
      return handler_.AnswerError(connection, HttpStatus::kServiceUnavailable,
                                  {{"Retry-After", kRetryAfterSeconds}});
    default:
      KLOG_EVERY_SECOND(ERROR)
          << "cannot open \"" << path_ << "\": " << std::strerror(error);
      return handler_.AnswerError(connection, HttpStatus::kInternalServerError);
  }
}

// --- Directories -------------------------------------------------------------

void StaticFiles::ServeDirectory(Connection& connection,
                                 const Request& request) {
  const StaticFilesOptions& options = root_.options();
  const std::string here = path_ == "." ? "" : path_;
  const bool has_slash = here.empty() || here.ends_with('/');
  if (has_slash && !options.index.empty()) {
    path_ = here + options.index;
    struct stat status;
    // A link that leads nowhere is not told apart from one that leads outside.
    if (sys::LinkStatAt(root_.fd(), path_.c_str(), &status) == 0 &&
        ServeFile(connection, request)) {
      return;
    }
    path_ = here.empty() ? "." : here;
  }
  SysResult<UniqueFd> directory =
      Open(has_slash && options.list ? O_RDONLY | O_DIRECTORY
                                     : O_PATH | O_DIRECTORY);
  if (!directory.ok()) return AnswerErrno(connection, directory.error);
  if (!has_slash) return RedirectToDirectory(connection, request);
  if (!options.list) {
    return handler_.AnswerError(connection, HttpStatus::kForbidden);
  }
  handler_.EndTurn();
  List(connection, here, std::move(directory.value));
}

void StaticFiles::RedirectToDirectory(Connection& connection,
                                      const Request& request) {
  // From the decoded path: "//host" as it was sent would name another host.
  std::string location = "/";
  AppendPercentEncoded(path_, &location);
  location += '/';
  if (!request.query.empty()) absl::StrAppend(&location, "?", request.query);
  std::vector<char> room(kHeadRoom + location.size());
  ResponseHead head =
      handler_.BeginHead(connection, HttpStatus::kMovedPermanently, room);
  head.Add("Location", location);
  handler_.Answer(connection, HttpStatus::kMovedPermanently, &head, {});
}

void StaticFiles::List(Connection& connection, const std::string& here,
                       UniqueFd directory) {
  char room[kHeadRoom];
  ResponseHead head = handler_.BeginHead(connection, HttpStatus::kOk, room);
  head.Add("Content-Type", "text/html; charset=utf-8");
  head.Add("X-Content-Type-Options", "nosniff");
  head.Add("Cache-Control", "no-cache");
  if (handler_.head_only(connection)) {
    // The length would cost the whole page (RFC 9110 9.3.2 spares us that).
    const std::string_view text = head.Finish();
    return handler_.SendHead(connection, HttpStatus::kOk, text, text.size());
  }
  std::vector<ListedEntry> entries;
  size_t seen = 0;
  const size_t max_seen = root_.options().max_listed;
  const int fd = directory.get();  // Open until all is read.
  const int error =
      sys::ReadDirectory(std::move(directory), [&](const char* name) {
        if (++seen > max_seen) return false;
        if (std::optional<ListedEntry> entry = Look(fd, here, name)) {
          entries.push_back(*std::move(entry));
        }
        return true;
      });
  path_ = here;
  if (error != 0) return AnswerErrno(connection, error);
  handler_.Answer(connection, HttpStatus::kOk, &head,
                  ListingPage("/" + here, &entries, seen > max_seen));
}

std::optional<ListedEntry> StaticFiles::Look(int directory,
                                             const std::string& here,
                                             const char* name) {
  struct stat status;
  int error = sys::LinkStatAt(directory, name, &status);
  if (error == 0 && S_ISLNK(status.st_mode)) {
    // What a link leads to is told only if it would be served.
    path_ = here + name;
    SysResult<UniqueFd> target = Open(O_PATH);
    error =
        target.ok() ? sys::Fstat(target.value.get(), &status) : target.error;
  }
  const bool is_directory = error == 0 && S_ISDIR(status.st_mode);
  if (error != 0 || (!is_directory && !S_ISREG(status.st_mode))) return {};
  return ListedEntry{.name = name,
                     .is_directory = is_directory,
                     .size = static_cast<uint64_t>(status.st_size),
                     .modified = status.st_mtim.tv_sec};
}

}  // namespace kingpin::http

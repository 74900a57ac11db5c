#include "kingpin/http/target.h"

#include "kingpin/http/scan.h"

namespace kingpin::http {
namespace {

// Appends the decoded bytes of one component, which has no "/".
bool AppendDecoded(std::string_view component, std::string* out) {
  while (!component.empty()) {
    const size_t escape = component.find('%');
    out->append(component.substr(0, escape));
    if (escape == std::string_view::npos) return true;
    component.remove_prefix(escape);
    if (component.size() < 3) return false;
    const int high = HexValue(component[1]);
    const int low = HexValue(component[2]);
    if (high < 0 || low < 0) return false;
    const char c = static_cast<char>(high << 4 | low);
    if (c == '\0' || c == '/') return false;
    out->push_back(c);
    component.remove_prefix(3);
  }
  return true;
}

// Appends one component to a path that is empty or ends in "/", or takes the
// last one off again.
bool AppendComponent(std::string_view component, std::string* out) {
  const size_t begin = out->size();
  if (!AppendDecoded(component, out)) return false;
  const std::string_view name = std::string_view(*out).substr(begin);
  if (name == "..") {
    if (begin == 0) return false;
    const size_t parent_end =
        begin >= 2 ? out->rfind('/', begin - 2) : std::string::npos;
    out->resize(parent_end == std::string::npos ? 0 : parent_end + 1);
  } else if (name == ".") {
    out->resize(begin);
  }
  return true;
}

}  // namespace

bool DecodePath(std::string_view path, std::string* out) {
  out->clear();
  if (!path.starts_with('/')) return false;
  // Here `out` is empty or ends in "/"; raw NULs come from no parser of ours.
  while (!path.empty()) {
    path.remove_prefix(1);
    const size_t slash = path.find('/');
    const std::string_view component = path.substr(0, slash);
    path.remove_prefix(component.size());
    const size_t begin = out->size();
    if (!AppendComponent(component, out) ||
        component.find('\0') != std::string_view::npos) {
      out->clear();
      return false;
    }
    if (!path.empty() && out->size() > begin) out->push_back('/');
  }
  if (out->empty()) out->push_back('.');
  return true;
}

}  // namespace kingpin::http

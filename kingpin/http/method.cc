#include "kingpin/http/method.h"

#include <cstring>

namespace kingpin::http {

Method IdentifyMethod(std::string_view name) {
  const auto is = [name](const char* text) {
    return std::memcmp(name.data(), text, name.size()) == 0;
  };
  switch (name.size()) {
    case 3:
      if (is("GET")) return Method::kGet;
      return is("PUT") ? Method::kPut : Method::kOther;
    case 4:
      if (is("HEAD")) return Method::kHead;
      return is("POST") ? Method::kPost : Method::kOther;
    case 5:
      if (is("PATCH")) return Method::kPatch;
      return is("TRACE") ? Method::kTrace : Method::kOther;
    case 6:
      return is("DELETE") ? Method::kDelete : Method::kOther;
    case 7:
      if (is("OPTIONS")) return Method::kOptions;
      return is("CONNECT") ? Method::kConnect : Method::kOther;
    default:
      return Method::kOther;
  }
}

}  // namespace kingpin::http

// Renders the arguments of a record by the format string of its call site.
//
// CompiledFormat reads the string once, at the site's first record, so that a
// record costs only its pieces.
//
//   CompiledFormat format("accepted {} from {}", {ArgType::kInt32, kString});
//   format.Render(payload, &text);
//
// Threads: Render() is const and safe from any thread.
#ifndef KINGPIN_LOGGER_FORMAT_H_
#define KINGPIN_LOGGER_FORMAT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "kingpin/logger/arg_type.h"
#include "kingpin/logger/decode.h"
#include "kingpin/logger/format_spec.h"
#include "kingpin/logger/text_buffer.h"

namespace kingpin::log_internal {

// One value as its field shows it. The spec fits the type.
void AppendValue(const ArgValue& value, const FormatSpec& spec,
                 TextBuffer* out);

void AppendDecimal(uint64_t value, TextBuffer* out);

class CompiledFormat {
 public:
  // The format may come from a damaged black box: one that does not check is
  // shown as it stands, its arguments behind it.
  CompiledFormat(std::string_view format, absl::Span<const ArgType> types);

  // False if the payload ends before its last argument; what was there is shown.
  bool Render(std::string_view payload, TextBuffer* out) const;

  // Whether that ends with its last argument.
  bool Fits(std::string_view payload) const;

  // Calls `show(name, value)` for each field that has a name and is there.
  template <typename Show>
  void ForEachNamed(std::string_view payload, Show show) const {
    if (!has_names_) return;
    ArgReader reader(payload);
    ArgValue value;
    for (const Field& field : fields_) {
      if (!reader.Next(field.type, &value)) return;
      if (!field.name.empty()) show(std::string_view(field.name), value);
    }
  }

 private:
  struct Field {
    std::string literal;  // In front of it.
    std::string name;
    FormatSpec spec;
    ArgType type;
  };
  std::vector<Field> fields_;
  bool has_names_ = false;
  std::string tail_;  // Behind the last field.
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_FORMAT_H_

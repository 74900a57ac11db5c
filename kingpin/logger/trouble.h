// Trouble: what a sink cannot do for a while, and what to say when that begins and when
// it is over.
//
//   Trouble reopening("reopened");
//   reopening.Begin(EACCES);    // Again and again: the first counts.
//   reopening.TakeNote();  // "cannot be reopened (Permission denied), goes on in ..."
//   reopening.End();
//   reopening.TakeNote();  // "could not be reopened, went on in the old file for 3s ..."
//
// Memory: does not throw; without any there is no note.
// Threads: one at a time.
#ifndef KINGPIN_LOGGER_TROUBLE_H_
#define KINGPIN_LOGGER_TROUBLE_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace kingpin::log_internal {

class Trouble {
 public:
  // `what` outlives it. The lines go to the old file meanwhile.
  explicit Trouble(std::string_view what) : what_(what) {}

  void Begin(int error);
  void End();
  // Of the last that has begun or is over; once. Empty: there was none.
  std::string TakeNote();

 private:
  template <typename MakeText>
  void SetNote(MakeText make_text);

  const std::string_view what_;
  int error_ = 0;  // Not zero: it lasts.
  uint64_t begin_nanos_ = 0;
  std::string note_;
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_TROUBLE_H_

// EngineRegistry: what happens to every engine of the process at once: when it
// exits, when it forks, and when one of its threads is over.
//
// Exit: what was logged before exit() or the return from main() is written, and a
//   line that is logged later (static destructors) waits until it is written. Last
//   of all, when the static destructors of the program have run, no engine begins
//   another write: the kernel would end threads within it, and tear a line. When it
//   is the backend of an engine that calls exit(), in a sink, its own lines stay where
//   they are, and stderr is told how many; those of the others are written. After
//   quick_exit() the same happens, but for the static destructors. Static
//   destructors made after the first engine run before this one knows, and must not
//   wait for a thread that waits for room there.
//   No lock is held while a sink is waited for: it may make and end other loggers,
//   fork, and wait for threads that have logged.
// Fork: the child counts one generation more; the engines that it has from its
//   parent are foreign to it from then on. Handlers of others may log: ours are
//   registered before them, so theirs run when nothing is held, and when the child
//   knows that it is one.
//
// Threads: thread-safe.
#ifndef KINGPIN_LOGGER_ENGINE_REGISTRY_H_
#define KINGPIN_LOGGER_ENGINE_REGISTRY_H_

#include <cstddef>
#include <cstdint>

namespace kingpin::log_internal {

class Engine;

class EngineRegistry {
 public:
  // How many forks lie between this process and the one that started.
  static uint32_t generation();

  // Of t_rings: the first of those that the fewest engines of this process have, so that
  // no two share one while there are not more of them than places.
  static size_t TakePlace();
  static void ReturnPlace(size_t place);

  static void Add(Engine* engine);
  static void Remove(Engine* engine);

  // This thread gives all its rings back when it exits. False: it is too late for that, or
  // there is no memory to know of it, so it may not have one.
  static bool WatchThread();

 private:
  // Those whose sink has called exit(). First: sinks of others may log to them, and
  // nobody gives them room any more.
  static void AbandonThoseInside();
  // The next engine of this process that has not been through exit step `step`,
  // which it is in until Unpin(): Remove() waits for that. nullptr: none.
  static Engine* PinForExit(int step);
  static void Unpin(Engine* engine);

  // Before the constructors of static objects, and main(), which may do the same.
  [[gnu::constructor(101)]] static void Watch();
  static void PrepareFork();
  static void ParentAfterFork();
  static void ChildAfterFork();
  static void AtExit();
  [[gnu::destructor]] static void AfterStaticDestructors();
  static void DetachThread(void*);
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_ENGINE_REGISTRY_H_

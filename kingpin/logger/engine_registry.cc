#include "kingpin/logger/engine_registry.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <utility>

#include "kingpin/logger/box_file.h"
#include "kingpin/logger/engine.h"
#include "kingpin/logger/plain_mutex.h"
#include "kingpin/logger/ring_set.h"
#include "kingpin/logger/site.h"
#include "kingpin/sys/futex.h"

namespace kingpin::log_internal {
namespace {

constinit std::atomic<uint32_t> current_generation = 0;

constinit PlainMutex registry_mu;
constinit Engine* first_engine = nullptr;  // Guarded by registry_mu,
constinit bool exiting = false;            // and so are these and how many
constinit bool ended = false;              // have a place.
constinit std::array<size_t, kCachedRings> place_users = {};

// Steps of exit().
constexpr int kFlushed = 1;
constexpr int kParked = 2;

// Whose destructor sees a thread end. Not that of a thread_local: if there is no memory to
// register one, glibc ends the process.
pthread_key_t thread_end;
constinit bool sees_threads_end = false;
constinit thread_local bool t_thread_over = false;

}  // namespace

uint32_t EngineRegistry::generation() {
  return current_generation.load(std::memory_order_relaxed);
}

void EngineRegistry::Watch() {
  pthread_atfork(&PrepareFork, &ParentAfterFork, &ChildAfterFork);
  // Of those of quick_exit() the first to be registered is the last to run.
  std::at_quick_exit(&AfterStaticDestructors);
  sees_threads_end = pthread_key_create(&thread_end, &DetachThread) == 0;
}

size_t EngineRegistry::TakePlace() {
  PlainMutexLock lock(&registry_mu);
  const auto place = std::min_element(place_users.begin(), place_users.end());
  ++*place;
  return place - place_users.begin();
}

void EngineRegistry::ReturnPlace(size_t place) {
  PlainMutexLock lock(&registry_mu);
  // None in a child of fork(), for an engine that was being made.
  if (place_users[place] > 0) --place_users[place];
}

void EngineRegistry::Add(Engine* engine) {
  static constinit std::atomic<bool> installed = false;
  if (!installed.exchange(true)) {
    std::atexit(&AtExit);
    std::at_quick_exit(&AtExit);
  }
  PlainMutexLock lock(&registry_mu);
  engine->next_ = std::exchange(first_engine, engine);
  if (exiting) engine->doorbell_.StartExit();
  if (ended) engine->parked_.store(true);
}

void EngineRegistry::Remove(Engine* engine) {
  for (;;) {
    {
      PlainMutexLock lock(&registry_mu);
      if (engine->pinned_.load() == 0) {
        Engine** link = &first_engine;
        while (*link != engine) link = &(*link)->next_;
        *link = engine->next_;
        return;
      }
    }
    sys::FutexWait(engine->pinned_, 1, /*timeout_nanos=*/-1);
  }
}

Engine* EngineRegistry::PinForExit(int step) {
  PlainMutexLock lock(&registry_mu);
  for (Engine* engine = first_engine; engine != nullptr;
       engine = engine->next_) {
    if (engine->foreign() || engine->exit_steps_ >= step) continue;
    engine->exit_steps_ = step;
    engine->pinned_.store(1);
    return engine;
  }
  if (step == kParked) ended = true;  // One that is made now is too late.
  return nullptr;
}

void EngineRegistry::Unpin(Engine* engine) {
  // Under the mutex: who waits in Remove() ends it once that is free.
  PlainMutexLock lock(&registry_mu);
  engine->pinned_.store(0);
  sys::FutexWake(engine->pinned_);
}

void EngineRegistry::PrepareFork() {
  registry_mu.LockForFork();
  SiteTable::LockForFork();
  BoxFile::LockForFork();
}

void EngineRegistry::ParentAfterFork() {
  BoxFile::UnlockInParent();
  SiteTable::UnlockInParent();
  registry_mu.UnlockAfterFork();
}

void EngineRegistry::ChildAfterFork() {
  current_generation.fetch_add(1, std::memory_order_relaxed);
  // This is the only thread here, and its rings are the parent's.
  t_rings = {};
  t_thread_id = 0;
  place_users = {};
  ended = false;
  RingSet::ForgetParentsRings();
  BoxFile::CloseAllInChild();
  SiteTable::UnlockInChild();
  registry_mu.UnlockAfterFork();
}

void EngineRegistry::AtExit() {
  {
    PlainMutexLock lock(&registry_mu);
    exiting = true;
  }
  AbandonThoseInside();
  while (Engine* engine = PinForExit(kFlushed)) {
    if (!engine->IsInside()) {
      engine->doorbell_.StartExit();
      engine->Flush();
    }
    Unpin(engine);
  }
}

void EngineRegistry::AbandonThoseInside() {
  PlainMutexLock lock(&registry_mu);
  for (Engine* engine = first_engine; engine != nullptr;
       engine = engine->next_) {
    if (!engine->foreign() && engine->IsInside()) engine->Abandon();
  }
}

void EngineRegistry::AfterStaticDestructors() {
  while (Engine* engine = PinForExit(kParked)) {
    engine->Park();
    Unpin(engine);
  }
}

bool EngineRegistry::WatchThread() {
  // Any value but null has the destructor called.
  return sees_threads_end && !t_thread_over &&
         pthread_setspecific(thread_end, &t_rings) == 0;
}

void EngineRegistry::DetachThread(void*) {
  t_thread_over = true;
  t_rings = {};
  PlainMutexLock lock(&registry_mu);
  for (Engine* engine = first_engine; engine != nullptr;
       engine = engine->next_) {
    if (!engine->foreign()) engine->rings_.Detach(&t_thread_id);
  }
}

}  // namespace kingpin::log_internal

// InstallCrashHandler: a last line about the signal that kills the process, and what
// the default logger holds written before it does.
//
//   ...123456Z ERROR 12345 crash_handler.cc:76 signal 11 (SIGSEGV) at address 0x10
//
// For SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT and SIGSYS. The handler writes
// its line by KLOG_RAW, gives the backend, which runs on, up to a second to write
// what was committed, and lets the signal take its course: to the handler that was
// there before, or to the default, which ends the process (and dumps core). If a
// second was not enough, or it is the backend that has faulted, it says so on stderr.
// Nothing that it does takes a lock or memory, so it ends even if the heap or a lock
// is broken. What the second does not suffice for is for the black box.
//
// Threads: call it at the start, after handlers of your own; a second call does
//   nothing. A stack overflow
//   is caught on threads that have an alternate stack, sigaltstack(2).
//
//   Logger log({.fd = file.get(), .black_box = "/dev/shm/server.box"});
//   Logger::SetDefault(&log);
//   InstallCrashHandler();
#ifndef KINGPIN_LOGGER_CRASH_HANDLER_H_
#define KINGPIN_LOGGER_CRASH_HANDLER_H_

namespace kingpin {

void InstallCrashHandler();

}  // namespace kingpin

#endif  // KINGPIN_LOGGER_CRASH_HANDLER_H_

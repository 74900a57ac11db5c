// How many descriptors, so sockets too, this process may have open (getrlimit(2),
// RLIMIT_NOFILE). A system's default of 1,024 is for programs that use select(2); what
// the administrator allows is the hard limit.
//
// Threads: any; the limit is the process's.
//
//   int main() {
//     const int files = RaiseDescriptorLimit();  // Before the first connection.
//     options.max_connections = files - 100;     // Files, listeners, logs.
//   }
#ifndef KINGPIN_SYS_DESCRIPTOR_LIMIT_H_
#define KINGPIN_SYS_DESCRIPTOR_LIMIT_H_

namespace kingpin {

// The soft limit, which holds; INT_MAX if there is none.
int DescriptorLimit();

// Makes it as high as this process may, the hard limit. Returns what holds then; never
// fails: at worst nothing changes.
int RaiseDescriptorLimit();

}  // namespace kingpin

#endif  // KINGPIN_SYS_DESCRIPTOR_LIMIT_H_

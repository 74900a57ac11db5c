#!/bin/sh
# Runs a test of a sanitizer's build: without address space randomisation where
# that is allowed (it needs no privilege, but some containers forbid it), and with
# our suppressions.
# Why the first: the sanitizers of GCC 12 and Clang 14 reserve fixed address
# ranges, and a kernel with a high vm.mmap_rnd_bits may already have mapped
# something there ("unexpected memory mapping").
suppressions=$(cd "$(dirname "$0")" && pwd)/tsan_suppressions.txt
export TSAN_OPTIONS="suppressions=$suppressions:${TSAN_OPTIONS:-}"
if setarch "$(uname -m)" -R true 2>/dev/null; then
  exec setarch "$(uname -m)" -R "$@"
fi
exec "$@"

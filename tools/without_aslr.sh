#!/bin/sh
# Runs a command without address space randomisation where that is allowed (it
# needs no privilege, but some containers forbid it), else as it is.
# Why: the sanitizers of GCC 12 and Clang 14 reserve fixed address ranges, and a
# kernel with a high vm.mmap_rnd_bits may already have mapped something there
# ("unexpected memory mapping").
if setarch "$(uname -m)" -R true 2>/dev/null; then
  exec setarch "$(uname -m)" -R "$@"
fi
exec "$@"

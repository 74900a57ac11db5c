#!/usr/bin/env bash
# xiangqi_engine as a process: its pipes, its help, its exit codes.
set -euo pipefail

engine=$(realpath "$1")
fail() { echo "FAILED: $*"; exit 1; }

[[ $("$engine" --help) == *"position startpos"* ]] || fail "--help"
code=0
"$engine" --fast >/dev/null 2>&1 </dev/null || code=$?
[[ $code == 2 ]] || fail "a wrong flag: exit code $code"

# The end of input waits for a search that ends, and stops one that does not.
output=$(printf 'uci\nposition startpos\ngo depth 4\n' | "$engine") || fail "exit code"
[[ $output == *uciok* && $output == *"bestmove "* ]] || fail "at the end: $output"
output=$(printf 'go infinite\n' | "$engine") || fail "exit code"
[[ $output == *"bestmove "* ]] || fail "infinite: $output"
output=$(printf 'go infinite\nquit\n' | "$engine") || fail "exit code after quit"
[[ $output == *"bestmove "* ]] || fail "quit: $output"

# Garbage, and no end of the last line.
output=$(head -c 100000 /dev/urandom | tr '\n' ' ' | "$engine") || fail "garbage"
[[ $output == "info string error: "* ]] || fail "garbage: $output"
output=$(printf 'isready' | "$engine")
[[ $output == readyok ]] || fail "no line end: $output"

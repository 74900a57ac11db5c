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

# Whatever "go" asks for, its answer comes, at the end of input if not before.
for go in "go" "go searchmoves a1a2" "go mate 3" "go wtime 100"; do
  output=$(printf 'position startpos\n%s\n' "$go" | timeout 30 "$engine") ||
    fail "$go: exit code $?"
  [[ $output == *"bestmove "* ]] || fail "$go: $output"
done
output=$(printf 'position startpos\ngo searchmoves a1a2\n' | "$engine")
[[ $output == *"bestmove a1a2"* ]] || fail "searchmoves: $output"

# 130 quiet plies, ten more than our rules allow: two chariots walk up and down, and the
# last of them walks into the other's reach.
moves=
for ((step = 0; step < 65; ++step)); do
  moves+=" a$((1 + step % 8))a$((1 + (step + 1) % 8))"
  ((step == 64)) || moves+=" i$((10 - step % 9))i$((10 - (step + 1) % 9))"
done
fen="3k4r/9/9/9/9/9/9/9/9/R3K4 w - - 0 1"
output=$(printf 'position fen %s moves%s i9i2\ngo depth 3\n' "$fen" "$moves" | "$engine")
[[ $output != *error* && $output == *"bestmove a2i2"* ]] || fail "quiet: $output"

# A position that is refused has no move, and does not leave the last one's.
output=$(printf 'position startpos\nposition fen 9/9 w\ngo depth 1\n' | "$engine")
[[ $output == "info string error: "*$'\n'"bestmove (none)" ]] || fail "FEN: $output"

# Commands that come while it thinks and writes tear nothing.
output=$({
  printf 'position startpos\ngo infinite\n'
  for _ in {1..2000}; do echo isready; done
} | "$engine") || fail "isready: exit code $?"
[[ $(grep -c '^readyok$' <<<"$output") == 2000 ]] || fail "torn: $output"
[[ $(grep -cv -e '^readyok$' -e '^info ' -e '^bestmove ' <<<"$output") == 0 ]] ||
  fail "torn: $output"

# What cannot be read or written is no success.
for input in / /dev/zero; do
  code=0
  output=$("$engine" 2>&1 <"$input") || code=$?
  [[ $code == 1 && $output == "xiangqi_engine: standard input: "* ]] ||
    fail "input $input: exit code $code: $output"
done
code=0
echo isready | "$engine" >/dev/full 2>/dev/null || code=$?
[[ $code == 1 ]] || fail "a full disk: exit code $code"

# Garbage, and no end of the last line.
output=$(head -c 100000 /dev/urandom | tr '\n' ' ' | "$engine") || fail "garbage"
[[ $output == "info string error: "* ]] || fail "garbage: $output"
output=$(printf 'isready' | "$engine")
[[ $output == readyok ]] || fail "no line end: $output"

#!/usr/bin/env bash
# A line of the access log costs the loop thread no system call: under strace it makes
# the same calls for the same requests with the log and without.
set -euo pipefail
readonly SERVER=$PWD/$1 REQUESTS=500
if ! command -v strace >/dev/null; then
  echo "SKIPPED: no strace"
  [[ ${KINGPIN_REQUIRE_PEERS:-0} != 1 ]]
  exit
fi
# LeakSanitizer stops the threads with ptrace, which a traced process cannot.
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
cd "$TEST_TMPDIR"
mkdir root
head -c 1024 /dev/urandom >root/1k
strace_pid=
trap '[[ -z $strace_pid ]] || kill -9 $strace_pid 2>/dev/null' EXIT

# Serves REQUESTS with --access_log $2 and writes to $1 how often the thread that reads
# from sockets made which call. Without the cache, which takes a file that is new only
# after two seconds: on a slow machine in the middle of a run.
count() {
  mkdir "$1.traces"
  mkfifo "$1.out"
  strace -qq -ff -o "$1.traces/t" "$SERVER" --root root --listen 127.0.0.1:0 \
    --threads 1 --cache=false --access_log "$2" >"$1.out" &
  strace_pid=$!
  read -r line <"$1.out"
  curl -sf -o got "${line#listening on }1k?[1-$REQUESTS]"
  cmp root/1k got
  # The files have the threads' numbers; the process has that of its first.
  kill -TERM "$(ls "$1.traces" | sed 's/t\.//' | sort -n | head -n 1)"
  wait "$strace_pid"
  strace_pid=
  loop=$(grep -c 'recvfrom(' "$1".traces/* | sort -t: -k2 -n | tail -n 1)
  [[ ${loop##*:} -ge $REQUESTS ]] || { echo "FAILED: no loop: $loop"; exit 1; }
  sed -n 's/^\([a-z0-9_]*\)(.*/\1/p' "${loop%:*}" | sort | uniq -c >"$1"
}

count without off
count with "$PWD/access.log"
lines=$(wc -l <access.log)
[[ $lines == "$REQUESTS" ]] || { echo "FAILED: $lines lines"; exit 1; }
# Threads that start and end make a few more or less, and an epoll_wait more or less
# is a matter of when the next request comes.
awk -v most=$((REQUESTS / 10)) '
  { calls[$2] += FILENAME == "with" ? $1 : -$1 }
  END {
    for (call in calls) {
      if (call != "epoll_wait" && calls[call] > most) {
        print "FAILED: the log costs " calls[call] " calls of " call; bad = 1
      }
    }
    exit bad
  }' without with
echo "PASSED"
cat with

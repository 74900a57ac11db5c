#!/usr/bin/env bash
# Everything the file server has to show, at full size.
set -euo pipefail
server=$(realpath "$1")
client=$(realpath "$2")
real_clients=$(realpath "$3")
dir=$(mktemp -d "${TEST_TMPDIR:-${TMPDIR:-/tmp}}/acceptance.XXXXXX")
pid=
trap '[[ -z $pid ]] || kill -9 $pid; rm -rf "$dir"' EXIT
fail() { echo "FAILED: $*"; exit 1; }
export KINGPIN_REQUIRE_PEERS=1

# The steps to run: the arguments after the three, or all.
shift 3
[[ $# -gt 0 ]] || set -- clients wrk idle drain
for step in "$@"; do
  [[ " clients wrk idle drain " == *" $step "* ]] || fail "no such step: $step"
done
steps=$*
mkdir "$dir/www"
head -c 1024 /dev/urandom >"$dir/www/1k"
head -c 3000000 /dev/urandom >"$dir/www/3m"

if [[ $steps == *clients* ]]; then
  echo "--- 1,000 files of 0 B to 1 MiB and one of 3 GiB by curl, wget, aria2c"
  "$real_clients" "$server" 1000 1048576 $((3 << 30))
fi

if [[ $steps == *wrk* ]]; then
  seconds=${WRK_SECONDS:-60}
  echo "--- wrk, 512 connections, $seconds s"
  mkfifo "$dir/out"
  "$server" --root "$dir/www" --port 0 --access_log off >"$dir/out" &
  pid=$!
  read -r line <"$dir/out"
  wrk -t 1 -c 512 -d "$seconds" --latency "${line#listening on }1k" |
    tee "$dir/wrk"
  if grep -E 'Socket errors|Non-2xx' "$dir/wrk"; then fail "wrk saw errors"; fi
  kill -TERM "$pid"
  wait "$pid" || fail "exit code $?"
  pid=
fi

if [[ $steps == *idle* ]]; then
  echo "--- 10,000 idle connections"
  "$client" idle "$server" "$dir/www" 10000
fi

if [[ $steps == *drain* ]]; then
  echo "--- 200 drains under load"
  "$client" drain "$server" "$dir/www" 200
fi
echo PASSED

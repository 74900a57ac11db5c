#!/usr/bin/env bash
# The example fetches from our own server, and says what it cannot fetch.
set -euo pipefail

fan_out=$(realpath "$1")
server=$(realpath "$2")
dir=$(mktemp -d)
pid=
trap '[[ -n $pid ]] && kill -9 $pid 2>/dev/null; rm -rf "$dir"' EXIT
fail() { echo "FAILED: $*"; exit 1; }

mkdir "$dir/www"
echo hello >"$dir/www/a.txt"
mkfifo "$dir/out"
"$server" --root "$dir/www" --listen 127.0.0.1:0 >"$dir/out" 2>"$dir/err" &
pid=$!
read -r line <"$dir/out" || fail "no line: $(cat "$dir/err")"
url=${line#listening on }

code=0
output=$("$fan_out" "${url}a.txt" "${url}none" not-a-url "${url}a.txt" \
  http://127.0.0.1:1/) || code=$?
[[ $code == 1 ]] || fail "$code: $output"
[[ $(grep -c "^200 .* ${url}a.txt *$" <<<"$output") == 2 ]] || fail "$output"
grep -q "^404 .* ${url}none *$" <<<"$output" || fail "$output"
grep -q "^  0 .* http://127.0.0.1:1/ .*refused" <<<"$output" || fail "$output"
grep -q "^not-a-url .*INVALID_ARGUMENT" <<<"$output" || fail "$output"
[[ $(wc -l <<<"$output") == 5 ]] || fail "$output"
code=0
output=$(timeout 20 "$fan_out" not-a-url) || code=$?
[[ $code == 1 && $output == "not-a-url "* ]] || fail "$code: $output"
"$fan_out" "${url}a.txt" >/dev/full && fail "what could not be written was not told"
"$fan_out" "${url}a.txt" >"$dir/output" || fail "$? though all went well"

code=0
output=$("$fan_out" 2>&1 >/dev/null) || code=$?
[[ $code == 2 && $output == "usage: fan_out URL..." ]] || fail "$code: $output"
echo "fan_out fetches and reports"

#!/usr/bin/env bash
# The load generator against our own servers: what it counts is what was asked for, and
# its exit codes are those of its --help.
set -euo pipefail

readonly BENCH=$PWD/$1 SERVER=$PWD/$2 ECHO=$PWD/$3
cd "$TEST_TMPDIR"
pids=()
trap 'kill -9 "${pids[@]}" 2>/dev/null' EXIT
mkdir root
echo hello >root/hello.txt

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# Starts "$@" and sets `url` to what it prints that it listens on.
start() {
  mkfifo out
  "$@" >out 2>server.err &
  pids+=($!)
  read -r line <out || fail "no line: $(cat server.err)"
  rm out
  port=${line##*:}
  port=${port%%[^0-9]*}
  [[ $port -gt 0 ]] || fail "no port in \"$line\""
}

# The number that `name` has in the line of JSON on stdin.
number() { sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p"; }

expect() { [[ $1 == "$2" ]] || fail "$3: $1, not $2"; }

# Runs the generator; sets `json` and `code`.
bench() {
  code=0
  json=$("$BENCH" --json --quiet "$@" 2>bench.err) || code=$?
}

start "$SERVER" --root root --port 0 --threads 1 --access_log off
readonly http=http://127.0.0.1:$port

bench -n 1000 -c 10 --html report.html "$http/hello.txt"
expect "$code" 0 "exit code"
expect "$(number responses <<<"$json")" 1000 "responses"
expect "$(number failed <<<"$json")" 0 "failed"
grep -q '"by_class":\[0,0,1000,0,0,0\]' <<<"$json" || fail "not all 2xx: $json"
[[ $(grep -o "<svg" report.html | wc -l) == 4 ]] || fail "report.html: no pictures"

bench -n 300 -c 4 --pipeline 5 "$http/hello.txt"
expect "$(number responses <<<"$json")" 300 "responses, pipelined"

bench -n 300 -c 4 --reconnect "$http/hello.txt"
expect "$(number responses <<<"$json")" 300 "responses, reconnecting"
[[ $(number connects <<<"$json") -ge 300 ]] || fail "reconnecting: $json"

bench -n 100 -c 4 --rate 1000 "$http/hello.txt"
expect "$(number responses <<<"$json")" 100 "responses, paced"

bench -n 50 -c 2 --rate 1000 --reconnect "$http/hello.txt"
expect "$(number responses <<<"$json")" 50 "responses, paced and reconnecting"

bench -n 20 -c 2 "$http/missing"
expect "$code" 0 "an answer is an answer"
grep -q '"by_class":\[0,0,0,0,20,0\]' <<<"$json" || fail "not all 4xx: $json"

if command -v openssl >/dev/null; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
    -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout key.pem -out cert.pem 2>openssl.err || fail "$(cat openssl.err)"
  start "$SERVER" --root root --port 0 --threads 1 --access_log off \
    --tls_cert cert.pem --tls_key key.pem
  bench -n 200 -c 4 --insecure "https://localhost:$port/hello.txt"
  expect "$(number responses <<<"$json")" 200 "responses by https"
  SSL_CERT_FILE=$PWD/cert.pem bench -n 9 -c 1 "https://localhost:$port/hello.txt"
  expect "$code" 0 "a certificate that is trusted"
  bench -n 9 -c 1 "https://localhost:$port/hello.txt"
  expect "$code" 1 "a certificate that is not"
  grep -q "certificate" bench.err || fail "no reason: $(cat bench.err)"
elif [[ ${KINGPIN_REQUIRE_PEERS:-0} == 1 ]]; then
  fail "openssl is not installed"
else
  echo "*** SKIPPED https: openssl is not installed ***"
fi

start "$ECHO" --port 0 --threads 1
bench -n 500 -c 8 --size 100 "tcp://127.0.0.1:$port"
expect "$(number responses <<<"$json")" 500 "echoed"
expect "$(number bytes_read <<<"$json")" 50000 "bytes echoed"

# It echoes the request, which is no HTTP answer.
bench -n 20 -c 2 "http://127.0.0.1:$port/"
expect "$code" 1 "nothing was answered"
grep -q "does not speak HTTP" <<<"$json" || fail "no reason: $json"

bench http://127.0.0.1:1/
expect "$code" 1 "nobody there"
grep -q "connection refused" bench.err || fail "no reason: $(cat bench.err)"
bench --conections 3 "$http/"
expect "$code" 2 "a wrong flag"
"$BENCH" --help | grep -q -- --rate || fail "--help"
LANG=C.UTF-8 "$BENCH" -n 10 --quiet "$http/hello.txt" | grep -q "99.9 %" || fail "text"
echo "PASSED"

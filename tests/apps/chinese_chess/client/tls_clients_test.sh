#!/usr/bin/env bash
# The terminal and the load client over TLS, and what they say where it is not to be had.
set -euo pipefail
readonly TERMINAL=$PWD/$1 LOAD=$PWD/$2 SERVER=$PWD/$3
cd "$TEST_TMPDIR"
server=
trap '[[ -n $server ]] && kill -9 $server 2>/dev/null' EXIT

fail() {
  echo "FAILED: $*" >&2
  tail -n 20 ./*.out ./*.err >&2
  exit 1
}

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
  -subj /CN=localhost -addext subjectAltName=DNS:localhost \
  -keyout key.pem -out cert.pem 2>openssl.err
mkfifo listening
"$SERVER" --port 0 --db off --credits 1000000 --tls_cert cert.pem --tls_key key.pem \
  >listening 2>server.err &
server=$!
read -r line <listening || fail "no server"
port=${line##*:}
readonly at=localhost:${port%%[^0-9]*}

code=0
printf 'bot 1 1+1 red\nresign\nwait over\n' |
  "$TERMINAL" --ca cert.pem --name Zhang "$at" >game.out 2>game.err || code=$?
[[ $code == 0 ]] || fail "the terminal: exit code $code"
grep -q "^end 0-1 resignation$" game.out || fail "no game"

for speak in "" --websocket; do
  # shellcheck disable=SC2086  # A word, or none.
  "$LOAD" $speak --ca cert.pem --players 4 --games 2 --resign 0.1 --duration 1m --json \
    --quiet "$at" >load.out 2>load.err || code=$?
  [[ $code == 0 ]] || fail "the load client $speak: exit code $code"
  grep -q '"wrong":0' load.out || fail "something was wrong"
done

# Who signs is not known here; nobody speaks TLS; no TLS was asked for.
for flags in --tls "--ca key.pem" ""; do
  code=0
  # shellcheck disable=SC2086  # Words.
  "$TERMINAL" $flags "$at" </dev/null >none.out 2>none.err || code=$?
  [[ $code != 0 ]] || fail "connected with \"$flags\""
done
code=0
"$TERMINAL" --tls "$at" </dev/null >none.out 2>none.err || code=$?
[[ $code == 1 ]] && grep -q "certificate" none.err || fail "--tls: exit code $code"
code=0
"$TERMINAL" "$at" </dev/null >none.out 2>none.err || code=$?
[[ $code == 1 ]] && grep -q "is it --tls" none.err || fail "no --tls: exit code $code"
code=0
"$LOAD" --players 2 --duration 1s --quiet "$at" >none.out 2>none.err || code=$?
[[ $code == 1 ]] && grep -q "say --tls" none.err || fail "load: exit code $code"
code=0
"$LOAD" --tls --players 2 "$at" >none.out 2>none.err || code=$?
[[ $code == 1 ]] && grep -q "certificate" none.err || fail "load --tls: exit code $code"
echo "PASSED"

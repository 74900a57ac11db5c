#!/usr/bin/env bash
# The game server with a certificate: the page over HTTPS, and lines inside of TLS.
set -euo pipefail
server=$1
work=${TEST_TMPDIR:?}
trap 'kill "$pid" 2>/dev/null || true' EXIT

fail() {
  echo "FAIL: $*" >&2
  exit 1
}

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
  -subj /CN=localhost -addext subjectAltName=DNS:localhost \
  -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
mkfifo "$work/said"
# Silent ones are closed soon, or openssl would wait for more.
"$server" --port 0 --db off --tls_cert "$work/cert.pem" --tls_key "$work/key.pem" \
  --ping_every 500ms --silent 1s >"$work/said" &
pid=$!
while read -r line; do
  if [[ $line == open* ]]; then break; fi
done <"$work/said"
[[ $line =~ https://localhost:([0-9]+)/ ]] || fail "no address in: $line"
port=${BASH_REMATCH[1]}

page=$(curl -sS --cacert "$work/cert.pem" "https://localhost:$port/")
[[ $page == *'<title>'* ]] || fail "no page: $page"
said=$(curl -sS "http://localhost:$port/")
[[ $said != *'<title>'* && $said == *https://* ]] || fail "in the plain: $said"

said=$(printf '{"t":"hello","name":"Zhang"}\n{"t":"ping","n":5}\n' |
  openssl s_client -quiet -CAfile "$work/cert.pem" -verify_return_error \
    -connect "localhost:$port" 2>/dev/null) || true
[[ $said == *'"name":"Zhang"'* ]] || fail "no welcome: $said"
[[ $said == *'{"t":"pong","n":5}'* ]] || fail "no pong: $said"
[[ $said == *'"code":"silent"'* ]] || fail "not closed: $said"

code=0
"$server" --tls_cert "$work/cert.pem" 2>/dev/null || code=$?
((code == 2)) || fail "half a certificate is no wrong command line"
echo PASS

#!/usr/bin/env bash
# https_test.sh SERVER
#
# The file server over HTTPS, with curl and openssl s_client: the same bytes as in
# the tree, ranges, HEAD, resumption of downloads and of sessions, who is refused
# and how, a new certificate on SIGHUP while a download runs.
#
# Skipped, loudly, where curl or openssl is not installed; a failure if
# KINGPIN_REQUIRE_PEERS is 1.
set -euo pipefail

server=$(realpath "$1")
for peer in curl openssl; do
  if ! command -v "$peer" >/dev/null; then
    echo "*** SKIPPED: $peer is not installed ***"
    [[ ${KINGPIN_REQUIRE_PEERS:-0} != 1 ]]
    exit
  fi
done
dir=$(mktemp -d "${TEST_TMPDIR:-${TMPDIR:-/tmp}}/https.XXXXXX")
server_pid=
cleanup() {
  [[ -z $server_pid ]] || kill -9 "$server_pid" 2>/dev/null || true
  rm -rf "$dir"
}
trap cleanup EXIT
fail() { echo "FAILED: $*"; cat "$dir/err" 2>/dev/null || true; exit 1; }
cd "$dir"

# --- Certificates, valid from now -------------------------------------------------

new_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }
new_key ca.key
openssl req -x509 -new -key ca.key -subj "/CN=Test CA" -days 2 -out ca.pem
# issue SERIAL: cert.pem and key.pem for localhost
issue() {
  new_key key.pem
  openssl req -new -key key.pem -subj "/CN=localhost" -out csr.pem
  openssl x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -set_serial "$1" \
    -days 2 -extfile <(echo "subjectAltName=DNS:localhost,IP:127.0.0.1") \
    -out cert.pem 2>/dev/null
}
issue 1001

# --- The server --------------------------------------------------------------------

mkdir www
head -c 30000001 /dev/urandom >www/big
head -c 700 /dev/urandom >www/small
: >www/empty
start() { # FLAGS
  rm -f out
  mkfifo out
  "$server" --root www --port 0 --list --access_log off --tls_cert cert.pem \
    --tls_key key.pem "$@" >out 2>err &
  server_pid=$!
  read -r line <out || fail "the server did not start"
  url=${line#listening on }
  url=${url%/}
  [[ $url == https://localhost:* ]] || fail "URL: $line"
  port=${url##*:}
}
stop() {
  kill -TERM "$server_pid"
  wait "$server_pid" || fail "exit code $?"
  server_pid=
}
get() { curl --no-progress-meter --fail --cacert ca.pem "$@"; }
client() { # FLAGS: openssl s_client that ends when its input does
  openssl s_client -connect "localhost:$port" -servername localhost \
    -CAfile ca.pem -verify_return_error "$@"
}
# Whether the log has TEXT, which the server may still be writing.
logged() {
  for _ in {1..600}; do
    if grep -qF -- "$1" err; then return; fi
    sleep 0.1
  done
  fail "the log does not say: $1"
}

check_bytes() {
  for version in 1.2 1.3; do
    for file in big small empty; do
      get "--tlsv$version" --tls-max "$version" -o got "$url/$file" ||
        fail "$file over TLS $version"
      cmp got "www/$file" || fail "$file over TLS $version: other bytes"
    done
  done
  get -r 12345-9999999 -o got "$url/big" || fail "range"
  cmp got <(tail -c +12346 www/big | head -c 9987655) || fail "range: other bytes"
  head -c 10000001 www/big >part
  get -C - -o part "$url/big" || fail "resume"
  cmp part www/big || fail "resume: other bytes"
  get -I "$url/big" | grep -qi "content-length: 30000001" || fail "HEAD"
  get "$url/" | grep -q small || fail "listing"
  # Many requests on one connection, and many connections.
  get --parallel --parallel-max 20 "$url/small?[1-200]" -o "many_#1" || fail "many"
  for i in {1..200}; do cmp "many_$i" www/small || fail "many: $i"; done
  rm -f many_*
}

start
check_bytes
echo "bytes are equal: 1.2 and 1.3, ranges, resumed, 200 at once"

# --- Protocol -----------------------------------------------------------------------

[[ $(curl -sv --cacert ca.pem --http2 "$url/small" -o got 2>&1) == *"http/1.1"* ]] ||
  fail "ALPN"
client -sess_out session -ign_eof <<<$'GET /small HTTP/1.0\r\n\r\n' >s1 2>&1 ||
  fail "s_client: $(cat s1)"
grep -q "New, TLSv1.3" s1 || fail "s_client: not TLS 1.3"
client -sess_in session -ign_eof <<<$'GET /small HTTP/1.0\r\n\r\n' >s2 2>&1 ||
  fail "s_client, again"
grep -q "Reused, TLSv1.3" s2 || fail "the session is not resumed"
grep -qi "unexpected eof" s1 s2 && fail "no close_notify"
echo "ALPN, resumption, close_notify"

# "R" asks for a renegotiation.
{ echo R; cat /dev/null; } | client -tls1_2 >s3 2>&1 && fail "renegotiated: $(cat s3)"
grep -q "no renegotiation" s3 || fail "renegotiation: $(cat s3)"

# refuse CURL_EXITS TEXT CURL_ARGS: refused each time until the log, which has one
# such line a second, says so with TEXT
refuse() {
  local expected=$1 text=$2 code
  shift 2
  for _ in {1..100}; do
    code=0
    curl --silent "$@" >/dev/null || code=$?
    [[ " $expected " == *" $code "* ]] || fail "curl $*: $code and not $expected"
    if grep -qF -- "$text" err; then return; fi
    sleep 0.1
  done
  fail "the log does not say: $text"
}
refuse 60 "the peer refused: unknown CA" "$url/small"
refuse 35 "no version of TLS in common" --cacert ca.pem --tls-max 1.1 \
  --ciphers ALL:@SECLEVEL=0 "$url/small"
refuse 0 "plain HTTP where TLS is spoken" "http://localhost:$port/"
curl --silent "http://localhost:$port/" | grep -q "begins with https://" ||
  fail "plain HTTP: the answer does not say so"
echo "refused: unknown CA, TLS 1.1, plain HTTP, renegotiation; the log says why"

# --- A new certificate ---------------------------------------------------------------

serial() { client </dev/null 2>/dev/null | openssl x509 -noout -serial; }
[[ $(serial) == serial=03E9 ]] || fail "serial $(serial)"
get --limit-rate 20M -o slow_got "$url/big" &
download=$!
issue 1002
kill -HUP "$server_pid"
logged "reloaded the certificate: for localhost"
[[ $(serial) == serial=03EA ]] || fail "still $(serial)"
wait "$download" || fail "the download did not survive the reload"
cmp slow_got www/big || fail "the download across the reload: other bytes"
cp cert.pem good.pem
echo "no certificate" >cert.pem
kill -HUP "$server_pid"
logged "the certificate stays the old one: cert.pem: "
[[ $(serial) == serial=03EA ]] || fail "after a failed reload: $(serial)"
mv good.pem cert.pem
echo "reload: new connections have the new certificate, a bad one changes nothing"
stop

# --- Without kernel TLS the same bytes ------------------------------------------------

start --kernel_tls=false
check_bytes
stop

# --- Wrong command lines --------------------------------------------------------------

wrong() { # TEXT FLAGS
  local text=$1
  shift
  if "$server" --root www --port 0 "$@" >/dev/null 2>err; then fail "$* is taken"; fi
  grep -qF -- "$text" err || fail "$*: does not say $text"
}
wrong "go together" --tls_cert cert.pem
wrong "go together" --tls_key key.pem
wrong "nowhere.pem: No such file" --tls_cert nowhere.pem --tls_key key.pem
wrong "ca.key: it is not the key of the certificate in cert.pem" \
  --tls_cert cert.pem --tls_key ca.key
echo PASSED

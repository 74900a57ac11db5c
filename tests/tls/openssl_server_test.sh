#!/usr/bin/env bash
# openssl_server_test.sh TLS_GET
#
# Our client against openssl s_server: versions, resumption, and each way in which
# a server is refused, with the words. Skipped, loudly, where openssl is not
# installed; a failure if KINGPIN_REQUIRE_PEERS is 1.
set -euo pipefail

get=$(realpath "$1")
if ! command -v openssl >/dev/null; then
  echo "*** SKIPPED: openssl is not installed ***"
  [[ ${KINGPIN_REQUIRE_PEERS:-0} != 1 ]]
  exit
fi
dir=$(mktemp -d "${TEST_TMPDIR:-${TMPDIR:-/tmp}}/openssl_server.XXXXXX")
server_pid=
stop_server() {
  [[ -z $server_pid ]] || kill -9 "$server_pid" 2>/dev/null || true
  [[ -z $server_pid ]] || wait "$server_pid" 2>/dev/null || true
  server_pid=
}
trap 'stop_server; rm -rf "$dir"' EXIT
fail() { echo "FAILED: $*"; cat "$dir/err" "$dir/server.err" 2>/dev/null || true; exit 1; }

cd "$dir"
new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -quiet -out "$1" 2>/dev/null ||
  openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }
new_key ca.key
openssl req -x509 -new -key ca.key -subj "/CN=Test CA" -days 2 -out ca.pem 2>/dev/null
# issue NAME DAYS: NAME.pem and NAME.key for the host NAME
issue() {
  new_key "$1.key"
  openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr" 2>/dev/null
  openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial \
    -days "$2" -extfile <(echo "subjectAltName=DNS:$1") -out "$1.pem" 2>/dev/null
}
issue good.example 2
new_key self.example.key
openssl req -x509 -new -key self.example.key -subj "/CN=self.example" \
  -addext "subjectAltName=DNS:self.example" -days 2 -out self.example.pem 2>/dev/null

mkfifo server.out
# serve NAME [FLAGS]: an s_server with that certificate; its port in $port
serve() {
  local name=$1 line
  shift
  stop_server
  openssl s_server -accept 127.0.0.1:0 -cert "$name.pem" -key "$name.key" \
    -www "$@" >server.out 2>server.err &
  server_pid=$!
  exec 3<server.out
  while read -r line <&3; do
    # "ACCEPT 127.0.0.1:36443 PID=12"
    if [[ $line =~ ^ACCEPT\ .*:([0-9]+) ]]; then
      port=${BASH_REMATCH[1]}
      return
    fi
  done
  fail "openssl s_server $* does not start: $(cat server.err)"
}
# is TEXT: the last run's stderr has it
is() { grep -qF -- "$1" err || fail "expected \"$1\""; }
refused() { # HOST TEXT
  if "$get" "$1" "$port" --ca ca.pem >out 2>err; then fail "$1 was not refused"; fi
  is "failed: $2"
}

serve good.example
"$get" good.example "$port" --ca ca.pem >out 2>err || fail "TLS 1.3"
grep -q "HTTP/1.0 200" out || fail "no answer"
is "TLSv1.3 resumed=0 end=peer"
"$get" good.example "$port" --ca ca.pem --times 3 >out 2>err || fail "three times"
[[ $(grep -c "TLSv1.3 resumed=1 end=peer" err) == 2 ]] || fail "1.3 does not resume"
refused other.example "the certificate is for good.example and not for other.example"
echo "1.3: answers, resumes, checks the name"

serve good.example -tls1_2
"$get" good.example "$port" --ca ca.pem --times 3 >out 2>err || fail "TLS 1.2"
[[ $(grep -c "TLSv1.2 resumed=1 end=peer" err) == 2 ]] || fail "1.2 does not resume"
echo "1.2: answers, resumes"

serve self.example
refused self.example "the certificate is self-signed and not trusted"
"$get" self.example "$port" --no_verify >out 2>err || fail "--no_verify"
serve good.example -tls1_1 -cipher ALL:@SECLEVEL=0
refused good.example "the peer refused: protocol version"
serve good.example -tls1_2 -cipher ECDHE-ECDSA-AES128-SHA
"$get" good.example "$port" --ca ca.pem >out 2>err || fail "an older cipher"
echo "self-signed and old servers: as they should be"
echo PASSED

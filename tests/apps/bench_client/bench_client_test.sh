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

# Of a connection whose turn has not come, no answer is late.
bench --rate 5 -c 50 --timeout 500ms -d 2s "$http/hello.txt"
expect "$code" 0 "connections that wait for their turn"
expect "$(number connects <<<"$json")" 50 "connects, few of which are asked"

bench -n 50 -c 2 --rate 1000 --reconnect "$http/hello.txt"
expect "$(number responses <<<"$json")" 50 "responses, paced and reconnecting"

bench -n 20 -c 2 "$http/missing"
expect "$code" 0 "an answer is an answer"
grep -q '"by_class":\[0,0,0,0,20,0\]' <<<"$json" || fail "not all 4xx: $json"

if command -v openssl >/dev/null; then
  for which in "" other_; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
      -subj /CN=localhost -addext subjectAltName=DNS:localhost \
      -keyout "${which}key.pem" -out "${which}cert.pem" 2>openssl.err ||
      fail "$(cat openssl.err)"
  done
  start "$SERVER" --root root --port 0 --threads 1 --access_log off \
    --tls_cert cert.pem --tls_key key.pem
  bench -n 200 -c 4 --insecure "https://localhost:$port/hello.txt"
  expect "$(number responses <<<"$json")" 200 "responses by https"
  SSL_CERT_FILE=$PWD/cert.pem bench -n 9 -c 1 "https://localhost:$port/hello.txt"
  expect "$code" 0 "a certificate that is trusted"
  bench -n 9 -c 1 "https://localhost:$port/hello.txt"
  expect "$code" 1 "a certificate that is not"
  grep -q "certificate.*--insecure" bench.err || fail "no reason: $(cat bench.err)"
elif [[ ${KINGPIN_REQUIRE_PEERS:-0} == 1 ]]; then
  fail "openssl is not installed"
else
  echo "*** SKIPPED https: openssl is not installed ***"
fi

start "$ECHO" --port 0 --threads 1
bench -n 500 -c 8 --size 100 "tcp://127.0.0.1:$port"
expect "$(number responses <<<"$json")" 500 "echoed"
expect "$(number bytes_read <<<"$json")" 50000 "bytes echoed"
# Larger than what waits in sockets and queues.
bench -n 6 -c 2 --size 30000000 "tcp://127.0.0.1:$port"
expect "$(number bytes_read <<<"$json")" 180000000 "bytes of large messages"
bench -d 1s -c 2 --size 1073741824 "tcp://127.0.0.1:$port"
expect "$(number failed <<<"$json")" 0 "failed, of messages that take longer than the run"
awk -v s="$(number seconds <<<"$json")" 'BEGIN { exit !(s < 5) }' ||
  fail "1 s took longer: $json"

# It echoes the request, which is no HTTP answer.
bench -n 20 -c 2 "http://127.0.0.1:$port/"
expect "$code" 1 "nothing was answered"
grep -q "does not speak HTTP" <<<"$json" || fail "no reason: $json"

# A server of few words, whose port the first line of stdout is.
cat >scripted.py <<'EOF'
import re, socket, ssl, sys, threading
mode = sys.argv[1]
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
count = 0

def serve(peer, number):
    if mode == "mute": return
    data = b""
    while True:
        while b"\r\n\r\n" not in data:
            piece = peer.recv(65536)
            if not piece: return
            data += piece
        head, data = data.split(b"\r\n\r\n", 1)
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"): length = int(line[15:])
        while len(data) < length: data += peer.recv(1 << 20)
        data = data[length:]
        if mode == "slow":
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n")
            for _ in range(40):
                peer.sendall(b"x")
                threading.Event().wait(0.03)
            continue
        if mode == "http10": peer.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello")
        elif mode == "close":
            peer.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
                         b"Content-Length: 5\r\n\r\nhello")
        elif mode == "101":
            peer.sendall(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
            continue
        elif mode == "204":
            peer.sendall(b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello")
            continue
        elif mode == "host":
            name = re.search(rb"\r\nhost: *([^\r]*)", head, re.I)[1]
            good = name == b"example.org:81"
            peer.sendall(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" %
                         (200 if good else 404))
            continue
        elif mode == "twice":
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" * 2)
            continue
        else:
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel")
            if mode != "cut" or number % 2 == 0: peer.sendall(b"lo")
            if mode == "surplus": peer.sendall(b"and more")
            if mode == "keep": continue
        return

# Every other connection gets no handshake; those that do, no farewell.
def serve_tls(peer, number):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    second = "other_" if mode == "tls_two" and number > 1 else ""
    context.load_cert_chain(second + "cert.pem", second + "key.pem")
    if mode != "tls_two" and number % 2 == 0: return peer.recv(1 << 20, socket.MSG_PEEK), forever.wait()
    tls = context.wrap_socket(peer, server_side=True)
    peer = socket.socket(fileno=tls.detach()) if mode == "tls_cut" else tls
    while True:
        if not peer.recv(65536): return
        if mode == "tls_cut": return
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

forever = threading.Event()

def run(peer, number):
    with peer: (serve_tls if mode.startswith("tls") else serve)(peer, number)

while True:
    peer, _ = listener.accept()
    count += 1
    threading.Thread(target=run, args=(peer, count), daemon=True).start()
EOF

# requests = responses + failed + unanswered
adds_up() {
  local -r sum=$(($(number responses <<<"$json") + $(number failed <<<"$json") +
    $(number unanswered <<<"$json")))
  expect "$(number requests <<<"$json")" $sum "requests, $1"
}

if command -v python3 >/dev/null; then
  for mode in http10 close; do
    start python3 scripted.py $mode
    bench -n 200 -c 4 "http://127.0.0.1:$port/"
    expect "$code" 0 "a server that closes after each answer ($mode)"
    expect "$(number responses <<<"$json")" 200 "responses ($mode)"
    expect "$(number failed <<<"$json")" 0 "failed ($mode)"
  done
  start python3 scripted.py cut
  bench -n 100 -c 4 "http://127.0.0.1:$port/"
  expect "$code" 3 "a server that cuts answers"
  adds_up "cut"
  expect "$(number requests <<<"$json")" 100 "requests, some cut"
  [[ $(number failed <<<"$json") -ge 40 ]] || fail "cut: $json"
  start python3 scripted.py surplus
  bench -n 100 -c 4 "http://127.0.0.1:$port/"
  adds_up "surplus"
  expect "$code" 3 "a server that says more than it was asked"
  # The second answer is nobody's: it must not pass for that to the next request.
  start python3 scripted.py twice
  bench -n 50 -c 2 "http://127.0.0.1:$port/"
  adds_up "twice"
  expect "$code" 3 "a server that answers twice"
  [[ $(number connects <<<"$json") -ge 50 ]] || fail "twice: $json"
  bench -n 20 -c 2 --reconnect "http://127.0.0.1:$port/"
  adds_up "twice, reconnecting"
  [[ $(number failed <<<"$json") -gt 0 ]] || fail "twice, reconnecting: $json"
  # What has just been cut off when the run ends is counted, too.
  start python3 scripted.py mute
  for _ in 1 2 3 4 5 6; do
    bench -d 300ms -c 50 "http://127.0.0.1:$port/"
    adds_up "closed at once"
  done
  # Connections without a request: nobody is late.
  start python3 scripted.py slow
  bench -n 1 -c 10 --timeout 400ms "http://127.0.0.1:$port/"
  expect "$code" 0 "connections that nothing is left for"
  expect "$(number connects <<<"$json")" 10 "connects, one of which is asked"
  for mode in "" --reconnect; do
    bench -n 1 -c 10 --rate 50 $mode "http://127.0.0.1:$port/"
    expect "$(number unsent <<<"$json")" 0 "unsent of one that is sent $mode"
  done

  for mode in 101 204; do
    start python3 scripted.py $mode
    bench -n 50 -c 2 "http://127.0.0.1:$port/"
    adds_up "$mode"
    expect "$(number responses <<<"$json")" 0 "good answers ($mode)"
    expect "$code" 1 "a server that breaks HTTP ($mode)"
  done
  start python3 scripted.py host
  bench -n 10 -c 2 -H "Host: example.org:81" "http://127.0.0.1:$port/"
  grep -q '"by_class":\[0,0,10,0,0,0\]' <<<"$json" || fail "another Host: $json"

  if [[ -s cert.pem ]]; then
    start python3 scripted.py tls_half
    bench -d 2s --timeout 500ms -c 4 --insecure "https://127.0.0.1:$port/"
    expect "$code" 3 "half of the handshakes hang, longer than --timeout"
    grep -q '"broken":{"connecting: ' <<<"$json" || fail "hidden: $json"
    [[ $(number responses <<<"$json") -gt 0 ]] || fail "nothing: $json"
    start python3 scripted.py tls_half
    bench -d 500ms --timeout 60s -c 4 --insecure "https://127.0.0.1:$port/"
    expect "$(number connecting <<<"$json")" 2 "connections that hang at the end"
    start python3 scripted.py tls_two
    SSL_CERT_FILE=$PWD/cert.pem bench -d 500ms -c 1 --reconnect \
      "https://localhost:$port/"
    grep -q '"broken":{"connecting: .*certificate' <<<"$json" || fail "no reason: $json"
    start python3 scripted.py tls_cut
    bench -n 4 -c 1 --timeout 500ms --insecure "https://127.0.0.1:$port/"
    grep -q "close_notify" <<<"$json" || fail "not TLS's reason: $json"
  fi

  start python3 scripted.py keep
  head -c 20000000 /dev/zero >big
  bench -n 4 -c 2 --body @big "http://127.0.0.1:$port/"
  expect "$(number responses <<<"$json")" 4 "requests of 20 MB answered"
  bench -n 4 -c 2 --body @<(cat big) "http://127.0.0.1:$port/"
  expect "$(number responses <<<"$json")" 4 "a body from a pipe"

  # A signal: reported at once, for the time until then.
  mkfifo progress
  "$BENCH" --json -d 60s -c 2 "$http/hello.txt" >signal.json 2>progress &
  pid=$!
  read -r _ <progress
  kill -TERM $pid
  code=0
  wait $pid || code=$?
  expect "$code" 0 "exit code after SIGTERM"
  json=$(<signal.json)
  adds_up "until SIGTERM"
  awk -v s="$(number seconds <<<"$json")" 'BEGIN { exit !(s >= 1 && s < 8) }' ||
    fail "seconds until SIGTERM: $json"
elif [[ ${KINGPIN_REQUIRE_PEERS:-0} == 1 ]]; then
  fail "python3 is not installed"
else
  echo "*** SKIPPED scripted servers: python3 is not installed ***"
fi

refused() {
  local -r why=$1
  shift
  bench "$@"
  expect "$code" 2 "exit code of $*"
  grep -q -- "$why" bench.err || fail "not \"$why\": $(cat bench.err)"
}
mkfifo somebody
cat somebody >piped.html &
reader=$!
bench -n 10 --html somebody "$http/hello.txt"
expect "$code" 0 "a page into a pipe"
wait $reader
grep -q "</html>" piped.html || fail "no page came through the pipe"
mkfifo nobody
refused "a pipe that nobody reads" --html nobody "$http/"
(ulimit -n 200 && refused "may open 200 files" -c 500 "$http/")
refused "is a directory" --body @root "$http/"
refused "neither a file nor a pipe" --body @/dev/zero "$http/"
refused "no/such/page.html" --html no/such/page.html "$http/"
refused "which port" tcp://localhost
refused "no path" tcp://localhost:7000/path
refused '-c, --connections "0": it is a number from 1' -c 0 "$http/"

bench http://127.0.0.1:1/
expect "$code" 1 "nobody there"
grep -q "connection refused" bench.err || fail "no reason: $(cat bench.err)"
bench --html none.html http://127.0.0.1:1/
[[ ! -e none.html ]] || fail "a run that could not begin leaves an empty page"
code=0
"$BENCH" --quiet -n 10 "$http/hello.txt" >/dev/full 2>bench.err || code=$?
expect "$code" 1 "a report that cannot be written"
grep -q "No space left" bench.err || fail "no reason: $(cat bench.err)"
bench --html closed.html -n 5 "$http/hello.txt" # With an open stdout.
expect "$code" 0 "a page"
code=0
"$BENCH" --quiet --html closed.html -n 5 "$http/hello.txt" >&- 2>bench.err || code=$?
expect "$code" 1 "a closed standard output"
[[ $(head -c 9 closed.html) == "<!doctype" ]] || fail "text in the page"
mkfifo gone
exec 8<>gone
"$BENCH" --quiet -d 1s --html last.html "$http/hello.txt" >gone 2>bench.err 8<&- &
pid=$!
exec 8<&-
code=0
wait $pid || code=$?
expect "$code" 1 "a reader that has gone"
grep -q "Broken pipe" bench.err || fail "no reason: $(cat bench.err)"
grep -q "</html>" last.html || fail "the page went with the text"
bench --conections 3 "$http/"
expect "$code" 2 "a wrong flag"
"$BENCH" --help | grep -q -- --rate || fail "--help"
LANG=C.UTF-8 "$BENCH" -n 10 --quiet "$http/hello.txt" | grep -q "99.9 %" || fail "text"
echo "PASSED"

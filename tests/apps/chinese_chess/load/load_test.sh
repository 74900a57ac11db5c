#!/usr/bin/env bash
# Two hundred players in two processes, the one speaking lines and the other WebSocket,
# fill a real server: games end in all ways, nothing is lost or wrong.
set -euo pipefail
readonly LOAD=$PWD/$1 SERVER=$PWD/$2
cd "$TEST_TMPDIR"
server=
trap '[[ -n $server ]] && kill -9 $server 2>/dev/null' EXIT

fail() {
  echo "FAILED: $*" >&2
  tail -n 20 ./*.json ./*.err >&2
  exit 1
}

# Starts the server on port $1 and sets `port`.
start() {
  rm -f listening
  mkfifo listening
  "$SERVER" --port "$1" --db games.db --credits 1000000 >listening 2>>server.err &
  server=$!
  read -r line <listening || fail "no server"
  port=${line##*:}
  port=${port%%[^0-9]*}
}

number() { sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p" "$2"; }
expect() { [[ $1 == "$2" ]] || fail "$3: $1, not $2"; }
at_least() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a >= b) }' || fail "$3: $1 < $2"; }

start 0
readonly flags=(--players 100 --games 200 --duration 4m --json --quiet --away 50ms
  --drop 0.01 --resign 0.01 --draw 0.01)
"$LOAD" "${flags[@]}" --seed 1 "127.0.0.1:$port" >one.json 2>one.err &
one=$!
"$LOAD" "${flags[@]}" --seed 2 --websocket "127.0.0.1:$port" >two.json 2>two.err &
two=$!
for pid in $one $two; do
  code=0
  wait $pid || code=$?
  expect $code 0 "exit code"
done
for out in one.json two.json; do
  at_least "$(number games_finished $out)" 200 "finished games"
  at_least "$(number moves $out)" 1000 "moves"
  at_least "$(number resumes $out)" 20 "resumes"
  for what in wrong games_lost lost_connections; do
    expect "$(number $what $out)" 0 "$what"
  done
  at_least "$(number p99_us $out)" 1 "latency"
  for reason in resignation agreement; do
    grep -q "\"$reason\":[1-9]" $out || fail "no game has ended by $reason"
  done
done

# Exit codes.
for speak in "" --websocket; do
  code=0
  "$LOAD" $speak --players 2 127.0.0.1:1 >none.json 2>none.err || code=$?
  [[ $code == 1 ]] && grep -q refused none.err || fail "nobody there: $code"
done
code=0
"$LOAD" --players 2000 --duration 1ms --quiet "127.0.0.1:$port" >none.json 2>none.err || code=$?
[[ $code == 1 ]] && grep -q "of 2000 players were in no game" none.err ||
  fail "too few seats: $code"
code=0
"$LOAD" --players 3 >none.json 2>none.err || code=$?
[[ $code == 2 ]] && grep -q pairs none.err || fail "an odd number: $code"
"$LOAD" --help | grep -q -- --move_every || fail "--help"
echo "PASSED"

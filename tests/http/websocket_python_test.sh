#!/usr/bin/env bash
# websocket_python_test.sh ECHO CHECK PEER
#
# Both our roles against Debian's python3-websockets. Skipped, loudly, where that
# is not installed; a failure if KINGPIN_REQUIRE_PEERS is 1.
set -euo pipefail

echo=$(realpath "$1")
check=$(realpath "$2")
peer=$(realpath "$3")
python=/usr/bin/python3 # Debian's, whatever else is in the PATH.
if ! "$python" -c "import websockets" 2>/dev/null; then
  echo "*** SKIPPED: python3-websockets is not installed ***"
  [[ ${KINGPIN_REQUIRE_PEERS:-0} != 1 ]]
  exit
fi
dir=$(mktemp -d "${TEST_TMPDIR:-${TMPDIR:-/tmp}}/websocket_python.XXXXXX")
server=
stop() {
  [[ -z $server ]] || kill -TERM "$server" 2>/dev/null || true
  [[ -z $server ]] || wait "$server" 2>/dev/null || true
  server=
}
trap 'stop; rm -rf "$dir"' EXIT

mkfifo "$dir/out"
# serve COMMAND...: starts it; its port in $port
serve() {
  local line
  stop
  "$@" >"$dir/out" &
  server=$!
  exec 3<"$dir/out"
  read -r line <&3
  port=${line##* }
}

for mode in "" deflate; do
  serve "$echo" 127.0.0.1:0 1 ${mode:+"$mode"}
  echo "--- our server ${mode:-plain}, their client"
  timeout 100 "$python" "$peer" client "ws://127.0.0.1:$port/"
  serve "$python" "$peer" server
  echo "--- their server, our client ${mode:-plain}"
  timeout 100 "$check" "ws://127.0.0.1:$port/" ${mode:+"$mode"}
done
echo PASSED

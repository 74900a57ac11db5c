#!/usr/bin/env bash
# websocket_chromium_test.sh ECHO SCRIPT
#
# Our server against Chromium, which is no server.
set -euo pipefail

readonly ECHO=$1 SCRIPT=$2 CHROMIUM=${CHROMIUM:-/usr/bin/chromium}
if ! command -v node >/dev/null || [[ ! -x $CHROMIUM ]]; then
  echo "SKIPPED: no node or no chromium"
  [[ ${KINGPIN_REQUIRE_PEERS:-0} != 1 ]]
  exit
fi
export HOME=$TEST_TMPDIR
source tests/http/websocket_peer.sh
for mode in "" deflate; do
  echo "--- ${mode:-plain}"
  serve "$ECHO" 127.0.0.1:0 1 ${mode:+"$mode"}
  timeout 100 node "$SCRIPT" "$CHROMIUM" "$port" "$peer_server" ${mode:+"$mode"}
done
echo "PASSED"

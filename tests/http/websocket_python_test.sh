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
source tests/http/websocket_peer.sh
both_roles "$echo" "$check" "$python" "$peer"

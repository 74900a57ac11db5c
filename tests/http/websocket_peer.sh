# Sourced: both our roles against a peer that is a program.
#
#   both_roles ECHO CHECK PEER...   ECHO and PEER server say last where they listen

peer_server=
peer_dir=$(mktemp -d "${TEST_TMPDIR:-${TMPDIR:-/tmp}}/websocket_peer.XXXXXX")
mkfifo "$peer_dir/out"
stop_serving() {
  if [[ -z $peer_server ]]; then return; fi
  kill -TERM "$peer_server" 2>/dev/null || true
  wait "$peer_server" 2>/dev/null || true
  peer_server=
}
trap 'stop_serving; rm -rf "$peer_dir"' EXIT

# serve COMMAND...: starts it; its port in $port
serve() {
  local line
  stop_serving
  "$@" >"$peer_dir/out" &
  peer_server=$!
  exec 3<"$peer_dir/out"
  read -r line <&3
  port=${line##* }
}

both_roles() { # ECHO CHECK PEER...
  local -r echo=$1 check=$2
  local mode
  shift 2
  for mode in "" deflate; do
    serve "$echo" 127.0.0.1:0 1 ${mode:+"$mode"}
    echo "--- our server ${mode:-plain}, their client"
    timeout 100 "$@" client "ws://127.0.0.1:$port/"
    serve "$@" server
    echo "--- their server, our client ${mode:-plain}"
    timeout 100 "$check" "ws://127.0.0.1:$port/" ${mode:+"$mode"}
  done
  echo PASSED
}

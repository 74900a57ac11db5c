#!/usr/bin/env bash
# websocket_node_peer.sh ECHO CHECK SCRIPT
#
# Both our roles against the npm package ws, which is fetched for this and is no
# part of anything that is built.
set -euo pipefail

readonly WS_VERSION=8.18.0
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kingpin
package=$cache/ws-$WS_VERSION
echo=$(realpath "$1")
check=$(realpath "$2")
script=$(realpath "$3")

die() {
  echo "websocket_node_peer: $*" >&2
  exit 2
}

command -v node >/dev/null || die "node is missing: apt-get install nodejs npm"
if [[ ! -f $package/package.json ]]; then
  command -v npm >/dev/null || die "npm is missing, which fetches ws: apt-get install npm"
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/ws.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  (cd "$work" && npm pack --silent "ws@$WS_VERSION" >/dev/null) || die "npm cannot fetch ws"
  tar -xzf "$work"/*.tgz -C "$work"
  rm -rf "$package"
  mv "$work/package" "$package"
  rm -rf "$work"
fi
server=
dir=$(mktemp -d)
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
  timeout 100 node "$script" "$package" client "ws://127.0.0.1:$port/"
  serve node "$script" "$package" server
  echo "--- their server, our client ${mode:-plain}"
  timeout 100 "$check" "ws://127.0.0.1:$port/" ${mode:+"$mode"}
done
echo PASSED

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
source tests/http/websocket_peer.sh
both_roles "$echo" "$check" node "$script" "$package"

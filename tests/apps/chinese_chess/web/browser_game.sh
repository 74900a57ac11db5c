#!/usr/bin/env bash
# browser_game.sh [--shots DIR] [PORT COMMAND...]
#
# Starts the server, which is to listen on PORT, and lets two people play a whole game to
# mate in headless Chromium; README.md says more. Without a command it is the stand-in of
# this folder. Needs chromium, node, and npm for playwright-core (and ws for the stand-in).
set -euo pipefail

readonly PLAYWRIGHT=playwright-core@1.65.1 WS=ws@8.23.0
# Under Bazel the folder is that of the run files, which look like the repository.
root=$PWD
[[ -f $root/apps/chinese_chess/web/index.html ]] ||
  root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../../.." && pwd)
here=$root/tests/apps/chinese_chess/web
web=$root/apps/chinese_chess/web
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kingpin

die() {
  echo "browser_game: $*" >&2
  exit 2
}

# package NAME@VERSION: where it is, unpacked.
package() {
  local folder=$cache/npm-${1//[@\/]/-} work
  if [[ ! -d $folder ]]; then
    command -v npm >/dev/null || die "npm is missing, which fetches $1"
    mkdir -p "$cache"
    work=$(mktemp -d "$cache/npm.XXXXXX")
    (cd "$work" && npm pack --silent "$1" >/dev/null) || die "npm cannot fetch $1"
    tar -xzf "$work"/*.tgz -C "$work"
    mv "$work/package" "$folder" 2>/dev/null || true
    rm -rf "$work"
  fi
  echo "$folder"
}

# A port that was free a moment ago: nothing else could be told to a server beforehand.
free_port() {
  node -e 'const s = require("net").createServer().listen(0, () => {
    console.log(s.address().port); s.close(); })'
}

command -v node >/dev/null || die "node is missing: apt-get install nodejs"
[[ -x ${CHROMIUM:-/usr/bin/chromium} ]] || die "chromium is missing: apt-get install chromium"
shots=
if [[ ${1:-} == --shots ]]; then
  mkdir -p "$2"
  shots=$(realpath "$2")
  shift 2
fi
if (($# == 0)); then
  port=$(free_port)
  set -- "$port" node "$here/mock_server.mjs" "$web" "$(package $WS)" "$port"
fi
port=$1
shift
"$@" &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
up=
for ((i = 0; i < 100; ++i)); do
  kill -0 $server 2>/dev/null || die "the server ended: $*"
  if curl -sf -o /dev/null "http://127.0.0.1:$port/"; then up=1 && break; fi
  sleep 0.1
done
[[ -n $up ]] || die "nothing answers at port $port"
node "$here/browser_game.mjs" "$(package $PLAYWRIGHT)" "$port" ${shots:+"$shots"}

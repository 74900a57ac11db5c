#!/usr/bin/env bash
# browser_game.sh [--shots DIR] [PORT]
#
# Starts the game server, and lets two people play a whole game to mate on it in headless
# Chromium; README.md says more. With PORT, on a server that runs there already. Needs
# chromium, node, and npm for playwright-core.
set -euo pipefail

readonly PLAYWRIGHT=playwright-core@1.65.1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kingpin
work=$(mktemp -d "${TMPDIR:-/tmp}/browser_game.XXXXXX")
server=
trap 'if [[ $server ]]; then kill "$server" && wait "$server" || true; fi; rm -rf "$work"' EXIT

die() {
  echo "browser_game: $*" >&2
  exit 2
}

# package NAME@VERSION: where it is, unpacked.
package() {
  local folder=$cache/npm-${1//[@\/]/-} fetched=$work/npm
  if [[ ! -d $folder ]]; then
    command -v npm >/dev/null || die "npm is missing, which fetches $1"
    mkdir -p "$cache" "$fetched"
    (cd "$fetched" && npm pack --silent "$1" >/dev/null) || die "npm cannot fetch $1"
    tar -xzf "$fetched"/*.tgz -C "$fetched"
    mv "$fetched/package" "$folder"
  fi
  echo "$folder"
}

# Prints its port, which is the kernel's choice.
start_server() {
  local line
  mkfifo "$work/said"
  apps/chinese_chess/server/server --port 0 --db "$work/games.db" >"$work/said" &
  server=$!
  exec 3<"$work/said" # Open as long as this runs, for it may say more.
  while read -r line <&3; do
    if [[ $line =~ ^open\ http://localhost:([0-9]+)/ ]]; then
      port=${BASH_REMATCH[1]}
      return
    fi
  done
  die "the server ended without saying where it is"
}

command -v node >/dev/null || die "node is missing: apt-get install nodejs"
[[ -x ${CHROMIUM:-/usr/bin/chromium} ]] || die "chromium is missing: apt-get install chromium"
shots=
if [[ ${1:-} == --shots ]]; then
  # Under `bazel run`, a path means what it means where that was typed.
  shots=$(cd "${BUILD_WORKING_DIRECTORY:-.}" && mkdir -p "$2" && realpath "$2")
  shift 2
fi
port=${1:-}
playwright=$(package $PLAYWRIGHT)
[[ $port ]] || start_server
node tests/apps/chinese_chess/web/browser_game.mjs "$playwright" "$port" ${shots:+"$shots"}

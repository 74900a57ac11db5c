#!/usr/bin/env bash
# ffish_oracle.sh XQ SCRIPT [POSITIONS [SEED]]
#
# Legal moves against the npm package ffish; ./README.md says how to run it. ffish is
# GPL: it is fetched for this comparison and is no part of anything that is built.
set -euo pipefail

readonly FFISH_VERSION=0.7.10
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kingpin
package=$cache/ffish-$FFISH_VERSION
xq=$(realpath "$1")
script=$(realpath "$2")

die() {
  echo "ffish_oracle: $*" >&2
  exit 2
}

command -v node >/dev/null || die "node is missing: apt-get install nodejs npm"
if [[ ! -f $package/ffish.js ]]; then
  command -v npm >/dev/null || die "npm is missing, which fetches ffish: apt-get install npm"
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/ffish.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  (cd "$work" && npm pack --silent "ffish@$FFISH_VERSION" >/dev/null) || die "npm cannot fetch ffish"
  tar -xzf "$work"/*.tgz -C "$work"
  rm -rf "$package"
  mv "$work/package" "$package"
fi
node "$script" "$xq" "$package" "${@:3}"

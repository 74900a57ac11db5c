#!/usr/bin/env bash
# The command line of the game server: help, version, and what it refuses.
set -euo pipefail
server=$1

fail() {
  echo "FAIL: $*" >&2
  exit 1
}

# refuses CODE WORD ARG...: exits with CODE, and stderr has WORD.
refuses() {
  local code=0 want=$1 word=$2 err
  shift 2
  err=$("$server" "$@" 2>&1 >/dev/null) || code=$?
  ((code == want)) || fail "$*: exit code $code instead of $want"
  [[ $err == *"$word"* ]] || fail "$*: no '$word' in: $err"
}

help=$("$server" --help)
for word in --db --credits '"t":"hello"' 'Exit codes'; do
  [[ $help == *"$word"* ]] || fail "--help has no $word"
done
[[ $("$server" --version) == *[0-9].[0-9]* ]] || fail "--version"

refuses 2 --prot --prot 5
refuses 2 unexpected chess.db
refuses 2 silent --silent 1s --ping_every 2s
refuses 2 path --db ''
refuses 1 /nowhere/games.db --db /nowhere/games.db --port 0
echo PASS

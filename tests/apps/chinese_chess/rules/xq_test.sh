#!/usr/bin/env bash
# xq as a process: what it prints, and its exit codes.
set -euo pipefail

xq=$(realpath "$1")
fail() { echo "FAILED: $*"; exit 1; }

# expect CODE TEXT ARG...: runs it, checks the exit code and the output.
expect() {
  local code=0 output
  output=$("$xq" "${@:3}" 2>&1 </dev/null) || code=$?
  [[ $code == "$1" ]] || fail "${*:3}: exit code $code, not $1: $output"
  [[ $output == *"$2"* ]] || fail "${*:3}: no \"$2\" in: $output"
}

# exactly TEXT ARG...: exit code 0, nothing else on stdout and nothing on stderr.
exactly() {
  local output
  output=$("$xq" "${@:2}" 2>&1) || fail "${*:2}: exit code $?: $output"
  [[ $output == "$1" ]] || fail "${*:2}: not \"$1\" but: $output"
}

expect 0 "xq perft FEN DEPTH" --help
expect 0 "Exit codes" play --help
expect 2 "no command" 
expect 2 "there is no command \"plya\"" plya -
expect 2 "perft takes FEN DEPTH" perft -
expect 2 "DEPTH is a number from 0 to 20" perft - x
expect 2 "DEPTH is a number from 0 to 20" perft - -1
expect 2 "play takes FEN MOVE" play
expect 2 "notate takes FEN MOVE" notate -
expect 2 "FORMAT is" record - pgn

exactly 44 perft - 1
exactly 1 perft - 0
exactly 79666 perft "rnbakabnr/9/1c5c1/p1p1p1p1p/9/9/P1P1P1P1P/1C5C1/9/RNBAKABNR w" 3
# Composed: an advisor where none gets to.
exactly 12682 perft "4k4/3a5/4b4/9/4N4/9/9/9/4R4/3K5 w - - 0 1" 4
expect 0 "e0e1: 44" perft - 2 --divide
expect 1 "xq: FEN: the generals face" perft "4k4/9/9/9/9/9/9/9/9/4K4 w" 1

exactly "fen: rnbakab1r/9/1c4nc1/p1p1p1p1p/9/9/P1P1P1P1P/1C2C4/9/RNBAKABNR w - - 2 2
result: *
reason: none" play - h2e2 h9g7
exactly "fen: 3k5/9/9/9/9/9/3R5/9/9/4K4 b - - 1 1
result: 1-0
reason: checkmate" play "3k5/9/9/9/9/9/4R4/9/9/4K4 w" e3d3
expect 0 "reason: stalemate" play "3k5/9/2P6/9/9/9/9/9/9/4K4 w" c7c8
expect 0 "result: 1-0" play "3aka3/4n4/3N5/9/9/9/9/9/9/3K5 b"
perpetual=("4k4/9/9/9/9/9/9/9/4A4/R2AK4 w" a0a9 e9e8 a9a8 e8e9 a8a9 e9e8 a9a8 e8e9)
expect 0 "perpetual_check by Red" play "${perpetual[@]:0:6}"
expect 0 "result: *" play "${perpetual[@]}"
expect 0 "result: 0-1
reason: perpetual_check" play "${perpetual[@]}" a8a9
expect 1 'illegal: move 10, "e9e8": the game is over by perpetual_check' \
  play "${perpetual[@]}" a8a9 e9e8
expect 1 "illegal: move 2, h9g8: a horse goes" play - h2e2 h9g8
expect 1 'illegal: move 1, "h2" is no move' play - h2
expect 1 "xq: FEN: Red has no general" play "4k4/9/9/9/9/9/9/9/9/9 w" h2e2
expect 0 "result: *" play - C2=5 马８进７ h0g2

exactly "C2=5 炮二平五 h2e2" notate - h2e2
exactly "H2+3 马二进三 h0g2" notate - 馬二進三
expect 1 "b0d1: the horse is blocked by the piece on c0" notate - b0d1

[[ $("$xq" moves - | wc -w) == 44 ]] || fail "moves"
[[ $(printf -- '-\n3k5/9/9/9/9/3R5/9/9/9/4K4 b\n' | "$xq" moves --stdin | wc -l) == 2 ]] ||
  fail "moves --stdin"
[[ $(printf -- '-\r\n' | "$xq" moves --stdin | wc -w) == 44 ]] || fail "moves --stdin, CR LF"
[[ $(printf -- '-\nx\n' | "$xq" moves --stdin 2>/dev/null | wc -l) == 1 ]] ||
  fail "moves --stdin with a bad line"
# refused WHAT COMMAND...: exit code 1, and stderr has WHAT
refused() {
  local -r what=$1
  local code=0 text
  shift
  text=$("$xq" "$@" 2>&1 >/dev/null) || code=$?
  [[ $code == 1 && $text == *"$what"* ]] || fail "$*: exit code $code: $text"
}
refused "line 2: FEN" moves --stdin < <(printf -- '-\nx\n')
refused "line 1: it cannot be read: Is a directory" moves --stdin </
refused "line 1: there are more than" moves --stdin </dev/zero

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
printf '[Red "甲"]\n1. C2=5 H8+7 1-0\n' >"$dir/game.pgn"
expect 0 '"moves":[{"move":"h2e2"},{"move":"h9g7"}],"result":"1-0"' record "$dir/game.pgn" json
"$xq" record "$dir/game.pgn" json >"$dir/game.json"
expect 0 "  1. 炮二平五 馬８進７" record "$dir/game.json" traditional
# Under `bazel run`.
BUILD_WORKING_DIRECTORY=$dir "$xq" record game.json iccs | grep -q "  1. h2e2 h9g7" ||
  fail "record of a file where it was typed"
"$xq" record - iccs <"$dir/game.json" | grep -q "  1. h2e2 h9g7" || fail "record -"
refused "$dir/none: cannot open it: No such file" record "$dir/none" json
refused "$dir: it cannot be read: Is a directory" record "$dir" json
refused "/dev/zero: there are more than 1048576 bytes" record /dev/zero json
refused "-: it cannot be read" record - json </
refused "-: it is empty" record - json </dev/null
printf 'C2=5 C2=5 nonsense' >"$dir/bad.pgn"
expect 1 "PGN, line 1:" record "$dir/bad.pgn" json

code=0
"$xq" perft - 1 >/dev/full || code=$?
[[ $code == 1 ]] || fail "a full disk: exit code $code"
echo PASSED

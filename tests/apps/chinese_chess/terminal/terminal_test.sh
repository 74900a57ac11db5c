#!/usr/bin/env bash
# Two terminals play on a real server to mate, by scripts; one is killed on the way and
# comes back by its token; a third watches.
set -euo pipefail
readonly TERMINAL=$PWD/$1 SERVER=$PWD/$2
cd "$TEST_TMPDIR"
pids=()
trap 'kill -9 "${pids[@]}" 2>/dev/null' EXIT

fail() {
  echo "FAILED: $*" >&2
  tail -n 30 ./*.out ./*.err >&2
  exit 1
}

# has FILE TEXT: waits until FILE has a line that begins with TEXT.
has() {
  for _ in $(seq 600); do
    grep -q "^$2" "$1" && return
    read -rt 0.05 <>nothing || true
  done
  fail "$1 has no \"$2\""
}

mkfifo listening nothing red.in black.in
"$SERVER" --port 0 --db games.db >listening 2>server.err &
pids+=($!)
read -r line <listening || fail "no server"
port=${line##*:}
readonly server=127.0.0.1:${port%%[^0-9]*}

"$TERMINAL" --name Zhang "$server" <red.in >red.out 2>red.err &
red=$!
pids+=($red)
exec 3>red.in
echo "room 10+5 casual red" >&3
has red.out room
code=$(sed -n 's/^room //p' red.out)

"$TERMINAL" --name Li --token_file token "$server" <black.in >black.out 2>black.err &
black=$!
pids+=($black)
exec 4>black.in
printf 'join %s\nmove a9a8\n' "$code" >&4
printf 'C2=5\ne2e6\n' >&3
has black.out "move 2 red e2e6"
[[ $(stat -c %a token) == 600 ]] || fail "the token is not its owner's alone"

# Black's terminal dies, and another one goes on in the same game.
kill -9 $black
wait $black 2>/dev/null || true
exec 4>&-
has red.out "presence black is gone"
printf 'wait game\n车１退１\n车１进１\nchat 好棋\nwait over\nmoves\nboard\n' >black2.in
"$TERMINAL" --token_file token --letters "$server" <black2.in >black2.out 2>&1 &
black=$!
pids+=($black)
has black2.out "game .* Zhang - Li, 10+5, casual, ply 3, you are black"

# A spectator.
game=$(sed -n 's/^paired \([^ ]*\) .*/\1/p' red.out)
printf 'watch %s\nwait over\n' "$game" >watch.in
"$TERMINAL" --name Wang "$server" <watch.in >watch.out 2>&1 &
watcher=$!
pids+=($watcher)
has watch.out "game $game .* watching"

printf 'b2b4\nmove 炮八平五\nwait over\nhistory mine\nreplay 1\nlast\nexport chinese\n' >&3
exec 3>&-
for pid in $red $black $watcher; do
  code=0
  wait "$pid" || code=$?
  [[ $code == 0 ]] || fail "exit code $code"
done
for out in red.out black2.out watch.out; do
  grep -q "^end 1-0 checkmate$" $out || fail "no mate in $out"
  grep -q "^move 6 red b4e4 C8=5 check$" $out || fail "no last move in $out"
done
grep -q "^chat Li: 好棋$" red.out || fail "no chat"
grep -q "^4. C8=5$" black2.out || fail "no list of moves"
grep -q -- "--\[C\]--" black2.out || fail "no board"
grep -q "^record $game Zhang - Li 1-0 checkmate, 7 plies$" red.out || fail "no record"
grep -q "^replay 4. C8=5 1-0 checkmate$" red.out || fail "no replay"
grep -q "炮八平五" red.out || fail "no export"

# The computer, errors, and exit codes.
code=0
printf 'bot 1 1+1 red\nh2h8\n' | "$TERMINAL" "$server" >bot.out 2>&1 || code=$?
[[ $code == 3 ]] || fail "an illegal move: exit code $code"
grep -q "^error illegal_move: .*h2h8" bot.out || fail "no reason"
printf 'bot 1 1+1 red\nh2h8\nh2e2\nwait turn\nresign\nwait over\n' |
  "$TERMINAL" --keep_going "$server" >bot.out 2>&1 || code=$?
grep -q "^end 0-1 resignation$" bot.out || fail "the bot has not won"
# A name that is refused, at the beginning and later.
for start in --name=Zhang --name=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; do
  code=0
  printf 'name yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\nlobby\nname Ok\nlobby\n' |
    "$TERMINAL" --keep_going "$start" "$server" >names.out 2>&1 || code=$?
  [[ $code == 3 ]] || fail "a bad name: exit code $code"
  [[ $(grep -c "^lobby" names.out) == 2 ]] || fail "not two lobbies with $start"
  grep -q "^error bad_name: " names.out || fail "the name is not refused"
  grep -q "^welcome Ok$" names.out || fail "not welcome by another name"
done
# More games than a connection may follow at a time.
code=0
{
  printf 'bot 1 1+1 red\nresign\nwait over\n'
  for _ in {1..9}; do printf 'rematch\nwait game\nboard\nresign\nwait over\n'; done
} | "$TERMINAL" "$server" >rematches.out 2>&1 || code=$?
[[ $code == 0 ]] || fail "rematches: exit code $code"
[[ $(grep -c "^end .* resignation$" rematches.out) == 10 ]] || fail "not ten games"
code=0
"$TERMINAL" 127.0.0.1:1 </dev/null >none.out 2>none.err || code=$?
[[ $code == 1 ]] && grep -q "refused" none.err || fail "nobody there: $code"
code=0
"$TERMINAL" --lettres >none.out 2>none.err || code=$?
[[ $code == 2 ]] && grep -q -- "--letters" none.err || fail "a wrong flag: $code"

# What cannot be read ends it, what is long does not.
for input in / /dev/zero; do
  code=0
  "$TERMINAL" "$server" <"$input" >none.out 2>none.err || code=$?
  [[ $code == 1 ]] || fail "input $input: exit code $code"
  grep -q "^terminal: standard input: " none.err || fail "nobody knows of $input"
done
{ printf '\n%.0s' {1..100000} && echo lobby; } >long.in
"$TERMINAL" "$server" <long.in >long.out || fail "a long file: exit code $?"
cat long.in | "$TERMINAL" "$server" >long2.out || fail "a long pipe: exit code $?"
for out in long.out long2.out; do
  grep -q "^lobby" $out || fail "the last of many lines is lost: $out"
done

# Closed, it is at its end, and no socket's number.
"$TERMINAL" "$server" <&- >none.out 2>none.err || fail "closed input: exit code $?"

# Who somebody is, in a file.
echo 'my precious notes' >notes
code=0
"$TERMINAL" --token_file notes "$server" </dev/null >none.out 2>none.err || code=$?
[[ $code == 2 ]] && grep -q "no token file" none.err || fail "notes: exit code $code"
[[ $(<notes) == "my precious notes" ]] || fail "the notes are gone"
printf 'name Ok\nlobby\n' | "$TERMINAL" --token_file token "$server" >none.out 2>&1
[[ $(tail -n 1 token) == Ok ]] || fail "the new name is not kept"
printf 'name Zhou' | "$TERMINAL" --token_file token "$server" >none.out 2>&1
[[ $(tail -n 1 token) == Zhou ]] || fail "the name of the last line is not kept"
# Under `bazel run`, where it was typed.
mkdir typed
BUILD_WORKING_DIRECTORY=$PWD/typed "$TERMINAL" --token_file first "$server" </dev/null >none.out 2>&1
[[ -s typed/first ]] || fail "the token of somebody who says nothing is not kept"
printf 'lobby\n' | "$TERMINAL" --name Qian --token_file token "$server" >none.out 2>&1
[[ $(tail -n 1 token) == Qian ]] || fail "the name of the command line is not kept"
printf '%064d\nWu\n' 0 >other
cp other another
printf 'lobby\n' | "$TERMINAL" --token_file other "$server" >none.out 2>none.err
cmp other.refused another || fail "the refused token is lost"
grep -q "old token is in other.refused" none.err || fail "nobody knows where it is"
[[ $(tail -n 1 other) == Wu ]] || fail "the name is lost with the token"
# A second one does not take the first one's place,
printf '%064d\nWu\n' 1 >other
cp other second
printf 'lobby\n' | "$TERMINAL" --token_file other "$server" >none.out 2>none.err
cmp other.refused another || fail "the first token that was refused is lost"
cmp other.refused.2 second || fail "the second token that was refused is lost"
grep -q "old token is in other.refused.2" none.err || fail "nobody knows where it is"
# one that is gone meanwhile (before the first byte of it is read) needs no place,
mkfifo gone
printf '%064d\nWu\n' 2 >going
{ rm gone; cat going; } >gone &  # In one write: printf makes one of each line.
printf 'lobby\n' | "$TERMINAL" --token_file gone "$server" >none.out 2>none.err
[[ -f gone && $(tail -n 1 gone) == Wu ]] || fail "the new token is not kept"
# and one that cannot be set aside, as no name may be so long, stays.
long=$(printf '%0250d' 0)
cp another "$long"
# Nor does a name that comes after the new token, as it belongs to that.
printf 'lobby\nname B\nlobby\n' | "$TERMINAL" --token_file "$long" "$server" >none.out 2>none.err
cmp "$long" another || fail "the token that cannot be set aside is lost"
[[ $(grep -c "cannot be kept" none.err) == 1 ]] || fail "nobody knows, or too well"
"$TERMINAL" --help | grep -q "Exit codes" || fail "--help"
echo "PASSED"

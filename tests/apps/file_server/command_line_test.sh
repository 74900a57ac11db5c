#!/usr/bin/env bash
# The file server as a process: what it prints, and how it ends.
set -euo pipefail

server=$(realpath "$1")
dir=$(mktemp -d)
pid=
trap '[[ -n $pid ]] && kill -9 $pid 2>/dev/null; rm -rf "$dir"' EXIT
fail() { echo "FAILED: $*"; exit 1; }

# expect CODE TEXT ARG...: runs it, checks the exit code and the output.
expect() {
  local code=0 output
  output=$("$server" "${@:3}" 2>&1) || code=$?
  [[ $code == "$1" ]] || fail "${*:3}: exit code $code, not $1: $output"
  [[ $output == *"$2"* ]] || fail "${*:3}: no \"$2\" in: $output"
}

# start ARG...: sets pid and url, from the line that says where it listens.
start() {
  mkfifo "$dir/out"
  "$server" "$@" >"$dir/out" 2>"$dir/err" &
  pid=$!
  read -r line <"$dir/out" || fail "no line: $(cat "$dir/err")"
  rm "$dir/out"
  [[ $line == "listening on http://"*:*/ ]] || fail "odd line: $line"
  url=${line#listening on }
}

# get URL-PATH: the answer of a GET, by the shell alone.
get() {
  local port=${url##*:}
  exec 3<>"/dev/tcp/127.0.0.1/${port%/}"
  printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >&3
  cat <&3
  exec 3>&-
}

mkdir "$dir/www"
echo hello >"$dir/www/a.txt"

expect 0 "--root DIR" --help
expect 0 "file_server (kingpin) " --version
"$server" --help >/dev/full 2>"$dir/err" && fail "what could not be printed was not told"
grep -q "No space left" "$dir/err" || fail "no reason: $(cat "$dir/err")"
expect 2 "did you mean --list?" --lits
expect 2 "--root /srv" /srv
expect 2 "0 to 65535" --port 70000
expect 2 "0 to 16777216" --max_connections 2147483647
expect 2 "--help" --port
expect 2 "--root=--list" --root --list
expect 1 "file_server: cannot serve" --root "$dir/none" --port 0
expect 1 "No such file" --root "$dir/none" --port 0
expect 1 "Not a directory" --root "$dir/www/a.txt" --port 0
expect 1 "no socket" --root "$dir" --listen "unix:$dir/www/a.txt"
expect 1 "cannot open log" --root "$dir" --port 0 --access_log "$dir/x/y"

start --root "$dir/www" --port 0 --access_log "$dir/log"
[[ $(get /a.txt) == *200*hello* ]] || fail "no answer"
port=${url##*:}
expect 1 "in use" --root "$dir/www" --port "${port%/}"
kill -TERM "$pid"
wait "$pid" || fail "SIGTERM: exit code $?"
grep -q '"GET /a.txt HTTP/1.0" 200 6 "-" "-"$' "$dir/log" ||
  fail "access log: $(cat "$dir/log")"

# logrotate: the log is moved away, SIGHUP opens it anew. Both have their line.
start --root "$dir/www" --port 0 --access_log "$dir/log"
[[ $(get /a.txt) == *hello* ]] || fail "no answer"
# What is not written yet goes to the new one.
until [[ $(grep -c "GET /a.txt" "$dir/log") == 2 ]]; do
  kill -0 "$pid" || fail "it is gone"
done
mv "$dir/log" "$dir/log.1"
kill -HUP "$pid"
until [[ -e $dir/log ]]; do
  kill -0 "$pid" || fail "SIGHUP ended it"
done
[[ $(get /b.txt) == *404* ]] || fail "no answer after SIGHUP"
kill -TERM "$pid"
wait "$pid" || fail "SIGHUP: exit code $?"
[[ $(grep -c "GET /a.txt" "$dir/log.1") == 2 ]] || fail "the log that was moved"
[[ $(cat "$dir/log") == *"GET /b.txt"*404* ]] || fail "the log after SIGHUP"

# Without an access log SIGHUP is nothing.
start --root "$dir/www" --port 0 --access_log off
kill -HUP "$pid"
[[ $(get /a.txt) == *hello* ]] || fail "no answer after SIGHUP without a log"
kill -TERM "$pid"
wait "$pid" || fail "SIGHUP without a log: exit code $?"

# Closed standard files: what is printed is lost, and goes to no socket.
"$server" --root "$dir/www" --listen "unix:$dir/closed" --access_log - <&- >&- 2>&- &
pid=$!
until [[ -S $dir/closed ]]; do kill -0 "$pid" || fail "closed standard files"; done
for fd in 0 1 2; do
  [[ $(readlink "/proc/$pid/fd/$fd") == /dev/null ]] || fail "descriptor $fd"
done
kill -TERM "$pid"
wait "$pid" || fail "closed standard files: exit code $?"
expect 1 "black box's own file" --root "$dir/www" --port 0 \
  --log_blackbox "$dir/b" --access_log "$dir/b.access"
for other in "$dir/./b" "$dir/www/../b.unwritten"; do
  expect 1 "black box's own file" --root "$dir/www" --port 0 \
    --log_blackbox "$dir/b" --access_log "$other"
done
expect 1 "black box's own file" --root "$dir/www" --port 0 \
  --log_blackbox "$dir/c.new" --access_log "$dir/c"
expect 1 "cannot open log" --root "$dir/www" --port 0 --log_blackbox "$dir/e" --access_log ""
(cd "$dir" && expect 1 "black box's own file" --root www --port 0 \
  --log_blackbox d --access_log ./d.access)

# A black box that cannot be had is told once.
[[ $("$server" --root "$dir/www" --port 0 --log_blackbox "$dir/none/b" 2>&1) == \
  "file_server: cannot open black box \"$dir/none/b\": No such file or directory" ]] ||
  fail "a black box in no directory"

# It rotates by itself: one of 2 MiB is there from an earlier run.
head -c 2M /dev/zero | tr '\0' '\n' >"$dir/log"
start --root "$dir/www" --port 0 --access_log "$dir/log" --access_log_mib 1
[[ $(get /a.txt) == *hello* ]] || fail "no answer"
kill -TERM "$pid"
wait "$pid" || fail "rotation: exit code $?"
[[ $(wc -l <"$dir/log") == 1 ]] || fail "rotation: $(ls -l "$dir")"
[[ $(cat "$dir"/log.2*-?????? | wc -c) == 2097152 ]] ||
  fail "rotation: $(ls -l "$dir")"

# A full disk under the log: it is said, once, and requests are answered.
start --root "$dir/www" --port 0 --access_log /dev/full
[[ $(get /a.txt) == *hello* ]] || fail "no answer with a full disk"
until grep -q "access log cannot be written" "$dir/err"; do
  kill -0 "$pid" || fail "full disk"
done
[[ $(get /a.txt) == *hello* ]] || fail "no answer with a full disk"
kill -TERM "$pid"
wait "$pid" || fail "full disk: exit code $?"
[[ $(grep -c "access log cannot be written" "$dir/err") == 1 ]] ||
  fail "full disk: $(cat "$dir/err")"

# The same with a black box: what the log did not take is kept in it, then beside it,
# and then there is no place for more.
for _ in 1 2 3; do
  start --root "$dir/www" --port 0 --access_log /dev/full --log_blackbox "$dir/f"
  [[ $(get /a.txt) == *hello* ]] || fail "no answer with a full disk and a box"
  kill -TERM "$pid"
  wait "$pid" || fail "full disk and a box: exit code $?"
done
grep -q "going on without a black box" "$dir/err" || fail "$(cat "$dir/err")"

# Nor is there room for a box.
real=$server
server=$dir/on_a_small_disk
cat >"$server" <<EOF
#!/usr/bin/env bash
exec unshare -m bash -c 'mount -t tmpfs -o size=64k none "$dir/small" && exec "\$@"' _ "$real" "\$@"
EOF
chmod +x "$server"
mkdir "$dir/small"
if unshare -m mount -t tmpfs none "$dir/small" 2>/dev/null; then
  start --root "$dir/www" --port 0 --log_blackbox "$dir/small/box"
  [[ $(get /a.txt) == *hello* ]] || fail "no answer without room for a box"
  kill -TERM "$pid"
  wait "$pid" || fail "no room for a box: exit code $?"
  grep -q "cannot allocate black box .*going on without" "$dir/err" || fail "$(cat "$dir/err")"
else
  echo "*** SKIPPED no room for a box: tmpfs cannot be mounted ***"
fi
server=$real

# Few descriptors, all of which a cache could take: connections get theirs.
for i in {1..100}; do head -c 40000 /dev/zero >"$dir/www/f$i"; done
touch -d '1 hour ago' "$dir"/www/f*
real=$server
server=$dir/limited
printf '#!/bin/bash\nulimit -n 64\nexec "%s" "$@"\n' "$real" >"$server"
chmod +x "$server"
start --root "$dir/www" --port 0 --threads 1
server=$real
for i in {1..100}; do get "/f$i" >"$dir/got"; done
port=${url##*:}
held=()
for i in {1..40}; do
  exec {fd}<>"/dev/tcp/127.0.0.1/${port%/}"
  held+=("$fd")
done
[[ $(get /a.txt) == *hello* ]] || fail "no descriptor left: $(cat "$dir/err")"
for fd in "${held[@]}"; do exec {fd}>&-; done
kill -TERM "$pid"
wait "$pid" || fail "few descriptors: exit code $?"
start --root "$dir/www" --port 0 --max_connections 9999999
kill -TERM "$pid"
wait "$pid" || fail "max_connections: exit code $?"
grep -q "more than the .* files" "$dir/err" || fail "no warning: $(cat "$dir/err")"
# Lines of connections say whose they are.
expect 2 "PATTERN=NUMBER" --root "$dir/www" --port 0 --verbosity nonsense
start --root "$dir/www" --port 0 --verbosity io_handler=1
[[ $(get /a.txt) == *hello* ]] || fail "no answer"
kill -TERM "$pid"
wait "$pid" || fail "verbosity: exit code $?"
grep -qE 'DEBUG .*\[connection [0-9]+/[0-9]+\.[0-9]+ [^ ]+\] closed: ' "$dir/err" ||
  fail "verbosity: $(cat "$dir/err")"

# Killed, and started again: the line of the access log is there once.
boxed=(--root "$dir/www" --port 0 --access_log "$dir/boxed_log"
  --log_blackbox "$dir/box")
start "${boxed[@]}"
expect 1 "is in use by process $pid" "${boxed[@]}"
[[ $(get /a.txt) == *hello* ]] || fail "no answer with a black box"
kill -KILL "$pid"
wait "$pid" || true
start "${boxed[@]}"
kill -TERM "$pid"
wait "$pid" || fail "black box: exit code $?"
[[ $(grep -c '"GET /a.txt HTTP/1.0" 200 6 ' "$dir/boxed_log") == 1 ]] ||
  grep -q "may be above already" "$dir/boxed_log" ||
  fail "black box: $(cat "$dir/boxed_log")"

# As soon as the line is there, a signal is an orderly end.
for _ in {1..20}; do
  start --root "$dir/www" --port 0
  kill -TERM "$pid"
  wait "$pid" || fail "SIGTERM right after the line: exit code $?"
done

# Nobody reads its output any more, and the log goes there.
start --root "$dir/www" --port 0 --access_log - --threads 1
[[ $(get /a.txt) == *hello* ]] || fail "no answer"
kill -TERM "$pid"
wait "$pid" || fail "closed stdout: exit code $?"

# Nor while it is full: the run has ended, but for the lines that nobody takes. The
# first signal is told; the second is the system's.
mkfifo "$dir/full"
exec {reader}<>"$dir/full"
"$server" --root "$dir/www" --listen "unix:$dir/full_socket" --access_log - \
  >"$dir/full" 2>"$dir/err" &
pid=$!
until [[ -S $dir/full_socket ]]; do kill -0 "$pid" || fail "full stdout"; done
python3 - "$dir/full_socket" <<'EOF' || fail "requests to fill a pipe"
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
for _ in range(1500):  # Lines of 70 bytes: more than the 64 KiB of a pipe.
    s.sendall(b"GET /a.txt HTTP/1.1\r\nHost: h\r\n\r\n")
    got = b""
    while not got.endswith(b"hello\n"):
        got += s.recv(4096)
EOF
kill -TERM "$pid"
# Who follows signals is gone when the last of these threads is.
while grep -qsE '^(loop-|watchdog)' "/proc/$pid/task/"*/comm; do
  kill -0 "$pid" || fail "full stdout: ended by one signal"
done
until=$((SECONDS + 20))
while kill -TERM "$pid" 2>/dev/null; do
  ((SECONDS < until)) || fail "full stdout: no signal ends it"
done
wait "$pid" && fail "full stdout: exit code 0 though lines were lost"
exec {reader}<&-

"$server" --listen "unix:$dir/socket" --root "$dir/www" >"$dir/out2" &
pid=$!
until grep -q "listening on unix:$dir/socket" "$dir/out2"; do
  kill -0 "$pid" || fail "unix socket"
done
kill -TERM "$pid"
wait "$pid" || fail "unix socket: exit code $?"
pid=
echo PASSED

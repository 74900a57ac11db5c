#!/usr/bin/env bash
# real_clients.sh SERVER FILES MAX_BYTES BIG_BYTES
#
# Serves a tree of FILES files of 0 to MAX_BYTES bytes and one of BIG_BYTES, has
# curl, wget and aria2c fetch all of it at the same time, and compares hashes.
# Then each resumes the big file from the middle.
#
# A client that is not installed is skipped, loudly; a failure if
# KINGPIN_REQUIRE_PEERS is 1.
set -euo pipefail

server=$(realpath "$1")
files=$2 max=$3 big=$4
dir=$(mktemp -d "${TEST_TMPDIR:-${TMPDIR:-/tmp}}/real_clients.XXXXXX")
server_pid=
cleanup() {
  [[ -z $server_pid ]] || kill -9 "$server_pid" 2>/dev/null || true
  rm -rf "$dir"
}
trap cleanup EXIT
fail() { echo "FAILED: $*"; exit 1; }
say() { printf '%6.1fs  %s\n' "$(bc_seconds)" "$*"; }
bc_seconds() { echo "$((($(date +%s%N) - begin) / 100000000))" | sed 's/.$/.&/'; }
begin=$(date +%s%N)

clients=()
for client in curl wget aria2c; do
  if command -v "$client" >/dev/null; then
    clients+=("$client")
  elif [[ ${KINGPIN_REQUIRE_PEERS:-0} == 1 ]]; then
    fail "$client is not installed and KINGPIN_REQUIRE_PEERS is 1"
  else
    echo "*** SKIPPED: $client is not installed ***"
  fi
done

make_tree() {
  local i size
  for ((i = 0; i < files; ++i)); do
    # 0 and 1 byte, the bound, and anything between.
    case $i in
      0) size=0 ;;
      1) size=1 ;;
      2) size=$max ;;
      *) size=$(((RANDOM << 15 | RANDOM) % (max + 1))) ;;
    esac
    mkdir -p "$dir/www/d$((i % 10))"
    head -c "$size" /dev/urandom >"$dir/www/d$((i % 10))/file $i.bin"
  done
  head -c "$big" /dev/urandom >"$dir/www/big"
  (cd "$dir/www" && find . -type f -print0 | sort -z | xargs -0 sha256sum) \
    >"$dir/sums"
}

start_server() {
  mkfifo "$dir/out"
  "$server" --root "$dir/www" --port 0 --list --access_log off \
    >"$dir/out" 2>"$dir/err" &
  server_pid=$!
  read -r line <"$dir/out" || fail "the server did not start: $(cat "$dir/err")"
  url=${line#listening on }
  url=${url%/}
}

# The paths below the root, one a line, and as URLs.
paths() { (cd "$dir/www" && find . -type f -printf '%P\n'); }
encode() { sed 's/ /%20/g'; }

fetch_curl() {
  paths | while read -r path; do
    echo "url = \"$url/$(encode <<<"$path")\""
    echo "output = \"$dir/curl/$path\""
  done >"$dir/curl.config"
  curl --no-progress-meter --fail --create-dirs --parallel --parallel-max 16 \
    --config "$dir/curl.config"
}
fetch_wget() { # Finds the files by the listings.
  wget --quiet --recursive --level=inf --no-parent --no-host-directories \
    --directory-prefix="$dir/wget" --reject 'index.html*' "$url/"
}
fetch_aria2c() {
  paths | while read -r path; do
    echo "$url/$(encode <<<"$path")"
    echo " out=$path"
  done >"$dir/aria2.input"
  aria2c --quiet --no-conf --dir="$dir/aria2c" -j 16 -x 8 -s 8 -k 1M \
    --file-allocation=none --input-file="$dir/aria2.input"
}

resume_curl() { curl --no-progress-meter --fail -C - -o "$1" "$url/big"; }
resume_wget() { wget --quiet -c -O "$1" "$url/big"; }
resume_aria2c() {
  aria2c --quiet --no-conf -c --dir="${1%/*}" --out="${1##*/}" "$url/big"
}

make_tree
say "tree: $files files of 0 to $max bytes, one of $big bytes," \
  "$(du -sm "$dir/www" | cut -f1) MiB"
start_server
say "server: $url"

declare -A jobs=()
for client in "${clients[@]}"; do
  mkdir "$dir/$client"
  "fetch_$client" &
  jobs[$client]=$!
done
for client in "${clients[@]}"; do
  wait "${jobs[$client]}" || fail "$client: exit code $?"
done
say "fetched by ${clients[*]} at the same time"
for client in "${clients[@]}"; do
  (cd "$dir/$client" && sha256sum --quiet --check "$dir/sums") ||
    fail "$client: other bytes"
  say "$client: $(wc -l <"$dir/sums") hashes are equal"
  rm -rf "${dir:?}/$client"
done

for client in "${clients[@]}"; do
  part=$dir/part_$client
  head -c $((big / 2 + 1)) "$dir/www/big" >"$part"
  "resume_$client" "$part" || fail "$client: resume: exit code $?"
  cmp "$part" "$dir/www/big" || fail "$client: resumed to other bytes"
  rm "$part"
  say "$client: resumed from byte $((big / 2 + 1))"
done

kill -TERM "$server_pid"
wait "$server_pid" || fail "server: exit code $?"
server_pid=
[[ $(grep -c ERROR "$dir/err") == 0 ]] || fail "server: $(cat "$dir/err")"
say PASSED

#!/usr/bin/env bash
# load_client at the size of an ordinary test.
set -euo pipefail
client=$(realpath "$1")
server=$(realpath "$2")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/www"
head -c 1024 /dev/urandom >"$dir/www/1k"
head -c 3000000 /dev/urandom >"$dir/www/3m"
"$client" idle "$server" "$dir/www" 500
"$client" drain "$server" "$dir/www" 10
echo PASSED

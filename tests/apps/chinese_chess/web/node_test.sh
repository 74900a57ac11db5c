#!/usr/bin/env bash
# node_test.sh SCRIPT XQ: runs a test in JavaScript, with the client's files in place.
set -euo pipefail
command -v node >/dev/null || { echo "node is missing: apt-get install nodejs" >&2; exit 1; }
node "$1" "$2" apps/chinese_chess/web

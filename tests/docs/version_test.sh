#!/bin/bash
# One version, wherever it is written.
set -euo pipefail
module=$1 header=$2 readme=$3
version=$(awk -F'"' '$1 ~ /^ *version = $/ {print $2; exit}' "$module")
fail() { echo "MODULE.bazel has \"$version\", $* another" >&2; exit 1; }
[[ -n $version ]] || fail "which is not found;"
grep -qF "kVersion[] = \"$version\";" "$header" || fail "$header"
grep -qF "name = \"kingpin\", version = \"$version\"" "$readme" || fail "$readme"
for program in "${@:4}"; do
  [[ $("$program" --version) == "${program##*/} (kingpin) $version" ]] ||
    fail "$program --version"
done

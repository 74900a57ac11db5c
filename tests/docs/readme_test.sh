#!/bin/bash
# The README's first code sample is apps/echo/echo.cc, to the letter, and that is
# a server of at most 40 lines.
set -euo pipefail
readme=$1 echo_source=$2
sample=$(awk '/^```cpp$/ {inside = 1; next} inside && /^```$/ {exit} inside' "$readme")
if ! diff <(echo "$sample") "$echo_source"; then
  echo "README.md's first sample differs from $echo_source (above)" >&2
  exit 1
fi
lines=$(wc -l <"$echo_source")
if [ "$lines" -gt 40 ]; then
  echo "$echo_source has $lines lines; it promises at most 40" >&2
  exit 1
fi

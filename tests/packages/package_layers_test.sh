#!/usr/bin/env bash
# Proves that no dependency points upward between the packages of kingpin/, so that
# they form no cycle, and that nothing up to net depends on anything but Abseil.
#
# Every label in a BUILD file is looked at, so a new package or target is covered
# without being listed anywhere; as no direct edge points upward, no path does.
# .ci/run asks Bazel for the same with `bazel query` (tools/check_layers).
set -euo pipefail

# shellcheck source=tests/packages/layers.sh
source "$(dirname "${BASH_SOURCE[0]}")/layers.sh"

layer_of() { # NAME: its place in LAYERS, or nothing
  local i
  for i in "${!LAYERS[@]}"; do
    if [[ ${LAYERS[i]} == "$1" ]]; then echo "$i"; fi
  done
}

# The labels in BUILD files, less comments and the patterns of visibility lists.
labels_in() { # FILE
  sed 's/#.*//' "$1" | grep -oE '"@?[A-Za-z0-9_.~+-]*//[^"]*"' | tr -d '"' |
    grep -vE '^//visibility:|:__(pkg|subpackages)__$' || true
}

# check_label PACKAGE LABEL: prints what is wrong with PACKAGE using LABEL.
check_label() {
  local from to
  from=$(layer_of "$1")
  case $2 in
    //kingpin/*)
      to=${2#//kingpin/}
      to=$(layer_of "${to%%[/:]*}")
      if [[ -z $to ]]; then
        echo "kingpin/$1 uses $2, whose package has no layer"
      elif ((to > from)); then
        echo "kingpin/$1 uses $2, which is above it"
      fi
      ;;
    //tools* | //:* | @abseil-cpp//*) ;;
    //*) echo "kingpin/$1 uses $2, which is outside kingpin/" ;;
    *)
      if [[ " ${ABSEIL_ONLY[*]} " == *" $1 "* ]]; then
        echo "kingpin/$1 uses $2; up to net only Abseil is allowed"
      fi
      ;;
  esac
}

check_tree() { # ROOT: prints every violation below ROOT/kingpin
  local file package label
  while read -r file; do
    package=${file#"$1"/kingpin/}
    package=${package%%/*}
    if [[ -z $(layer_of "$package") ]]; then
      echo "kingpin/$package has no layer: give it one in tests/packages/layers.sh"
      continue
    fi
    while read -r label; do
      if [[ -n $label ]]; then check_label "$package" "$label"; fi
    done < <(labels_in "$file")
  done < <(find "$1/kingpin" -name BUILD.bazel -o -name BUILD)
}

# The check itself must be able to fail: each of these lines is one violation.
check_the_check() {
  local dir found
  dir=$(mktemp -d "${TEST_TMPDIR:-/tmp}/layers.XXXXXX")
  mkdir -p "$dir/kingpin/sys" "$dir/kingpin/pool" "$dir/kingpin/new" "$dir/kingpin/http"
  cat >"$dir/kingpin/sys/BUILD.bazel" <<'BUILD'
deps = ["//kingpin/logger"]
deps = ["//apps/file_server:lib"]
deps = ["@boringssl//:ssl"]
visibility = ["//kingpin/http:__pkg__", "//visibility:public"]  # "//kingpin/net:x"
deps = ["@abseil-cpp//absl/strings", ":local", "//kingpin/sys:clock"]
BUILD
  echo 'deps = ["//kingpin/net:buffer", "//kingpin/logger"]' >"$dir/kingpin/pool/BUILD.bazel"
  : >"$dir/kingpin/new/BUILD.bazel"
  echo 'deps = ["@zlib//:zlib", "//kingpin/net:buffer"]' >"$dir/kingpin/http/BUILD.bazel"
  found=$(check_tree "$dir" | wc -l)
  rm -rf "$dir"
  if ((found != 5)); then
    echo "the check is broken: found $found of 5 planted violations"
    exit 1
  fi
}

check_the_check
root=$(dirname "$(realpath "${1:-MODULE.bazel}")")
checked=$(find "$root/kingpin" -name BUILD.bazel | wc -l)
if ((checked == 0)); then
  echo "found no BUILD files below $root/kingpin"
  exit 1
fi
violations=$(check_tree "$root")
if [[ -n $violations ]]; then
  echo "$violations"
  exit 1
fi
echo "$checked packages, no dependency points upward"

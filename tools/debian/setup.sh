#!/usr/bin/env bash
# Makes PREFIX/bazelw: a Bazel that builds this project on a machine that reaches
# a Debian mirror but neither the Bazel releases nor the module registry.
#
#   setup.sh PREFIX
#
# Safe to interrupt and to start twice at once: each step leaves its result under
# its final name only when it is complete, and a lock lets one run work at a time.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/common.sh"
prefix=${1:?usage: setup.sh PREFIX}

# The commands that the set-up and the C++ toolchain need, the headers of the
# libraries that are the host's, and their packages.
readonly NEEDED=(
  g++:g++ patchelf:patchelf python3:python3 xz:xz-utils
  /usr/include/openssl/ssl.h:libssl-dev /usr/include/ares.h:libc-ares-dev
  /usr/include/sqlite3.h:libsqlite3-dev
)

# has THING: a command, or a file if it begins with a slash.
has() {
  if [[ $1 == /* ]]; then [[ -e $1 ]]; else command -v "$1" >/dev/null; fi
}

install_missing_packages() {
  local pair missing=()
  for pair in "${NEEDED[@]}"; do
    has "${pair%%:*}" || missing+=("${pair#*:}")
  done
  if ((${#missing[@]} == 0)); then return; fi
  if ((EUID != 0)); then
    die "these packages are missing: ${missing[*]}" \
      "install them, then start again: sudo apt-get update && sudo apt-get install -y ${missing[*]}"
  fi
  say "installing with apt: ${missing[*]}"
  # A broken third-party source makes update fail; the install below decides.
  apt-get update -qq >&2 || true
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
    "${missing[@]}" >"$prefix/apt-install.log" 2>&1 </dev/null || {
    tail -n 20 "$prefix/apt-install.log" >&2
    die "apt-get could not install: ${missing[*]}" "its output is in $prefix/apt-install.log"
  }
}

check_version() {
  local wanted found
  wanted=$(<"$here/../../.bazelversion")
  found=$("$1" --version) || die "the unpacked Bazel does not start; try: $1 --version"
  if [[ $found != "bazel $wanted"* ]]; then
    say "warning: Debian has '$found' by now, the project is tested with $wanted"
  fi
}

# Written last: its presence is what says that the set-up is complete.
write_launcher() {
  local jvm
  jvm=$(find_jvm "$prefix/bazel")
  cat >"$prefix/bazelw.new" <<WRAP
#!/bin/sh
exec "$prefix/bazel/usr/bin/bazel" --nosystem_rc --install_base="$prefix/bazel/usr/share/bazel" \\
  --trust_install_base --server_javabase="$jvm" --host_jvm_args=-Xmx1500m \\
  --output_user_root="${prefix%/*}/output" --bazelrc="$prefix/offline.bazelrc" "\$@"
WRAP
  chmod +x "$prefix/bazelw.new"
  check_version "$prefix/bazelw.new"
  mv "$prefix/bazelw.new" "$prefix/bazelw"
}

command -v apt-get >/dev/null || die "there is no usable Bazel and this is no Debian machine" \
  "put bazelisk on the PATH, or name a Bazel $(<"$here/../../.bazelversion") in \$BAZEL"
mkdir -p "$prefix"
prefix=$(cd "$prefix" && pwd)
exec 9>"$prefix.lock"
if ! flock -n 9; then
  say "waiting for another set-up in $prefix"
  flock 9
fi
if [[ -x $prefix/bazelw ]]; then exit 0; fi
say "setting up Debian's Bazel in $prefix (once, about a minute)"
install_missing_packages
"$here/bazel.sh" "$prefix/bazel"
"$here/modules.sh" "$prefix"
write_launcher
say "set-up complete; from here on no network is needed"

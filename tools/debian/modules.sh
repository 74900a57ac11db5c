#!/usr/bin/env bash
# Brings the sources of the Bazel modules that MODULE.bazel names from Debian's
# source packages and writes the overrides that make a registry unnecessary.
#
#   modules.sh PREFIX   -> PREFIX/modules/*, PREFIX/offline.bazelrc
#
# bazel.sh has filled PREFIX/bazel before. PREFIX must not lie below /tmp, which
# Bazel's sandbox hides from the actions.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/common.sh"
prefix=${1:?usage: modules.sh PREFIX}
readonly SUITE=trixie # stable, so its versions do not move

# Debian source package, Bazel module. docs/dependencies.md has the versions.
readonly SOURCES=(
  abseil:abseil-cpp
  googletest:googletest
  benchmark:google_benchmark
  zlib:zlib
  brotli:brotli
  libzstd:zstd
)
# Modules that stand for a library of the host: setup.sh installs its package.
# docs/dependencies.md says why these are not built.
readonly OF_THE_HOST=(openssl c-ares sqlite3)
# Modules that Debian's Bazel ships, below usr/share/bazel.
readonly SHIPPED=(
  platforms:tools/platforms
  bazel_features:tools/features
  bazel_skylib:tools/skylib
  rules_java:rules/java
  rules_cc:rules/cc
  rules_license:rules/license
  rules_python:rules/python
  rules_proto:rules/proto
)
# Modules that the graph names and no target of ours uses.
readonly STUBS=(re2 libpfm rules_foreign_cc protobuf apple_support buildozer)

fetch_sources() {
  local pair package tarball dir
  say "downloading module sources from Debian $SUITE: ${SOURCES[*]#*:}"
  write_apt_conf "$work"
  open_suite "$work" deb-src "$SUITE"
  for pair in "${SOURCES[@]}"; do
    package=${pair%%:*} dir=$modules/${pair#*:}
    # Only what upstream released: apt checks it against the signed list, and a mirror
    # that lags behind a point release often has it when it lacks Debian's changes.
    (cd "$work" && apt-get -c apt.conf source -qq --download-only --tar-only "$package") >"$work/source.log" 2>&1 ||
      { cat "$work/source.log" >&2 && die "no source package '$package' in Debian $SUITE"; }
    tarball=$(echo "$work/$package"_*.orig.tar.*)
    mkdir -p "$dir"
    tar -xf "$tarball" -C "$dir" --strip-components=1
    complete_module "${pair#*:}"
  done
}

# complete_module NAME: gives a module the Bazel files that its source lacks.
complete_module() {
  local dir=$modules/$1 build=$here/../modules/$1.BUILD
  if [[ ! -e $dir/MODULE.bazel ]]; then echo "module(name = \"$1\")" >"$dir/MODULE.bazel"; fi
  if [[ -e $build ]]; then cp "$build" "$dir/BUILD.bazel"; fi
}

write_modules_of_the_host() {
  local module
  for module in "${OF_THE_HOST[@]}"; do
    mkdir -p "$modules/$module"
    complete_module "$module"
  done
}

write_stubs() {
  local module
  for module in "${STUBS[@]}"; do
    mkdir -p "$modules/$module"
    echo "module(name = \"$module\")" >"$modules/$module/MODULE.bazel"
    # A target for `bazel query` to find; being no library, it cannot be linked.
    echo "filegroup(name = \"$module\")" >"$modules/$module/BUILD.bazel"
  done
  # Bazel rejects an override of a module that the graph does not have. Every graph
  # has buildozer (through bazel_tools), so buildozer names the others.
  for module in "${SOURCES[@]#*:}" "${OF_THE_HOST[@]}" "${STUBS[@]}"; do
    if [[ $module != buildozer ]]; then echo "bazel_dep(name = \"$module\")"; fi
  done >>"$modules/buildozer/MODULE.bazel"
  # Other modules use this extension of buildozer's in their MODULE.bazel.
  cat >"$modules/buildozer/buildozer_binary.bzl" <<'BZL'
def _empty_repo_impl(ctx):
    ctx.file("BUILD.bazel", "")

_empty_repo = repository_rule(implementation = _empty_repo_impl)

def _buildozer_binary_impl(_ctx):
    _empty_repo(name = "buildozer_binary")

buildozer_binary = module_extension(implementation = _buildozer_binary_impl)
BZL
}

# The registry is an empty folder: a look-up that the overrides do not cover
# fails at once instead of waiting for a network that is not there. The
# --override_repository lines serve workspaces without modules.
write_offline_bazelrc() {
  local pair path
  mkdir -p "$prefix/registry"
  echo "# Written by tools/debian/modules.sh. bazelw hands it to Bazel."
  echo "common:offline --registry=file://$prefix/registry --lockfile_mode=off"
  for pair in "${SHIPPED[@]}"; do
    path=$prefix/bazel/usr/share/bazel/${pair#*:}
    echo "common:offline --override_module=${pair%%:*}=$path"
    echo "common:offline --override_repository=${pair%%:*}=$path"
  done
  for path in "$prefix"/modules/*; do
    echo "common:offline --override_module=${path##*/}=$path"
    echo "common:offline --override_repository=${path##*/}=$path"
  done
  echo "common --config=offline"
  echo "common --disk_cache=${prefix%/*}/disk --experimental_disk_cache_gc_max_size=10G"
}

if [[ -f $prefix/offline.bazelrc ]]; then exit 0; fi
rm -rf "$prefix"/modules.work.* "$prefix/modules"
work=$(mktemp -d "$prefix/modules.work.XXXXXX")
trap 'rm -rf "$work"' EXIT
modules=$work/modules
fetch_sources
write_modules_of_the_host
write_stubs
mv "$modules" "$prefix/modules"
write_offline_bazelrc >"$work/offline.bazelrc"
mv "$work/offline.bazelrc" "$prefix/offline.bazelrc"

#!/usr/bin/env bash
# Unpacks Debian's own build of Bazel (package bazel-bootstrap) and the Java that
# runs it into PREFIX. Nothing is installed system-wide.
#
#   bazel.sh PREFIX     -> PREFIX/usr/bin/bazel, PREFIX/complete
#
# Why it is more than unpacking: the suite's glibc is newer than the host's, so
# the ELF files are pointed at the loader and the libraries inside PREFIX
# (DT_RPATH, which also covers the libraries' own look-ups), and absolute links
# and the jar class path get PREFIX in front.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/common.sh"
prefix=${1:?usage: bazel.sh PREFIX}
readonly SUITE=forky # the first suite whose bazel-bootstrap knows Bazel modules
readonly PACKAGES=(bazel-bootstrap openjdk-21-jre-headless)

# What bazel-bootstrap would pull in besides, and what running Bazel on C++ with
# the host's toolchain has no use for: compilers, build tools of other languages,
# the base system.
readonly UNUSED='^(openjdk-25|default-j|gcc-|g\+\+|cpp|binutils|libbinutils|libgcc-[0-9]|libstdc\+\+-|lib(a|l|t|hwa)san|libubsan|libgprofng|libcc1|perl|libperl|python|libpython|dpkg|make|patch|xz-utils|bzip2|libc6-dev|libc-dev-bin|linux-libc|build-essential|util-linux|base-|bash|coreutils|debconf|maven|libmaven|libwagon|libjetty|libeclipse|libjgit|libtomcat|libbcprov|liblog4j|libmongodb|libguice|libplexus|libsisu|openssl|ca-cert|init-|rpcsvc|sed|tar|gzip|findutils|grep|login|passwd|hostname|mawk|sysvinit|ncurses|media-types|mount|tzdata|zlib1g-dev|liblightcouch|libjavaparser|velocity$)'

download() {
  say "reading the package lists of Debian $SUITE"
  write_apt_conf "$work"
  open_suite "$work" deb "$SUITE"
  apt-get -c "$work/apt.conf" install -y --no-install-recommends --print-uris "${PACKAGES[@]}" \
    >"$work/uris" 2>"$work/uris.log" || {
    cat "$work/uris.log" >&2
    die "Debian $SUITE no longer offers ${PACKAGES[*]} as expected" \
      "see 'Troubleshooting' in docs/building.md"
  }
  sed -n 's/.* \([^ ]*\)_[^_]*_[a-z0-9]*\.deb .*/\1/p' "$work/uris" | grep -vE "$UNUSED" >"$work/packages"
  say "downloading Bazel and Java ($(wc -l <"$work/packages") packages, about 150 MB)"
  (cd "$work/debs" && xargs apt-get -c "$work/apt.conf" download -qq <"$work/packages") >&2
}

unpack() {
  local deb link target
  say "unpacking"
  rm -rf "$prefix" && mkdir -p "$prefix"
  for deb in "$work"/debs/*.deb; do dpkg-deb -x "$deb" "$prefix"; done
  find "$prefix" -type l -lname '/*' | while read -r link; do
    target=$(readlink "$link")
    if [[ -e $prefix$target ]]; then ln -sfn "$prefix$target" "$link"; fi
  done
}

relocate() {
  local jvm loader lib elf
  jvm=$(find_jvm "$prefix")
  loader=$(find "$prefix/usr/lib" -name 'ld-linux-*.so.*' | head -n 1)
  lib=${loader%/*}
  for elf in "$prefix"/usr/bin/bazel "$prefix"/usr/libexec/*/bazel/* "$jvm"/bin/* "$jvm"/lib/jspawnhelper; do
    patchelf --set-interpreter "$loader" --force-rpath \
      --set-rpath "$jvm/lib:$jvm/lib/server:$lib" "$elf"
  done
  python3 "$here/jar_class_path.py" "$prefix" usr/share/bazel/bazel_classpath_debian_depends.txt
}

if [[ -f $prefix/complete ]]; then exit 0; fi
rm -rf "$prefix".work.*
work=$(mktemp -d "$prefix.work.XXXXXX")
trap 'rm -rf "$work"' EXIT
download
unpack
relocate
touch "$prefix/complete"

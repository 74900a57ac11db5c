#!/usr/bin/env bash
# kernel_tls.sh TLS_SERVER_TEST HTTPS_TEST FILE_SERVER
#
# The two tests under a kernel that has TLS, whatever this machine's has: User-Mode
# Linux, a kernel that is a process, on this machine's files (hostfs). It is brought
# from Debian (package user-mode-linux) unless linux.uml is on the PATH, and installed
# nowhere. Fails if no record was sent by the kernel.
#
#   ./bazelw run //tests/tls:kernel_tls          some minutes
set -euo pipefail

fail() { echo "FAILED: $*"; exit 1; }
tls_server_test=$(realpath "$1")
https_test=$(realpath "$2")
file_server=$(realpath "$3")
dir=$(mktemp -d "${TEST_TMPDIR:-${TMPDIR:-/tmp}}/kernel_tls.XXXXXX")
trap 'rm -rf "$dir"' EXIT
cd "$dir"

uml=$(command -v linux.uml || true)
modules=/usr/lib/uml/modules
if [[ -z $uml ]]; then
  apt-get -q download user-mode-linux >apt.log 2>&1 || fail "$(cat apt.log)"
  dpkg-deb -x user-mode-linux_*.deb .
  uml=$dir/usr/bin/linux.uml
  modules=$dir/usr/lib/uml/modules
fi
mkdir scratch

# The kernel's first process. finit_module(2) is 313 here; no insmod is needed.
cat >init <<INIT
#!/bin/bash
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t tmpfs tmpfs $dir/scratch
ln -sf /proc/self/fd /dev/fd
ip link set lo up || ifconfig lo up
for name in gf128mul ghash-generic ctr gcm tls; do
  perl -e 'open(F, "<", \$ARGV[0]); exit(syscall(313, fileno(F), my \$none = "", 0) ? 1 : 0)' \
    "\$(find $modules -name \$name.ko)" || echo "no module \$name"
done
export TEST_TMPDIR=$dir/scratch KINGPIN_REQUIRE_PEERS=1
cd $dir/scratch
$tls_server_test && bash $https_test $file_server && echo BOTH PASSED
grep -E "TlsTxSw|TlsDecryptError" /proc/net/tls_stat
halt -f
INIT
chmod +x init

"$uml" mem=768M root=none rootfstype=hostfs rootflags=/ rw "init=$dir/init" \
  con=null con0=fd:0,fd:1 </dev/null 2>&1 | tee log |
  sed -n '/Run .* as init process/,$p'
grep -q "BOTH PASSED" log || fail "under a kernel with TLS"
grep -Eq "TlsTxSw[[:space:]]+[1-9]" log || fail "the kernel has sent no records"
echo PASSED

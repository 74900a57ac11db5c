# Sourced by the scripts beside it.

say() { echo "bazelw: $*" >&2; }
die() {
  echo "bazelw: error: $1" >&2
  shift
  for line in "$@"; do echo "bazelw:        $line" >&2; done
  exit 1
}

# Prints the Java home below $1; beside it lie links under other names.
find_jvm() {
  local helper
  helper=$(find "$1/usr/lib/jvm" -name jspawnhelper -type f)
  echo "${helper%/lib/jspawnhelper}"
}

# Prints the package repositories that this machine's apt is configured with,
# Debian's own first, so that a private proxy or mirror is used like any other.
mirrors() {
  {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian'
    # Also those whose lists nobody has fetched yet.
    apt-get indextargets --no-release-info --format '$(REPO_URI)' 'Created-By: Packages'
  } 2>/dev/null | awk '!/security/ && !seen[$0]++'
}

# write_apt_conf DIR: an apt that knows nothing of the system's packages, pins
# and hooks and keeps its state in DIR. Needs no root. The system's settings for
# the network (proxies, certificates, credentials) stay in force. A mirror that
# lags or stands still is good enough: what it serves is signed all the same.
write_apt_conf() {
  mkdir -p "$1/lists/partial" "$1/debs/partial"
  : >"$1/status"
  cat >"$1/apt.conf" <<CONF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
APT::Default-Release "";
APT::Sandbox::User "root";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::Etc::sourcelist "$1/suite.sources";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "$1";
Dir::State::lists "$1/lists";
Dir::State::status "$1/status";
Dir::Cache "$1";
Dir::Cache::archives "$1/debs";
CONF
}

# open_suite DIR TYPE SUITE: makes the apt of DIR see SUITE (TYPE deb or deb-src)
# through the first configured mirror that carries it.
open_suite() {
  local dir=$1 type=$2 suite=$3 mirror tried=
  local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  while read -r mirror; do
    {
      printf 'Types: %s\nURIs: %s\nSuites: %s\nComponents: main\n' "$type" "$mirror" "$suite"
      if [[ -r $keyring ]]; then echo "Signed-By: $keyring"; fi
    } >"$dir/suite.sources"
    if apt-get -c "$dir/apt.conf" update -qq --error-on=any >"$dir/update.log" 2>&1; then return 0; fi
    tried+=" $mirror"
  done < <(mirrors)
  if [[ -z $tried ]]; then
    die "apt knows no package repository, so there is no Debian mirror to fetch from" \
      "look at /etc/apt/sources.list and /etc/apt/sources.list.d, then run: apt-get update"
  fi
  sed 's/^/bazelw:   /' "$dir/update.log" >&2
  die "no package repository of this machine carries Debian's suite '$suite' (tried:$tried)" \
    "check the network and apt's sources, or put bazelisk on the PATH (with internet)," \
    "or name a Bazel in \$BAZEL"
}

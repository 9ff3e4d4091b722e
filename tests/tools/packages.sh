#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Debian packages, for tests/demo.sh, tests/run.sh and tests/bench/run.sh, which source it with $top set.  By itself:
#   packages.sh fetch FOLDER   downloads into FOLDER what some tests unpack and do not install

# The Debian packages of the kinds $@ (tests/packages).
packages() {
    for kind; do
        sed -n "s/^$kind //p" "$top/tests/packages"
    done
}

# apt(8) without questions, waiting for another one that runs.
apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=400 -o APT::Sandbox::User=root "$@"
}

# Runs $@ and shows its output only where it fails.
quietly() {
    said=$("$@" 2>&1) || { printf '%s\n' "$said" | tail -n 20 >&2; return 1; }
}

# Installs what is missing of the kinds $@.
install_packages() {
    wanted=$(packages "$@")
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p')
    missing=
    for package in $wanted; do
        case "
$installed
" in *"
$package
"*) ;; *) missing="$missing $package" ;; esac
    done
    [ -n "$missing" ] || return 0
    echo "Installing the Debian packages:$missing"
    quietly apt update
    quietly apt install --no-install-recommends $missing || { echo "the packages could not be installed" >&2; return 1; }
}

# Builds into $work/build with the meson options $@, and installs into $work/prefix.
build_and_install() {
    quietly meson setup "$work/build" "$top" --prefix "$work/prefix" --libexecdir libexec "$@" &&
        quietly meson install -C "$work/build" || { echo "the build failed" >&2; return 1; }
}

# A folder of our own that its users may enter and only root can write, on a file system that honours setuid.
make_work() {
    work=$(mktemp -d "${TMPDIR:-/var/tmp}/tapgrant.XXXXXX")
    chmod 0755 "$work"
}

# Downloads into $1.  NetworkManager comes with what it depends on and the machine does not have.
fetch() {
    mkdir -p "$1/partial"
    (
        cd "$1"
        kernel=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p')
        apt download "$kernel" selinux-policy-default
        apt -o Dir::Cache::archives="$1" install --download-only --no-install-recommends network-manager
    )
}

if [ "${1:-}" = fetch ]; then
    set -eu
    top=$(cd "$(dirname "$0")/../.." && pwd)
    apt-cache depends linux-image-cloud-amd64 2>/dev/null | grep -q Depends || quietly apt update
    quietly fetch "$2" || { quietly apt update; quietly fetch "$2"; }
fi

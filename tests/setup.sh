# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced by tests/demo.sh and tests/run.sh: packages, build, users.  Sets nothing but the functions below.

# The Debian packages of the kinds $@ (tests/packages).
packages() {
    for kind; do
        sed -n "s/^$kind //p" "$top/tests/packages"
    done
}

# Installs what is missing of the kinds $@.
install_packages() {
    missing=
    for package in $(packages "$@"); do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    echo "Installing the Debian packages:$missing"
    apt-get -qq -o DPkg::Lock::Timeout=400 update
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=400 install --no-install-recommends $missing >"$work/apt.log" 2>&1 ||
        { tail -n 20 "$work/apt.log"; echo "the packages could not be installed" >&2; return 1; }
}

# Builds into $work/build with the meson options $@, and installs into $work/prefix.
build_and_install() {
    meson setup "$work/build" "$top" --prefix "$work/prefix" --libexecdir libexec "$@" >"$work/build.log" 2>&1 &&
        meson install -C "$work/build" >>"$work/build.log" 2>&1 ||
        { tail -n 30 "$work/build.log"; echo "the build failed" >&2; return 1; }
}

# A folder of our own that its users may enter and only root can write, on a file system that honours setuid.
make_work() {
    work=$(mktemp -d "${TMPDIR:-/var/tmp}/tapgrant.XXXXXX")
    chmod 0755 "$work"
}

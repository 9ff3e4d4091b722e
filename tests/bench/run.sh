#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a grant costs, beside its peers: sudo tests/bench/run.sh [--rounds N] [--only GROUP] [--json FILE] [--plot FILE.svg]
# A table with each goal and whether it is met.  Never part of the tests: the exit status says only that it ran.
# Peers that are not installed are left out: qemu-bridge-helper (Debian: qemu-system-common), lxc-user-nic (liblxc-common),
# tunctl (uml-utilities).
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/tools/packages.sh"
[ "$(id -u)" = 0 ] || { echo "needs root" >&2; exit 1; }
make_work
finish() {
    status=$?
    trap - EXIT INT TERM HUP
    for user in ${made_users:-}; do
        userdel "$user"
    done
    rm -rf "$work"
    exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM HUP
install_packages build bench
echo "Building and installing into a private prefix"
build_and_install -Dbench=true -Dselinux=disabled
for user in tg-alice tg-bob; do
    id "$user" >/dev/null 2>&1 && continue
    useradd --no-create-home --shell /usr/sbin/nologin "$user"
    made_users="${made_users:-} $user"
done
TAPGRANT_PREFIX="$work/prefix" TAPGRANT_BENCH="$work/build/tests/bench" PYTHONDONTWRITEBYTECODE=1 \
    /usr/bin/python3 "$top/tests/bench/bench.py" "$@"

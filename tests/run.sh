#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# All tests, set-up included: sudo tests/run.sh [--long] [-k EXPRESSION]
# --long: whole sweeps, 200,000 policies and five minutes of fuzzing in the place of samples.  What else is given goes to
# pytest, for the system tests and the attacks.
# Closing line: N passed, N failed.  Without root it runs what needs none and says what it left out.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/tests/setup.sh"
users="tg-alice tg-bob"
cases=20000
if [ "${1:-}" = --long ]; then
    shift
    cases=200000
    export TAPGRANT_LONG=1 TAPGRANT_FUZZ_SECONDS=300
fi
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

if [ "$(id -u)" = 0 ]; then
    install_packages build demo test clients selinux
else
    echo "Not root: packages are taken as they are; the system tests (tests/system), those of the SELinux module (tests/selinux:"
    echo "labels are attributes that only root can write) and the unit tests of files that root owns are left out, and the helper"
    echo "is installed without privilege."
    unprivileged=-Dprivilege=none
fi

echo "Building and installing into a private prefix"
build_and_install -Dtests=true ${unprivileged:-}

# Python as Debian has it, whose pytest is a package, whatever else comes first in PATH.
pytest() (
    cd "$work" # where what the runners leave goes with the rest
    TAPGRANT_PREFIX="$work/prefix" PYTHONDONTWRITEBYTECODE=1 \
        /usr/bin/python3 -m pytest -q -p no:cacheprovider --basetemp "$work/pytest" "$@"
)

failed=0
echo "Unit tests"
meson test -C "$work/build" --print-errorlogs || failed=1
echo "Unit tests under AddressSanitizer and UndefinedBehaviorSanitizer"
meson setup "$work/sanitized" "$top" --native-file "$top/native/dev.ini" >"$work/sanitized.log" 2>&1 ||
    { tail -n 30 "$work/sanitized.log"; failed=1; }
meson test -C "$work/sanitized" --print-errorlogs || failed=1
echo "Rules of the house"
pytest --junitxml "$work/rules.xml" "$top/tests/rules" || failed=1
echo "Policy against an independent model"
TAPGRANT_DRIVER="$work/build/tests/differential-driver" \
    pytest --junitxml "$work/differential.xml" --cases "$cases" "$top/tests/unit/differential" || failed=1
echo "Fuzzing policy, request, definitions and import"
pytest --junitxml "$work/fuzz.xml" "$top/tests/fuzz" || failed=1
if [ "$(id -u)" = 0 ]; then
    for user in $users; do
        id "$user" >/dev/null 2>&1 && continue
        useradd --no-create-home --shell /usr/sbin/nologin "$user"
        made_users="${made_users:-} $user"
    done
    echo "System tests and attacks"
    pytest --junitxml "$work/system.xml" --durations=5 "$@" "$top/tests/system" "$top/tests/clients" "$top/tests/hostile" "$top/tests/bench" || failed=1
    echo "SELinux module, under an enforcing kernel"
    pytest --junitxml "$work/selinux.xml" "$top/tests/selinux" || failed=1
fi
/usr/bin/python3 "$top/tests/tally.py" $failed "$work"/*.xml "$work"/build/meson-logs/testlog.junit.xml \
    "$work"/sanitized/meson-logs/testlog.junit.xml

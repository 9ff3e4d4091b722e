#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# All tests, set-up included: sudo tests/run.sh [AREA...] [-k EXPRESSION] [--long] [--jobs N]; --help tells more.
# Last line: N passed, N failed.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/tests/tools/packages.sh"
if [ "$(id -u)" = 0 ]; then
    install_packages build demo test clients selinux
fi
exec /usr/bin/python3 -B "$top/tests/tools/run.py" "$@"

#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# After an installation with -Dgroup=$1: says so where the group does not exist.  $2: the helper's path, or "".
# meson leaves the helper to root's group then, so that root alone can execute it.  In a package the group can come later.
set -eu
found=$(getent group "$1" | cut -d : -f 1)
[ "$found" = "$1" ] && exit 0
if [ -z "${DESTDIR:-}" ]; then
  echo "group $1 (-Dgroup) does not exist: make it with groupadd $1, and install again" >&2
  exit 1
fi
line="group $1 (-Dgroup) does not exist here: the package has to make it"
[ -z "$2" ] || line="$line, and $2 root:$1 with mode 4750"
# meson shows what a script says only if it fails: this goes where meson's own lines go
echo "$line" >>"/proc/$PPID/fd/1"

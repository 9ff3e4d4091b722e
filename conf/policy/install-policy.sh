#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Installs the policy $1 into the folder $2 (under DESTDIR) where there is none: an edited one is never touched.
set -eu
folder=${DESTDIR:-}$2
[ -d "$folder" ] || install -d -m 0755 "$folder"
[ -e "$folder/policy.conf" ] || [ -L "$folder/policy.conf" ] || install -m 0644 "$1" "$folder/policy.conf"

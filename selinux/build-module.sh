#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# build-module.sh MAKEFILE OUTPUT FOLDER SOURCE...: the module OUTPUT of the SOURCEs, made in FOLDER.
# The reference policy's Makefile works in the folder that it is called in, and takes all modules there.
set -eu
makefile=$1 output=$2 folder=$3
shift 3
rm -rf "$folder"
mkdir -p "$folder"
cp "$@" "$folder"
make -s -C "$folder" -f "$makefile" "$(basename "$output")" >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
cp "$folder/$(basename "$output")" "$output"

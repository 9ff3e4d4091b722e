#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Fuzzes the bytes of policy, request, definitions and libvirt's documents, and what the service's parent is told, under
# AddressSanitizer and UndefinedBehaviorSanitizer:
#   tests/fuzz/run.sh SECONDS WORKDIR
# SECONDS for each of the five, side by side.  What it builds and finds is in WORKDIR; the corpora in the tree stay as they are.
set -eu
[ $# = 2 ] || { echo "usage: $0 SECONDS WORKDIR" >&2; exit 2; }
top=$(cd "$(dirname "$0")/../.." && pwd)
seconds=$1
mkdir -p "$2"
work=$(cd "$2" && pwd)

# build NAME SOURCE...: $work/NAME
build() {
    name=$1
    shift
    clang -std=c11 -D_GNU_SOURCE -g -O1 -Wall -Wextra -Wno-missing-field-initializers \
        -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer \
        -I"$top" -o "$work/$name" "$top/tests/fuzz/$name.c" "$@" -linih
}

# fuzz NAME MOST-BYTES CORPUS-FILE... [-- OPTION]: one line
fuzz() {
    name=$1 most=$2
    shift 2
    mkdir -p "$work/$name.corpus" "$work/$name.found"
    while [ $# != 0 ] && [ "$1" != -- ]; do
        cp "$1" "$work/$name.corpus"
        shift
    done
    [ $# = 0 ] || shift
    status=0
    "$work/$name" -max_total_time="$seconds" -max_len="$most" -timeout=10 -print_final_stats=1 "$@" \
        -artifact_prefix="$work/$name.found/" "$work/$name.corpus" >"$work/$name.log" 2>&1 || status=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: //p' "$work/$name.log")
    if [ $status = 0 ] && [ "${runs:-0}" -gt 0 ]; then
        echo "$name: $runs inputs in $seconds s, none fails"
    else
        tail -n 40 "$work/$name.log" >&2
        echo "$name: FAILED, exit $status: $work/$name.log, $work/$name.found"
        return 1
    fi
}

build fuzz_policy "$top/conf/file/trusted.c" "$top"/conf/ini/*.c "$top"/conf/policy/*.c "$top"/wire/*.c
build fuzz_request "$top/helper/grant/request.c" "$top"/wire/*.c
build fuzz_service "$top/helper/service/connections.c" "$top/helper/service/events.c" "$top/helper/service/journal.c" \
    "$top/helper/service/pass.c"
build fuzz_definitions "$top"/conf/definitions/*.c "$top"/conf/ini/*.c "$top"/conf/interface/*.c "$top"/wire/*.c
build fuzz_import "$top"/cli/import/notes.c "$top/cli/import/libvirt/documents.c" "$top/cli/import/libvirt/interface.c" \
    "$top/cli/import/libvirt/rest.c" "$top/cli/import/libvirt/xml.c" "$top/cli/show/libvirt.c" \
    "$top"/conf/definitions/*.c "$top"/conf/ini/*.c "$top"/conf/interface/*.c "$top"/wire/*.c \
    $(pkg-config --cflags --libs libxml-2.0)
fuzz fuzz_policy 4096 "$top"/tests/data/policy/*.conf "$top"/tests/fuzz/corpus-policy/* &
policy=$!
fuzz fuzz_request 8192 "$top"/tests/fuzz/corpus-request/* &
request=$!
fuzz fuzz_service 600 "$top"/tests/fuzz/corpus-service/* &
service=$!
fuzz fuzz_definitions 4096 "$top"/tests/fuzz/corpus-definitions/* &
definitions=$!
fuzz fuzz_import 8192 "$top"/tests/data/libvirt/*.xml -- -dict="$top/tests/fuzz/import.dict" &
import=$!
failed=0
wait $policy || failed=1
wait $request || failed=1
wait $service || failed=1
wait $definitions || failed=1
wait $import || failed=1
exit $failed

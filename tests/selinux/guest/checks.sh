# SPDX-License-Identifier: LGPL-2.1-or-later
# How the guest shows what it shows, as labtest_t, unconfined and enforcing: one line for each check: ok, or not ok, - section:
# name.

passed=0 failed=0
harness='tcontext=system_u:system_r:labtest_t[^ ]* tclass=fd' # descriptors of the script's own, which come along
ignored=$harness
result() { # OK NAME DETAIL
    if [ "$1" = 1 ]; then passed=$((passed + 1)); word=ok; else failed=$((failed + 1)); word='not ok'; fi
    echo "$word - $section: $2 ($3)"
    [ "$word" = ok ] || [ -z "$avc" ] || echo "$avc" | sed 's/^/#   /'
}
# NAME STATUS AVC COMMAND...: exits with STATUS (a pattern), and leaves a denial that matches the regex AVC; -: none at all.
check() {
    name=$1 wanted=$2 regex=$3
    shift 3
    said=$("$@" 2>&1 </dev/null)
    status=$?
    avc=$(labctl avc "$ignored")
    echo "$avc" >>/tmp/avc
    ok=1
    case $status in $wanted) ;; *) ok=0 ;; esac
    if [ "$regex" = - ]; then [ -z "$avc" ] || ok=0; else echo "$avc" | grep -qE "$regex" || ok=0; fi
    result $ok "$name" "status $status, $said"
}
# NAME COMMAND...: succeeds; what it leaves in the log does not matter.
holds() {
    name=$1
    shift
    said=$("$@" 2>&1 </dev/null) && ok=1 || ok=0
    labctl avc >/dev/null
    avc=
    result $ok "$name" "$said"
}
attribute() { cat "/sys/class/net/$1"; }
is() { [ "$1" = "$2" ] || { echo "is '$1', not '$2'"; return 1; }; }
# what somebody makes of links beside tapgrant
gone() { ! [ -e "/sys/class/net/$1" ]; }

alice="labctl run 1000 user_u:user_r:user_t:s0 env"
bob="labctl run 1001 user_u:user_r:user_t:s0 env"
carol="labctl run 1000 unconfined_u:unconfined_r:unconfined_t:s0 env" # the same user, unconfined
root="labctl run 0 unconfined_u:unconfined_r:unconfined_t:s0 env"
sysadm="labctl run 0 root:sysadm_r:sysadm_t:s0 env"
service="labctl run 0 system_u:system_r:init_t:s0 client nnp" # as systemd starts it, with NoNewPrivileges=yes
run="tapgrant run --net dev=t1,bridge=br0,queues=3,guest-mac=52:54:00:00:00:01 --net dev=t2,guest-mac=52:54:00:00:00:02 --"
both="$run client use {0.fds} {1.fd}"
bridge_helper="client take /usr/libexec/tapgrant-bridge-helper --br=br0 --net guest-mac=52:54:00:00:00:03"

ip=/usr/sbin/ip # busybox's own would come first
$ip link add br0 address 02:00:00:00:00:01 type bridge
echo 0 >/proc/sys/net/ipv6/conf/br0/accept_ra
$ip link set br0 up
$ip link add br1 address 02:00:00:00:00:02 type bridge vlan_filtering 1
echo 0 >/proc/sys/net/ipv6/conf/br1/accept_ra
$ip link set br1 up
$ip tuntap add dev admin0 mode tap user 1000
$root $ip tuntap add dev byhand mode tap user 1000
$root $ip tuntap add dev admin1 mode tap user 1001 # this one by hand, the others by a service, for which this script stands
$ip tuntap add dev admin2 mode tap multi_queue user 1000
$ip tuntap add dev admin3 mode tap user 1000
$root $ip tuntap add dev admin4 mode tap multi_queue user 1001
$ip link set admin0 up
$ip link set admin3 up
$ip link set byhand up
labctl avc >/dev/null

shows() { # REGEX COMMAND...
    wanted=$1
    shift
    "$@" 2>&1 | tr '\n' ' ' | grep -qE "$wanted" || { "$@"; return 1; }
}
# PROGRAM, in the place of the helper, does not end: in the background, with what is said, and the status, in /tmp/late.PROGRAM.
late() {
    {
        labctl over /usr/libexec/$1 /usr/libexec/tapgrant-helper 1000 user_u:user_r:user_t:s0 env \
            tapgrant run --net bridge=br0 -- client nothing </dev/null
        echo "status $?"
    } 2>&1 | cat >/tmp/late.$1 &
}
ended() { # PROGRAM REGEX: what came of it
    for _try in 1 2 3 4 5 6 7 8 9 10 11 12; do
        grep -q '^status' /tmp/late.$1 && break
        sleep 1
    done
    tr '\n' ' ' </tmp/late.$1 | grep -qE "$2" || { cat /tmp/late.$1; return 1; }
}

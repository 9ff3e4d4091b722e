#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# An unprivileged QEMU moves real packets through a tap that the policy grants it, and through one that the
# administrator made.  On a fresh Debian 12 machine, as root: sudo tests/demo.sh
#
# Everything happens in a network namespace and a folder of its own, and is gone afterwards but for Debian packages.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/tests/tools/packages.sh"

[ "$(id -u)" = 0 ] || { echo "demo.sh: needs root, to make a network namespace and a setuid file: sudo tests/demo.sh" >&2; exit 1; }

user=tapgrant-demo
inside=tapgrant-demo-host
peer=tapgrant-demo-peer
make_work
finish() {
    status=$?
    trap - EXIT INT TERM HUP
    [ -z "${qemu:-}" ] || { kill "$qemu" 2>/dev/null; wait "$qemu" 2>/dev/null || :; }
    for namespace in $inside $peer; do
        ip netns del "$namespace" 2>/dev/null || :
    done
    [ -z "${made_user:-}" ] || userdel "$user"
    rm -rf "$work"
    exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

bold= plain=
if [ -t 1 ]; then
    bold=$(printf '\033[1m') plain=$(printf '\033[0m')
fi
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
show() { printf '  $ %s\n' "$*"; }

say "Packages and build (the only slow part; nothing is installed but Debian packages and a private prefix)"
install_packages build demo
build_and_install

say "A host: the bridge br0 with a peer host behind it, and the unprivileged user $user"
if ! id "$user" >/dev/null 2>&1; then
    useradd --system --no-create-home --shell /usr/sbin/nologin "$user"
    made_user=yes
fi
uid=$(id -u "$user")
ip netns del $inside 2>/dev/null || :
ip netns del $peer 2>/dev/null || :
ip netns add $inside
ip netns add $peer
ip -n $inside link set lo up
ip -n $inside link add br0 address 02:00:00:00:00:01 type bridge
ip netns exec $inside sysctl -qw net.ipv6.conf.br0.accept_ra=0
ip -n $inside link set br0 up
ip -n $inside link add port type veth peer name eth0 netns $peer
ip -n $inside link set port master br0 up
ip -n $peer addr add 10.88.0.1/24 dev eth0
ip -n $peer link set eth0 up

# What the user runs (with become=exec: instead of this shell): in the namespace, with the tun node as udev makes it on ordinary hosts (mode 0666).
as_user() {
    ${become:-} ip netns exec $inside sh -c '
        mount -t tmpfs tmpfs /dev/net && mknod -m 0666 /dev/net/tun c 10 200
        user=$1; shift
        exec setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups --inh-caps=-all "$@"' as_user "$user" \
        env -i PATH="$work/prefix/bin:/usr/bin:/bin" "$@"
}

# A whole QEMU without a guest: its user-mode network answers as 10.88.0.2 through the tap it is given.
start_qemu() {
    (
        become=exec
        as_user tapgrant run --net "$1" -- qemu-system-x86_64 -M none -nodefaults -display none -netdev 'tap,id=t0,fd={fd}' \
            -netdev user,id=u0,net=10.88.0.0/24,host=10.88.0.2,dhcpstart=10.88.0.15,restrict=on \
            -netdev hubport,hubid=0,id=p0,netdev=t0 -netdev hubport,hubid=0,id=p1,netdev=u0 2>"$work/qemu.log"
    ) &
    qemu=$!
}

ping_it() {
    tries=0
    until ip netns exec $peer ping -q -c 1 -W 1 10.88.0.2 >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ $tries -lt 10 ] && kill -0 "$qemu" 2>/dev/null || { cat "$work/qemu.log" >&2; echo "  no answer" >&2; return 1; }
    done
    ip netns exec $peer ping -c 3 -i 0.2 10.88.0.2 | sed -n 's/^/  /; /bytes from\|packets/p'
}

end_qemu() {
    kill "$qemu"
    wait "$qemu" 2>/dev/null || :
    qemu=
}

say "The administrator's policy, $work/prefix/etc/tapgrant/policy.conf"
cat >"$work/prefix/etc/tapgrant/policy.conf" <<POLICY
[rule demo]
user     = $uid
bridge   = br0
isolate  = no
lock-mac = no
dev      = demo-*
POLICY
sed 's/^/  /' "$work/prefix/etc/tapgrant/policy.conf"

say "1. The road of the managed: the policy grants a tap, the helper makes it, an unprivileged QEMU uses it"
show "tapgrant run --net dev=demo-vm,bridge=br0 -- qemu-system-x86_64 ... -netdev tap,id=t0,fd={fd} ..."
start_qemu dev=demo-vm,bridge=br0
echo "  10.88.0.2 is inside that QEMU; the peer host pings it over br0:"
ping_it
show "tapgrant list"
as_user tapgrant list | sed 's/^/  /'
end_qemu
tries=0
while ip -n $inside link show demo-vm >/dev/null 2>&1 && [ $tries -lt 50 ]; do tries=$((tries + 1)); sleep 0.1; done
ip -n $inside link show demo-vm >/dev/null 2>&1 && { echo "  the tap is still there" >&2; exit 1; }
echo "  QEMU ended, and the tap went with it."

say "2. The road of the unmanaged: the administrator made mytap0; it is used as it is, and the helper is not executed"
show "ip tuntap add dev mytap0 mode tap user $user; ip link set mytap0 master br0 up"
ip netns exec $inside ip tuntap add dev mytap0 mode tap user "$user"
ip -n $inside link set mytap0 master br0 up
before=$(ip -n $inside -o link show mytap0 | grep -o 'link/ether [^ ]*')
show "tapgrant run --net dev=mytap0,managed=no -- qemu-system-x86_64 ... -netdev tap,id=t0,fd={fd} ..."
start_qemu dev=mytap0,managed=no
ping_it
end_qemu
[ "$(ip -n $inside -o link show mytap0 | grep -o 'link/ether [^ ]*')" = "$before" ] || { echo "  mytap0 changed" >&2; exit 1; }
echo "  QEMU ended; mytap0 is still there, unchanged ($before)."

say "3. What the policy does not grant"
show "tapgrant run --net dev=eth7,bridge=br0 -- true"
status=0
as_user tapgrant run --net dev=eth7,bridge=br0 -- true 2>&1 | sed 's/^/  /'
as_user tapgrant run --net dev=eth7,bridge=br0 -- true 2>/dev/null || status=$?
[ $status = 3 ] || { echo "  exit status $status instead of 3" >&2; exit 1; }
echo "  exit status 3; nothing was made."

say "Done.  Namespaces, user, build and prefix are removed."

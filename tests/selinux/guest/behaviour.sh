# SPDX-License-Identifier: LGPL-2.1-or-later
# What is granted and what is refused, with the module as it is shipped.

granted() { # NAME CALLER TAP: the TAP that a service of the system made for the caller
    section=granted
    check "$1: a tap on a bridge, used by a hypervisor" 0 - $2 tapgrant run --net dev=t1,bridge=br0,guest-mac=52:54:00:00:00:01 -- client use '{fd}'
    check "$1: a tap without a bridge" 0 - $2 tapgrant run --net guest-mac=52:54:00:00:00:01 -- client use '{fd}'
    check "$1: a denial" 3 - $2 tapgrant run --net bridge=br9 -- client nothing
    check "$1: why it is denied" 3 - $2 tapgrant check --net bridge=br9
    check "$1: what is granted" 0 - $2 tapgrant check --net bridge=br0,guest-mac=52:54:00:00:00:01
    check "$1: two interfaces, one of three queues" 0 - $2 $both
    check "$1: a queue switched off and on" 0 - $2 $run client requeue '{0.fds}'
    check "$1: persistent, made" 0 - $2 tapgrant create --net dev=keep0,guest-mac=52:54:00:00:00:04
    check "$1: persistent, opened again" 0 - $2 tapgrant run --net dev=keep0,managed=no -- client use '{fd}'
    check "$1: persistent, opened again as a new one" 0 - $2 tapgrant run --net dev=keep0 -- client use '{fd}'
    check "$1: persistent, deleted" 0 - $2 tapgrant delete keep0
    holds "$1: persistent, gone" gone keep0
    check "$1: an unmanaged tap of the administrator's" 0 - $2 tapgrant run --net dev=$3,managed=no -- client use '{fd}'
    check "$1: QEMU's and libvirt's bridge helper" 0 - $2 $bridge_helper
    check "$1: a list" 0 - $2 tapgrant list
}

section=explained
holds "doctor: the module is there" shows 'ok +SELinux' $carol tapgrant doctor
labctl label system_u:object_r:bin_t:s0 /usr/libexec/tapgrant-helper
holds "doctor: the helper without its label" shows 'warn SELinux: .*does not have the label .*load it, and label the files' $carol tapgrant doctor
labctl label system_u:object_r:tapgrant_exec_t:s0 /usr/libexec/tapgrant-helper
holds "a tap that an administrator made by hand: the audit log" shows 'SELinux refuses .*ausearch' $alice tapgrant run --net dev=byhand,managed=no -- true
chmod 600 /dev/net/tun
holds "the node's mode: as everywhere" shows 'may not open it .*chmod 0666' $alice tapgrant run --net dev=t1 -- true
chmod 666 /dev/net/tun
labctl avc >/dev/null
late probe
late sleeper-attach
granted user_t "$alice" admin0
granted unconfined_t "$carol" admin3
section=granted
check "user_t: a tap that an administrator made by hand, as unconfined_u: the reference policy keeps SELinux users apart" '[1-9]*' \
    'denied  \{ relabelfrom \}.*scontext=user_u:user_r:user_t:.*tcontext=unconfined_u:.*tclass=tun_socket' \
    $alice tapgrant run --net dev=byhand,managed=no -- client use '{fd}'
check "unconfined_t: a tap that an administrator made by hand" 0 - $carol tapgrant run --net dev=byhand,managed=no -- client use '{fd}'
check "user_t: too few descriptors for the queues: said" 24 - $alice sh -c 'ulimit -n 8; exec ask /usr/libexec/tapgrant-helper few 8'
holds "too few descriptors: logged" grep -q 'verdict=failed rule=lab device=few .*stage=4 error=24' /tmp/log
holds "a helper that does not end is ended" ended probe 'did not end within 5 seconds.*status 1'
holds "one that attaches, too" ended sleeper-attach 'did not end within 5 seconds.*status 1'
section=log
holds "each decision reached the log" grep -q 'uid=1000 verdict=granted rule=lab device=t1' /tmp/log
holds "the helper's domain left a tap with its label" sh -c "$alice tapgrant run --net dev=t1 -- cat /sys/class/net/t1/tun_flags"

# What many a test machine's kernel lacks: VLAN filtering.
section=vlan
received() { cat /sys/class/net/br1/statistics/rx_packets; }
frames() { # COUNT MAC: so many frames of a guest of the address 52:54:00:00:00:05, of source MAC, reach the host
    before=$(received)
    $alice tapgrant run --net dev=locked0,managed=no -- client frame '{fd}' $2 || return
    is "$(($(received) - before))" $1
}
holds "the bridge filters VLANs" is "$(cat /sys/class/net/br1/bridge/vlan_filtering)" 1
check "user_t: a port locked to its guest's address" 0 - $alice tapgrant create --net dev=locked0,bridge=br1,guest-mac=52:54:00:00:00:05
holds "it is locked, isolated, and learns nothing" shows ' learning off .*isolated on .*locked on' /usr/sbin/bridge -d link show dev locked0
holds "its address is static and sticky, without a VLAN" shows '52:54:00:00:00:05 sticky master br1 static' /usr/sbin/bridge fdb show brport locked0
holds "its address is static and sticky, in its VLAN" shows '52:54:00:00:00:05 vlan 1 sticky master br1 static' /usr/sbin/bridge fdb show brport locked0
holds "frames of its address pass" frames 1 5
holds "frames of another address do not" frames 0 6
check "its address for another port: in use" 1 - $alice tapgrant run --net dev=t1,bridge=br1,guest-mac=52:54:00:00:00:05 -- client nothing
holds "and stays where it was" shows '52:54:00:00:00:05 vlan 1 sticky master br1 static' /usr/sbin/bridge fdb show brport locked0
$ip link del locked0

# The administrator's pre-created taps, from a shell and as the unit starts it.
section=apply
check "from an administrator's shell" 0 - $root tapgrant-apply
check "once more: nothing to do" 0 - $root tapgrant-apply
check "its owner opens a declared tap" 0 - $alice tapgrant run --net dev=decl0,managed=no -- client use '{fd}'
check "its owner opens a declared tap of two queues" 0 - $alice tapgrant run --net dev=decl1,managed=no,queues=2 -- client requeue '{fds}'
$alice tapgrant run --net dev=decl0,managed=no -- sleep 8 &
until is "$(attribute decl0/carrier)" 1 >/dev/null; do sleep 0.2; done
labctl avc >/dev/null
check "one in use that is to be another's: left, without a denial in the log" 1 - $root tapgrant-apply /etc/tapgrant/bobs.conf
wait $!
labctl avc >/dev/null
check "a declared tap that its owner opened is set right" 0 - $root sh -c "$ip link set decl0 mtu 1400 && tapgrant-apply"
check "and is given to another owner" 0 - $root tapgrant-apply /etc/tapgrant/bobs.conf
check "whose it is" 0 - $bob tapgrant run --net dev=decl0,managed=no -- client use '{fd}'
check "and back, from sysadm_t" 0 - $sysadm tapgrant-apply
check "an unconfined owner opens it" 0 - $carol tapgrant run --net dev=decl0,managed=no -- client use '{fd}'
check "and it is given to another owner all the same" 0 - $root tapgrant-apply /etc/tapgrant/bobs.conf
$ip link del decl0
$alice tapgrant create --net dev=keep0 >/dev/null
$carol tapgrant create --net dev=keep1 >/dev/null
labctl avc >/dev/null
check "users' leftovers are removed" 0 - $root tapgrant-apply --reap
holds "and gone: user_t's" gone keep0
holds "and gone: unconfined_t's" gone keep1
check "as its unit starts it" 0 - $service /usr/sbin/tapgrant-apply
check "its owner opens what the unit made" 0 - $alice tapgrant run --net dev=decl0,managed=no -- client use '{fd}'
check "what is no longer declared is removed" 0 - $root tapgrant-apply --prune /etc/tapgrant/none.d
holds "and gone: what its owner opened" gone decl0
holds "and gone: what nobody opened" gone decl1

# The same without rules that hide a refusal.
labctl load /lib/policy/open
ignored="$harness|denied  \{ (noatsecure|rlimitinh|siginh) \}|comm=\"(tapgrant-helper|forgetful-helpe)\".* name=\"kernel\" dev=\"proc\""
section=open
check "a request of two interfaces, nothing hidden" 0 - $alice $both

section=refused
for one in \
    "shadow read shadow_t:.*tclass=file" \
    "home (read|search) (home_root|user_home[a-z_]*)_t:.*tclass=(dir|file)" \
    "packet create tapgrant_t:.*tclass=packet_socket" \
    "inet create tapgrant_t:.*tclass=udp_socket" \
    "inet6 create tapgrant_t:.*tclass=tcp_socket" \
    "netfilter create tapgrant_t:.*tclass=netlink_netfilter_socket" \
    "shell (execute|read|search) (shell_exec_t|bin_t):" \
    "itself execute_no_trans tapgrant_exec_t:.*tclass=file" \
    "tmp (write|search) tmp_t:.*tclass=dir" \
    "etc write etc_t:.*tclass=file" \
    "policy write tapgrant_conf_t:.*tclass=file" \
    "hostname (write|search) sysctl_kernel_t:.*tclass=(file|dir)" \
    "vlan write sysfs_t:.*tclass=file" \
    "kill signull labtest_t:.*tclass=process" \
    "setpersist ioctl tun_tap_device_t:.*tclass=chr_file" \
    "setgroup ioctl tun_tap_device_t:.*tclass=chr_file"; do
    set -- $one
    check "the helper's domain, as root: $1" 13 "denied  \{ ([a-z_]+ )*$2( [a-z_]+)* \}.*scontext=user_u:user_r:tapgrant_t:.*tcontext=[^ ]*:$3.*permissive=0" \
        $alice /usr/libexec/probe probe $1
    [ $1 = kill ] || check "control, without a domain: $1" "[!1]*" - $root /usr/libexec/control probe $1
done
# The library knows that the helper has no chance there, and does not execute it.
check "no_new_privs: no domain, and so no tap" '[1-9]*' 'denied  \{ nnp_transition \}.*user_t.*tapgrant_t' $alice client nnp /usr/bin/ask /usr/libexec/tapgrant-helper t1
for one in \
    "shadow read shadow_t:.*tclass=file" \
    "rtnetlink create tapgrant_attach_t:.*tclass=netlink_route_socket" \
    "forward (write|search) sysctl_net_t:.*tclass=(file|dir)" \
    "itself execute tapgrant_exec_t:.*tclass=file" \
    "make create tapgrant_attach_t:.*tclass=tun_socket" \
    "admins relabelfrom unconfined_t:.*tclass=tun_socket" \
    "setowner ioctl tun_tap_device_t:.*tclass=chr_file"; do
    set -- $one
    check "the domain that attaches, as root: $1" 13 "denied  \{ ([a-z_]+ )*$2( [a-z_]+)* \}.*scontext=user_u:user_r:tapgrant_attach_t:.*tcontext=[^ ]*:$3.*permissive=0" \
        $alice /usr/libexec/probe probe attaching-$1
    check "control, without a domain: attaching, $1" 0 - $root /usr/libexec/control probe attaching-$1
done
check "user_t makes no tap of its own" '[1-9]*' '' $alice client make mine

# The helper itself is asked: the library would look first whether the tap is there already.
section=attach
$bob tapgrant create --net dev=bobs >/dev/null
$bob tapgrant create --net dev=bobs2,queues=2 >/dev/null
labctl avc >/dev/null
forgetful="ask /usr/libexec/forgetful-helper" # the helper without IFF_TUN_EXCL
refused() { # NAME CALLER TAP: nothing is attached to the TAP: FROM and TO are the labels of the denial
    check "$1" 13 "denied  \{ relabelfrom \}.*scontext=$from.*tcontext=$to.*tclass=tun_socket permissive=0" $2 $forgetful $3
}
check "without the flag, a new name: granted all the same" 0 - $alice $forgetful t1
from=user_u:user_r:tapgrant_t: to=unconfined_u:[^:]*:unconfined_t:
refused "without the flag, the administrator's tap for another" "$alice" admin1
from=unconfined_u:unconfined_r:tapgrant_t: to=unconfined_u:unconfined_r:unconfined_t:
refused "without the flag, the same with one SELinux user" "$carol" admin1
from=user_u:user_r:tapgrant_t: to=user_u:user_r:tapgrant_t:
refused "without the flag, a tap that tapgrant made for another" "$alice" bobs
from=unconfined_u:unconfined_r:tapgrant_t: to=user_u:user_r:tapgrant_t:
refused "without the flag, one that tapgrant made for another SELinux user" "$carol" bobs
from=user_u:user_r:tapgrant_t: to=user_u:user_r:tapgrant_attach_t:
refused "without the flag, a tap of several queues that tapgrant made for another" "$alice" "bobs2 2"
from=user_u:user_r:tapgrant_t: to=unconfined_u:[^:]*:unconfined_t:
refused "without the flag, the administrator's for another, several queues asked for" "$alice" "admin4 2"
check "without the flag, a new one of several queues: granted all the same" 0 - $alice $forgetful t1 3
check "with the flag: the name is taken" 107 - $alice ask /usr/libexec/tapgrant-helper bobs
labctl set /sys/fs/selinux/enforce 0
check "control, permissive: the flag was all that held" 0 'denied  \{ relabelfrom \}.*:unconfined_t:.*permissive=1' $alice $forgetful admin1
labctl set /sys/fs/selinux/enforce 1

section=client
check "a confined hypervisor uses what it was given" 0 - $alice $run /usr/libexec/labclient use '{0.fds}' '{1.fd}'
check "a confined hypervisor switches a queue off and on" 0 - $alice $run /usr/libexec/labclient requeue '{0.fds}'
for what in owner:0x54cc group:0x54ce persist:0x54cb link:0x54cd carrier:0x54e2 address:0x8924; do
    check "a confined hypervisor does not change: ${what%:*}" 13 "denied  \{ ioctl \}.*ioctlcmd=${what#*:} scontext=[^ ]*:labclient_t:.*tun_tap_device_t" \
        $alice tapgrant run --net dev=t1,bridge=br0,guest-mac=52:54:00:00:00:01 -- /usr/libexec/labclient change '{fd}' ${what%:*}
    [ ${what%:*} = link ] || check "control, unconfined: ${what%:*}" 0 - \
        $carol tapgrant run --net dev=t1,bridge=br0,guest-mac=52:54:00:00:00:01 -- client change '{fd}' ${what%:*}
    $ip link del t1 2>/dev/null
done
for what in owner:0x54cc group:0x54ce address:0x8924; do
    check "a login user neither: ${what%:*}" 13 "denied  \{ ioctl \}.*ioctlcmd=${what#*:} scontext=[^ ]*:user_t:.*tun_tap_device_t" \
        $alice tapgrant run --net dev=t1,bridge=br0,guest-mac=52:54:00:00:00:01 -- client change '{fd}' ${what%:*}
done
check "a confined hypervisor opens no tap itself" 13 'denied  \{ open \}.*:labclient_t:.*tun_tap_device_t' $alice sh -c 'exec /usr/libexec/labclient attach admin0'

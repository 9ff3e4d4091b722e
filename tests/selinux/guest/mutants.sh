# SPDX-License-Identifier: LGPL-2.1-or-later
# Each permission removed, one after the other: what needs it fails, or leaves a denial of it.

section=mutant
labctl load /lib/policy/mutants
suite_helper="$alice $both"
suite_client="$alice $run client requeue {0.fds}"
suite_make="$alice tapgrant create --net dev=keep0"
suite_reset="$alice tapgrant run --net dev=keep0 -- client nothing"
suite_delete="$alice tapgrant delete keep0"
suite_own="$alice client attach admin0"
suite_requeue="$alice tapgrant run --net dev=admin2,managed=no,queues=2 -- client requeue {fds}"
suite_check="$alice tapgrant lint /etc/tapgrant/policy.conf"
suite_apply="$root tapgrant-apply"
piped() { $root sh -c "echo | tapgrant-apply --dry-run | cat"; }
suite_piped=piped
suite_correct="$root tapgrant-apply /etc/tapgrant/bobs.conf"
check "all in place: the helper" 0 - $suite_helper
check "all in place: a queue switched off and on" 0 - $suite_client
check "all in place: made persistent" 0 - $suite_make
check "all in place: opened again, as a new one" 0 - $suite_reset
check "all in place: deleted" 0 - $suite_delete
check "all in place: opened" 0 - $suite_own
check "all in place: opened again" 0 - $suite_own
check "all in place: a queue of one's own switched off and on" 0 - $suite_requeue
check "all in place: the policy read" 0 - $suite_check
check "all in place: a plan behind a pipe" 0 - $suite_piped
check "all in place: declared taps" 0 - $suite_apply
$alice client attach decl0
labctl avc >/dev/null
check "all in place: a declared tap that its owner opened, given to another" 0 - $suite_correct
log_to() { # NAME: as journald's /dev/log does
    ln -sf "/run/systemd/journal/$1" /dev/log
    labctl label system_u:object_r:devlog_t:s0 /dev/log
}
mutant() { # SUITE TYPE CLASS PERMISSION AVC
    case $1 in
        reset | delete) $suite_make >/dev/null 2>&1; labctl avc >>/tmp/avc ;;
        log) log_to host-log ;;
        correct) $suite_apply; $alice client attach decl0; labctl avc >>/tmp/avc ;;
    esac
    suite=$1
    [ $suite != log ] || suite=helper
    eval "check \"without \$2:\$3 \$4\" '*' \"\$5\" \$suite_$suite"
    [ "$1" != log ] || log_to dev-log
    for name in keep0 t1 t2 decl0 decl1; do [ ! -e /sys/class/net/$name ] || $ip link del $name; done
}
labctl run 0 system_u:system_r:syslogd_t:s0 labctl log /run/systemd/journal/host-log /tmp/host-log
labctl label system_u:object_r:devlog_t:s0 /run/systemd/journal/host-log
labctl avc >/dev/null
booleans=/sys/fs/selinux/booleans
before=0 # its mutant is undone in the same step
late_mutants=$(sed -n 's/^\([0-9]*\) late-.*/\1/p' /lib/policy/mutants.list)
for number in $late_mutants; do labctl set $booleans/mutant_$number 0 /sys/fs/selinux/commit_pending_bools 1; done
late probe
late sleeper-attach
sleep 3 # until they run: then they need nothing more
while read -r number suite type class permission; do
    case $suite in late-*) continue ;; esac
    labctl set $booleans/mutant_$before 1 $booleans/mutant_$number 0 /sys/fs/selinux/commit_pending_bools 1
    mutant $suite $type $class $permission "denied  \{ ([a-z_]+ )*$permission( [a-z_]+)* \}.*tclass=$class "
    before=$number
done </lib/policy/mutants.list
for program in probe sleeper-attach; do holds "not ended in time: $program" ended $program 'did not end within 5 seconds.*status 1'; done
for type in tapgrant_t tapgrant_attach_t; do
    holds "without $type:process sigkill" grep -qE "denied  \{ sigkill \}.*:user_t:.*tcontext=[^ ]*:$type:" /tmp/avc
done
section=mutant-ioctl
while read -r suite type number places; do
    labctl load /lib/policy/mutants $places
    mutant $suite $type ioctl $number "denied  \{ ioctl \}.*ioctlcmd=$number "
done </lib/policy/ioctls.list

#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# /sbin/init of the guest.  First as kernel_t, without a policy; then, enforcing, as labtest_t.
export PATH=/usr/sbin:/usr/bin
if [ "$1" != checks ]; then
    mount -t proc proc /proc
    mount -t sysfs sysfs /sys
    mount -t devtmpfs dev /dev
    mount -t tmpfs tmpfs /tmp
    mount -t tmpfs -o mode=0755 tmpfs /run
    mount -t selinuxfs selinuxfs /sys/fs/selinux
    exec </dev/null >/dev/ttyS0 2>&1
    echo 0 >/proc/sys/kernel/printk_ratelimit # without an audit daemon denials are lines of the kernel's log
    dmesg -n 1
    for module in llc stp bridge tun; do insmod "/lib/modules/$module.ko" || echo "not ok - module $module"; done
    chmod 666 /dev/net/tun
    ip link set lo up
    # journald's socket, made before the policy is loaded, as in an initial RAM disk: kernel_t's
    mkdir -p /run/systemd/journal
    labctl log /run/systemd/journal/dev-log /tmp/log
    ln -s /run/systemd/journal/dev-log /dev/log
    labctl load /lib/policy/shipped
    labctl set /sys/fs/selinux/enforce 1
    label() { labctl label "system_u:object_r:$1:s0" $2; }
    label tun_tap_device_t /dev/net/tun
    label null_device_t /dev/null
    label tmp_t "/tmp /tmp/log"
    label var_run_t /run
    label init_runtime_t /run/systemd
    label syslogd_runtime_t /run/systemd/journal
    label devlog_t "/run/systemd/journal/dev-log /dev/log"
    exec labctl run 0 system_u:system_r:labtest_t:s0-s0:c0.c1023 sh /sbin/init checks
fi
echo "enforcing $(cat /sys/fs/selinux/enforce), as $(tr -d '\0' </proc/self/attr/current), $(uname -r)"
labctl avc >/dev/null
. /lib/checks.sh
. /lib/behaviour.sh
. /lib/mutants.sh
echo "$passed passed, $failed failed"
echo o >/proc/sysrq-trigger
sleep 10

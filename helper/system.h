/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every system header that privileged code includes, in one place: what a reviewer must trust beside the three
 * libraries, whose headers are named where they are used.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/if_tun.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <search.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

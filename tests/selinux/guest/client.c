// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * client: what a hypervisor does with a tap, and what one that broke out would try.  Also installed, setuid and with the
 * helper's label, as probe: what the helper would do if its code were the attacker's; and without an argument, as the library
 * starts the helper: does not end for 7 s, as sleeper-attach in the domain that attaches.  Exits with 0 where it was let,
 * 13 (EACCES) or 1 (EPERM) where it was not, 99 where something else went wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int say(const char *what, int result) {
    if (result >= 0) return 0;
    printf("%s: %s; ", what, strerror(errno));
    return errno == EACCES || errno == EPERM ? errno : 99;
}

/* A broadcast from 52:54:00:00:00:LAST, behind a virtio header. */
static int send_frame(int tap, int last) {
    char frame[74] = {[10] = (char)0xff, [11] = (char)0xff, [12] = (char)0xff, [13] = (char)0xff, [14] = (char)0xff, [15] = (char)0xff,
                      [16] = 0x52, [17] = 0x54, [21] = (char)last, [22] = (char)0x88, [23] = (char)0xb5};

    return say("write", (int)write(tap, frame, sizeof(frame)));
}

/* All that a hypervisor does; refusals of the kernel's own, such as of an unknown setting, are none of SELinux's. */
static int use(int tap) {
    static const unsigned long calls[] = {TUNGETFEATURES, TUNGETIFF, TUNGETSNDBUF, TUNSETSNDBUF, TUNGETVNETHDRSZ, TUNSETVNETHDRSZ,
                                          TUNSETVNETLE, TUNGETVNETLE, TUNSETVNETBE, TUNGETVNETBE, TUNSETSTEERINGEBPF};
    char buffer[4096] = {0};
    int number, worst = 0;
    struct stat node;

    fcntl(tap, F_SETFL, O_NONBLOCK);
    if (fstat(tap, &node)) worst = say("fstat", -1);
    if (read(tap, buffer, sizeof(buffer)) < 0 && errno == EACCES) worst = say("read", -1);
    if (send_frame(tap, 1)) worst = EACCES;
    if (ioctl(tap, TUNSETOFFLOAD, 0UL)) worst = say("TUNSETOFFLOAD", -1);
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        memset(buffer, 0, sizeof(buffer));
        number = calls[i] == TUNSETVNETHDRSZ ? 10 : calls[i] == TUNSETSNDBUF ? 1 << 20 : calls[i] == TUNSETSTEERINGEBPF ? -1 : 0;
        memcpy(buffer, &number, sizeof(number));
        if (ioctl(tap, calls[i], buffer) < 0 && errno == EACCES) worst = say("ioctl", -1);
    }
    return worst;
}

/* Switches a queue of a multi-queue tap off and on again. */
static int requeue(int tap) {
    struct ifreq request = {.ifr_flags = IFF_DETACH_QUEUE};

    if (ioctl(tap, TUNSETQUEUE, &request)) return say("IFF_DETACH_QUEUE", -1);
    request.ifr_flags = IFF_ATTACH_QUEUE;
    return say("IFF_ATTACH_QUEUE", ioctl(tap, TUNSETQUEUE, &request));
}

static int change(int tap, const char *what) {
    struct ifreq address = {.ifr_hwaddr = {.sa_family = 1 /* ARPHRD_ETHER */, .sa_data = {0x02, 0, 0, 0, 0, 9}}};

    if (!strcmp(what, "owner")) return say(what, ioctl(tap, TUNSETOWNER, 1001UL));
    if (!strcmp(what, "group")) return say(what, ioctl(tap, TUNSETGROUP, 1001UL));
    if (!strcmp(what, "persist")) return say(what, ioctl(tap, TUNSETPERSIST, 1UL));
    if (!strcmp(what, "link")) return say(what, ioctl(tap, TUNSETLINK, 1UL));
    if (!strcmp(what, "carrier")) return say(what, ioctl(tap, TUNSETCARRIER, &(int){0}));
    if (!strcmp(what, "address")) return say(what, ioctl(tap, SIOCSIFHWADDR, &address));
    return 99;
}

static int attach(const char *name, int flags) {
    struct ifreq request = {.ifr_flags = (short)flags};
    int tap = open("/dev/net/tun", O_RDWR), code;

    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    code = tap < 0 ? say("open", -1) : say("TUNSETIFF", ioctl(tap, TUNSETIFF, &request));
    return code ? code : send_frame(tap, 1);
}

/* As QEMU's -netdev bridge does: argv is the helper's, to which --fd= is added; then the descriptor that it sends is used. */
static int take(char *argv[], int argc) {
    char control[CMSG_SPACE(sizeof(int))] = {0}, byte, option[32];
    struct iovec bytes = {&byte, 1};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    struct cmsghdr *header;
    int pair[2], status, tap;
    char *words[32] = {0};
    pid_t pid;

    if (argc > 30 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) return 99;
    snprintf(option, sizeof(option), "--fd=%d", pair[1]);
    memcpy(words, argv, (size_t)argc * sizeof(*argv));
    words[argc] = option;
    pid = fork();
    if (!pid) {
        execv(words[0], words);
        _exit(98);
    }
    close(pair[1]);
    if (recvmsg(pair[0], &message, 0) <= 0) message.msg_controllen = 0;
    waitpid(pid, &status, 0);
    header = CMSG_FIRSTHDR(&message);
    if (status || !header) return printf("helper's status %d; ", status), WIFEXITED(status) && status ? WEXITSTATUS(status) : 97;
    memcpy(&tap, CMSG_DATA(header), sizeof(tap));
    return use(tap);
}

/* From the helper's domain to the one that attaches, where it is in the first. */
static int enter_attach(void) {
    char label[256] = "", other[300];
    int file = open("/proc/self/attr/current", O_RDWR);
    const char *at = read(file, label, sizeof(label) - 1) > 0 ? strstr(label, ":tapgrant_t:") : NULL;
    int length = at ? snprintf(other, sizeof(other), "%.*s:tapgrant_attach_t%s", (int)(at - label), label, at + 11) : 0;

    return at ? say("attr/current", pwrite(file, other, (size_t)length, 0) == length ? 0 : -1) : 0;
}

/* What is none of the business of the helper while it attaches; it can be in the other domain as well. */
static int probe_attaching(const char *what) {
    struct ifreq made = {.ifr_name = "probe0", .ifr_flags = IFF_TAP | IFF_TUN_EXCL}, there = {.ifr_name = "admin1", .ifr_flags = IFF_TAP | IFF_NO_PI};
    int file;

    if (enter_attach()) return 99;
    if (!strcmp(what, "shadow")) return say(what, open("/etc/shadow", O_RDONLY));
    if (!strcmp(what, "rtnetlink")) return say(what, socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
    if (!strcmp(what, "forward")) return say(what, open("/proc/sys/net/ipv4/ip_forward", O_WRONLY));
    if (!strcmp(what, "itself")) return say(what, execl("/proc/self/exe", "client", "nothing", NULL));
    file = open("/dev/net/tun", O_RDWR);
    if (!strcmp(what, "make")) return say(what, ioctl(file, TUNSETIFF, &made));
    if (!strcmp(what, "admins")) return say(what, ioctl(file, TUNSETIFF, &there));
    if (!strcmp(what, "setowner")) return ioctl(file, TUNSETOWNER, 0UL) && errno == EBADFD ? 0 : say(what, -1); /* not attached */
    return 99;
}

/* What is none of the helper's business. */
static int probe(const char *what) {
    int file;

    if (!strncmp(what, "attaching-", 10)) return probe_attaching(what + 10);
    if (!strcmp(what, "shadow")) return say(what, open("/etc/shadow", O_RDONLY));
    if (!strcmp(what, "home")) return say(what, open("/home/alice/secret", O_RDONLY));
    if (!strcmp(what, "packet")) return say(what, socket(AF_PACKET, SOCK_RAW, 0));
    if (!strcmp(what, "inet")) return say(what, socket(AF_INET, SOCK_DGRAM, 0));
    if (!strcmp(what, "inet6")) return say(what, socket(AF_INET6, SOCK_STREAM, 0));
    if (!strcmp(what, "netfilter")) return say(what, socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER));
    if (!strcmp(what, "shell")) return say(what, execl("/bin/sh", "sh", "-c", "exit 0", NULL));
    if (!strcmp(what, "itself")) return say(what, execl("/proc/self/exe", "client", "nothing", NULL));
    if (!strcmp(what, "tmp")) return say(what, open("/tmp/file", O_WRONLY | O_CREAT, 0600));
    if (!strcmp(what, "etc")) return say(what, open("/etc/passwd", O_WRONLY));
    if (!strcmp(what, "policy")) return say(what, open("/etc/tapgrant/policy.conf", O_WRONLY));
    if (!strcmp(what, "hostname")) return say(what, open("/proc/sys/kernel/hostname", O_WRONLY));
    if (!strcmp(what, "vlan")) return say(what, open("/sys/class/net/br0/bridge/vlan_filtering", O_WRONLY));
    if (!strcmp(what, "kill")) return say(what, kill(1, 0));
    if (!strcmp(what, "memory")) return say(what, open("/dev/mem", O_RDONLY));
    file = open("/dev/net/tun", O_RDWR);
    if (!strcmp(what, "setpersist")) return say(what, ioctl(file, TUNSETPERSIST, 1UL));
    if (!strcmp(what, "setgroup")) return say(what, ioctl(file, TUNSETGROUP, 0UL));
    return 99;
}

int main(int argc, char *argv[]) {
    const char *verb = argc > 1 ? argv[1] : "";
    int worst = 0;

    if (argc == 1) {
#ifdef ATTACHING
        if (enter_attach()) return 99;
#endif
        sleep(7);
        return 99;
    }

    if (argc > 3 && !strcmp(verb, "change")) return change(atoi(argv[2]), argv[3]);
    if (argc > 3 && !strcmp(verb, "frame")) return send_frame(atoi(argv[2]), atoi(argv[3]));
    if (argc > 2 && !strcmp(verb, "attach")) return attach(argv[2], IFF_TAP | IFF_NO_PI | IFF_VNET_HDR);
    if (argc > 2 && !strcmp(verb, "make")) return attach(argv[2], IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL);
    if (argc > 2 && !strcmp(verb, "requeue")) return requeue(atoi(argv[2]));
    if (argc > 2 && !strcmp(verb, "take")) return take(argv + 2, argc - 2);
    if (argc > 2 && !strcmp(verb, "probe")) return probe(argv[2]);
    if (argc > 2 && !strcmp(verb, "nnp")) return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? 99 : say("exec", execv(argv[2], argv + 2));
    for (int i = 2; !strcmp(verb, "use") && i < argc; i++) {
        for (const char *fd = strtok(argv[i], ":"); fd; fd = strtok(NULL, ":")) {
            int code = use(atoi(fd));

            if (code) worst = code;
        }
    }
    return !strcmp(verb, "nothing") ? 0 : !strcmp(verb, "use") ? worst : 99;
}

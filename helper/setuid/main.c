// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * tapgrant-helper: one request, one answer, exit.  Installed setuid root.
 *
 * Theory of operation, by privilege:
 *
 *   root                    start    the process is made its own; log and netlink sockets are opened
 *                           request  the fixed-size request that waits on descriptor 0 is received and checked
 *                           policy   the policy is read and parsed, and what it needs of /etc; the last heap
 *   caller, CAP_NET_ADMIN   decide   for every interface, before any is made; then for one after the other
 *                           device   made exclusively, root's at once
 *                           quota    one of the caller's slots is claimed by an alternative name
 *                           link     addresses, MTU, bridge; read back; up
 *                           reply    logged and given to the caller
 *   caller                           sent
 *
 * There is no way back and nothing to clean up: whatever fails ends the process, the descriptors close, and the
 * kernel removes the devices with them.  Hostile: the caller, who sends the request, may stop or kill the process at
 * any instruction, and watches everything it does to the network.
 */
#include "helper/grant/stages.h"

/* Static, so that it is zeros, and no stage allocates. */
static enum wire_stage stage;
static uint32_t at; /* the interface that a stage is at */
static int logger;
static struct policy policy;
static struct wire_request request;
static struct policy_verdict verdict[WIRE_INTERFACES];
static struct link bridge[WIRE_INTERFACES];
static struct device device[WIRE_INTERFACES];
static struct wire_reply reply = {.magic = WIRE_MAGIC, .version = WIRE_VERSION};

/* Whatever is wrong with the policy, or with a file that it needs, is one denial. */
static int load_policy(void) {
    static gid_t groups[65536]; /* NGROUPS_MAX */
    struct policy_accounts accounts;
    const char *path;
    char *text;
    size_t size;
    int count = getgroups(sizeof(groups) / sizeof(groups[0]), groups);
    int error;

    if (count < 0) {
        return WIRE_DENIED;
    }
    error = policy_file_read(POLICY_FOLDER, "policy.conf", POLICY_SIZE, &text, &size);
    if (error) {
        return WIRE_DENIED;
    }
    error = policy_parse(&policy, text, size, NULL, NULL);
    if (error) {
        return WIRE_DENIED;
    }
    policy.caller = (struct policy_caller){getuid(), getgid(), groups, (size_t)count, "", 0};
    error = policy_accounts_read(&policy, &accounts, &path);
    if (error) {
        return WIRE_DENIED;
    }
    error = policy_resolve(&policy, &accounts);
    return error ? WIRE_DENIED : 0;
}

/*
 * The bridge's name may be another device's alternative one: only the name that the kernel returns is shown to the
 * policy, and from here on only the index is used.
 */
static int decide(const struct wire_interface *asked, struct wire_device *to) {
    static int pinned; /* as link_pinned() said of the last bridge */
    const bool again = at && !strcmp(asked->bridge, asked[-1].bridge); /* interfaces on one bridge: it is asked once */
    struct policy_bridge facts = {.mtu = POLICY_MTU_ALONE, .pinned = true};
    struct link *link = &bridge[at];
    int error = asked->bridge[0] && !again ? link_read(0, asked->bridge, link) : 0;

    if (error && error != -ENODEV) return error;
    if (again) *link = bridge[at - 1];
    if (link->index && !strcmp(link->kind, "bridge") && wire_bridge_valid(link->name)) {
        if (!again) pinned = link_pinned(link);
        facts = (struct policy_bridge){.mtu = link->mtu, .exists = true, .pinned = pinned != -ESTALE, .takes_ra = link->takes_ra};
        memcpy(facts.name, memcpy(to->bridge, link->name, WIRE_NAME), WIRE_NAME);
        if (asked->mtu > link->mtu) {
            error = link_port_mtu(link->index, &facts.port_mtu);
        }
        if (error) {
            return error;
        }
    }
    verdict[at] = policy_decide(&policy, asked, &facts);
    if (verdict[at].rule) memcpy(to->rule, verdict[at].rule->name, sizeof(to->rule));
    if (verdict[at].failed != POLICY_KEYS) return WIRE_DENIED;
    to->mtu = verdict[at].mtu;
    reply.faults = verdict[at].faults;
    return facts.exists && pinned && pinned != -ESTALE ? pinned : reply.faults ? WIRE_UNFIT_BRIDGE : 0;
}

/*
 * device: the tap, root's.
 * quota: one of the caller's slots under the rule, the alternative name quota.tapgrant.UID.RULE.N, N below the rule's max.
 * Names are unique in a network namespace, go with their device, and only CAP_NET_ADMIN can add or remove one: the
 * kernel's name table is ledger and lock at once.  Always of 16 bytes or more, so that no device can be called so.
 * link: the addresses asked for.  The tap's own is else the guest's with fe (fa) for its first octet, as libvirt makes
 * it, or a random one, fe:; the guest's, where the port is locked to it, a random one of the locally administered.
 */
static int make(const struct wire_interface *asked, struct wire_device *to) {
    const struct policy_rule *rule = verdict[at].rule;
    uint32_t max = policy_number(rule, POLICY_MAX);
    struct { uint32_t slot; uint8_t mac[8]; } random;
    char name[128]; /* ALTIFNAMSIZ */
    int error = (stage = WIRE_DEVICE, device_create(asked, &device[at]));

    to->ifindex = device[at].link.index;
    to->queues = asked->queues;
    memcpy(to->dev, device[at].link.name, sizeof(to->dev));
    /* not the device's own first address: who attached before it was root's could have chosen it */
    if (!error && getrandom(&random, sizeof(random), GRND_INSECURE) != sizeof(random)) error = -EAGAIN;
    if (error) return error;

    stage = WIRE_QUOTA, error = -EEXIST;
    for (uint32_t i = 0; error == -EEXIST && i < max; i++) { /* from a random one on, so that callers at once rarely meet */
        to->slot = (uint16_t)((random.slot % max + i) % max);
        snprintf(name, sizeof(name), "quota.tapgrant.%u.%s.%u", getuid(), rule->name, to->slot);
        error = link_add_altname(to->ifindex, name);
    }
    if (error == -EEXIST) to->slot = (uint16_t)max, error = WIRE_OVER_QUOTA;
    if (error) return error;

    stage = WIRE_LINK;
    random.mac[0] = (uint8_t)((random.mac[0] & 0xfc) | 2);
    memcpy(to->guest_mac, wire_mac_absent(asked->guest_mac) && verdict[at].lock_mac ? random.mac : asked->guest_mac, 6);
    memcpy(to->host_mac, wire_mac_absent(to->guest_mac) ? random.mac : to->guest_mac, 6);
    to->host_mac[0] = to->guest_mac[0] == 0xfe ? 0xfa : 0xfe;
    if (!wire_mac_absent(asked->host_mac)) memcpy(to->host_mac, asked->host_mac, 6);
    snprintf(name, sizeof(name), "tapgrant uid=%u rule=%s", getuid(), rule->name);
    return link_configure(to, &bridge[at], name, verdict[at].lock_mac, verdict[at].isolate);
}

/* One line for each decision, as tapgrant, facility authpriv.  Of a request that was not valid nothing is shown. */
static void log_decision(int result, const struct wire_interface *asked, const struct wire_device *told) {
    static const char *const word[] = {"granted", "version", "malformed", "unprivileged", "denied", "unfit-bridge", "over-quota",
                                       "name-taken", "failed"};
    char line[320];

    snprintf(line, sizeof(line), "<%d>tapgrant[%d]: uid=%u verdict=%s rule=%s device=%s index=%u bridge=%s stage=%d error=%u",
             LOG_AUTHPRIV | (result ? LOG_NOTICE : LOG_INFO), (int)getpid(), getuid(), word[reply.status], told->rule,
             result ? asked->dev : told->dev, told->ifindex, result ? asked->bridge : told->bridge, (int)stage, reply.error);
    send(logger, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL);
}

/*
 * From here on its holder may change its MAC, owner and persistence, and kill us and keep a multi-queue device: so it is
 * logged before, and not again.
 */
static int give(const struct wire_interface *asked, struct wire_device *to) {
    log_decision(0, asked, to);
    return ioctl(device[at].queue[0], TUNSETOWNER, (unsigned long)getuid()) ? -errno : 0;
}

/*
 * The end of every way: privilege gone, a refusal logged, the reply sent.  A denial is one answer: nothing in it tells one
 * cause from another.
 */
static int answer(int result) {
    reply.interface = result ? at : 0;
    if (privilege_leave() || (stage == WIRE_START && result == -ENOTSOCK)) return 1;
    if (stage <= WIRE_REQUEST) memset(&request, 0, sizeof(request)); /* unread, or not valid: nothing of it is used */
    reply.status = result < 0 ? WIRE_FAILED : (uint32_t)result;
    reply.error = result < 0 ? (uint32_t)-result : 0;
    if (result) log_decision(result, &request.interface[reply.interface], &reply.device[reply.interface]);
    if (result == WIRE_DENIED) memset(&reply.device, 0, sizeof(reply.device));
    reply.stage = result == WIRE_DENIED ? 0 : stage;
    reply.count = result ? 0 : request.count;
    return reply_send(STDIN_FILENO, &reply, device) || result;
}

/* The same for one interface after the other, up to the first that fails. */
static int each(int (*step)(const struct wire_interface *, struct wire_device *)) {
    int result = 0;

    for (at = 0; !result && at < request.count; at += !result) result = step(&request.interface[at], &reply.device[at]);
    return result;
}

int main(void) {
    int result = start_clean();

    logger = log_open();
    if (!result) result = link_connect();
    if (!result) stage = WIRE_REQUEST, result = request_receive(STDIN_FILENO, &request);
    if (!result) stage = WIRE_POLICY, result = load_policy();
    if (!result) result = privilege_enter();
    if (!result) stage = WIRE_DECIDE, result = each(decide);
    if (!result) result = each(make); /* device, quota, link */
    if (!result) stage = WIRE_REPLY, result = each(give);
    _exit(answer(result)); /* nothing is left for libc to do */
}

# SPDX-License-Identifier: LGPL-2.1-or-later
"""A second implementation of tapgrant-policy(5), written from that page alone.

No line of the first one was read for it: where the two differ, one of them or the page is wrong.
"""
import re
from dataclasses import dataclass, field

SIZE, LINE = 16777216, 190
MOST = 4294967294
NUMBER = re.compile(rb"0|[1-9][0-9]{0,9}")
NAME = re.compile(rb"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,62}")
OWN_NAME = re.compile(rb"[A-Za-z0-9_.-]{1,63}")
PATTERN = re.compile(rb"(?:[A-Za-z0-9_.*-]|\{uid\}|\{user\})+")
PIECE = re.compile(rb"\{uid\}|\{user\}|.", re.S)
OCTET = rb"(?:[0-9A-Fa-f]{2}|\*)"
ADDRESS = re.compile(rb"%b(?::%b){5}|(?:[0-9A-Fa-f]{2}:){0,5}\*" % (OCTET, OCTET))
SECTION = re.compile(rb"\[rule ([A-Za-z0-9_-]{1,32})\]")
ENTRY = re.compile(rb"([a-z-]+) *=(.*)")
SUBUID_NUMBER = re.compile(rb"[ \t\n\v\f\r]*([+-]?)(0[xX][0-9A-Fa-f]+|0[0-7]*|[1-9][0-9]*)")
SUBUID_LINE, LARGEST = 1024, 2 ** 64
BRIDGE_NAME = re.compile(rb"[!-.0-~]{1,15}")
BOUNDS = {"mtu": (68, 65521), "queues": (1, 253), "max": (0, 256)}
KEYS = ("user", "bridge", "isolate", "lock-mac", "dev", "guest-mac", "host-mac", "mtu", "queues", "max",
        "allow-unpinned-bridge", "allow-ra-bridge", "allow-other-netns")
LISTS = ("user", "bridge", "dev", "guest-mac", "host-mac")


class Void(Exception):
    """The policy is void, or one of its names, or the caller's, is not to be had: everybody is denied."""


@dataclass
class Link:
    """What the kernel has under the name of a request's bridge."""
    name: bytes
    mtu: int = 1500
    kind: str = "bridge"
    pinned: bool = True
    takes_ra: bool = False
    others: tuple = ()  # the MTUs of its ports that are no taps


@dataclass
class Case:
    policy: bytes
    passwd: bytes | None = b""  # None: cannot be read
    group: bytes | None = b""
    subuid: bytes | None = b""
    uid: int = 1000
    gid: int = 1000
    groups: list = field(default_factory=list)
    dev: bytes = b""
    bridge: bytes = b""
    guest_mac: bytes = bytes(6)
    host_mac: bytes = bytes(6)
    mtu: int = 0
    queues: int = 1
    link: Link | None = None
    other_netns: bool = False  # the caller is in another network namespace than the service
    netns: int = 0  # 1: host


def number(word):
    """The number that the word is, or None."""
    return int(word) if NUMBER.fullmatch(word) and int(word) <= MOST else None


def interval(word):
    """(first, last) of a number or a range, or None."""
    low, dash, high = word.partition(b"-")
    first = number(low)
    last = number(high) if dash else first
    return (first, last) if first is not None and last is not None and first <= last else None


def is_name(word):
    return bool(NAME.fullmatch(word)) and not word.startswith(b"-") and bool(re.search(rb"[^0-9-]", word))


def words(value):
    return [word for word in value.split(b" ") if word]


def valid_who(word):
    if word.startswith(b"%"):
        return number(word[1:]) is not None or is_name(word[1:])
    return word == b"*" or interval(word) is not None or is_name(word)


def valid(key, value):
    if key in LISTS:
        test = {"user": valid_who, "guest-mac": ADDRESS.fullmatch, "host-mac": ADDRESS.fullmatch}.get(key, PATTERN.fullmatch)
        return all(test(word) for word in words(value))
    if key in BOUNDS:
        least, most = BOUNDS[key]
        if key != "mtu" and b"-" in value:
            return False
        found = interval(value)
        return found is not None and least <= found[0] and found[1] <= most
    return value in (b"yes", b"no")


def is_text(line):
    """UTF-8 without control characters."""
    try:
        return not re.search("[\\x00-\\x1f\\x7f-\\x9f]", line.decode())
    except UnicodeDecodeError:
        return False


def line_kind(line):
    """None: nothing to read; (name, None): a section; (key, value)."""
    is_comment = line[:1] in (b";", b"#")
    if len(line) > LINE or not (is_text(line) if is_comment else re.fullmatch(rb"[ -~]*", line)) or line.startswith(b" "):
        raise Void("bytes")
    if not line or is_comment:
        return None
    if b";" in line or b"#" in line:
        raise Void("comment")
    section = SECTION.fullmatch(line)
    if section:
        return section.group(1), None
    entry = ENTRY.fullmatch(line)
    if not entry or not entry.group(2).strip(b" "):
        raise Void("line")
    return entry.group(1).decode(), entry.group(2).strip(b" ")


def parse(text):
    """[(name, {key: value})], or Void."""
    if len(text) > SIZE or (text and not text.endswith(b"\n")):
        raise Void("size or end")
    rules = []
    for line in text.split(b"\n")[:-1]:
        found = line_kind(line)
        if found is None:
            continue
        key, value = found
        if value is None:
            if key in [name for name, _ in rules]:
                raise Void("section again")
            rules.append((key, {}))
        elif not rules or key not in KEYS or not valid(key, value):
            raise Void(key)
        elif key in rules[-1][1]:
            if key not in LISTS:
                raise Void("again")
            rules[-1][1][key] += b" " + value
        else:
            rules[-1][1][key] = value
    for _, rule in rules:
        if "user" not in rule or "bridge" not in rule:
            raise Void("missing")
        if set(words(rule["bridge"])) != {b"none"} and not ("isolate" in rule and "lock-mac" in rule):
            raise Void("missing")
    return rules


def entries(text):
    """[(name, id)] of passwd(5) or group(5)."""
    if text is None:
        raise Void("unreadable")
    found = []
    for line in text.split(b"\n"):
        fields = line.split(b":")
        if len(fields) >= 3 and fields[0] and number(fields[2]) is not None:
            found.append((fields[0], number(fields[2])))
    return found


def subuid_number(field):
    """As strtoul(3) reads it in base 0, where unsigned long has 64 bits; None: not a number, or too large."""
    found = SUBUID_NUMBER.fullmatch(field)
    if not found:
        return None
    sign, digits = found.groups()
    octal = digits.startswith(b"0") and digits[1:2] not in (b"x", b"X")
    value = int(digits, 8 if octal else 0)
    if value >= LARGEST:
        return None
    return -value % LARGEST if sign == b"-" else value


def subordinate_ids(text):
    """[(first, last)] of the lines of subuid(5) that have ids."""
    if text is None or b"\0" in text:
        raise Void("unreadable")
    found = []
    for line in text.split(b"\n"):
        fields = line.split(b":")
        if len(line) >= SUBUID_LINE or line[:1] in (b"+", b"-") or len(fields) < 3 or not fields[0]:
            continue
        first, count = subuid_number(fields[1]), subuid_number(fields[2])
        if first is not None and first <= MOST and count:
            found.append((first, min(first + count - 1, MOST)))
    return found


def is_broad(word):
    """Does the who-word stand for more than one id?"""
    found = interval(word)
    return word == b"*" or word.startswith(b"%") or (found is not None and found[0] < found[1])


def names_of(rules):
    """The who-words that are names: users', and groups' without the %."""
    who = [word for _, rule in rules for word in words(rule["user"])]
    users = {word for word in who if not word.startswith(b"%") and word != b"*" and interval(word) is None}
    groups = {word[1:] for word in who if word.startswith(b"%") and number(word[1:]) is None}
    return users, groups


def resolve(rules, case):
    """({user: uid}, {group: gid}, the caller's name or None, [subordinate ids]), or Void."""
    users, groups = names_of(rules)
    own = any(b"{user}" in rule.get(key, b"") for _, rule in rules for key in ("bridge", "dev"))
    uids, gids, name, lines = {}, {}, None, []
    if any(is_broad(word) for _, rule in rules for word in words(rule["user"])):
        lines = subordinate_ids(case.subuid)
    if users or groups or own:
        for entry, uid in entries(case.passwd):
            uids.setdefault(entry, uid)
            if uid == case.uid and name is None:
                name = entry
        for entry, gid in entries(case.group):
            gids.setdefault(entry, gid)
    if not users <= set(uids) or not groups <= set(gids):
        raise Void("name")
    if own and not (name and OWN_NAME.fullmatch(name)):
        raise Void("caller")
    return uids, gids, name, lines


def who_matches(word, case, names):
    uids, gids, _, lines = names
    if is_broad(word) and any(first <= case.uid <= last for first, last in lines):
        if word == b"*" or word.startswith(b"%"):
            return False
        low, high = interval(word)
        return low <= case.uid <= high and any(first <= low and high <= last for first, last in lines)
    if word == b"*":
        return True
    if word.startswith(b"%"):
        wanted = number(word[1:])
        return (gids[word[1:]] if wanted is None else wanted) in [case.gid, *case.groups]
    found = interval(word)
    return found[0] <= case.uid <= found[1] if found else uids[word] == case.uid


def pattern_matches(word, text, case, names):
    stand_for = {b"*": b".*", b"{uid}": b"%d" % case.uid, b"{user}": re.escape(names[2] or b"")}
    expression = b"".join(stand_for.get(piece) or re.escape(piece) for piece in PIECE.findall(word))
    return re.fullmatch(expression, text, re.S) is not None


def address_matches(word, address):
    octets = word.split(b":")
    if len(octets) < 6:
        octets = octets[:-1] + [b"*"] * (7 - len(octets))
    return all(octet == b"*" or int(octet, 16) == byte for octet, byte in zip(octets, address, strict=True))


def bridge_matches(rule, case, names):
    if not case.bridge:
        return b"none" in words(rule["bridge"])
    link = case.link
    if not link or link.kind != "bridge" or not BRIDGE_NAME.fullmatch(link.name) or link.name == b"none":
        return False
    return any(word != b"none" and pattern_matches(word, link.name, case, names) for word in words(rule["bridge"]))


def first_failed(rule, case, names, own_mtu):
    """The first of the conditions behind user and bridge that does not hold."""
    if case.other_netns and not (case.netns and rule.get("allow-other-netns") == b"yes"):
        return "allow-other-netns"
    if rule.get("max") == b"0":
        return "max"
    if case.dev and not any(pattern_matches(word, case.dev, case, names) for word in words(rule.get("dev", b""))):
        return "dev"
    any_guest = b"" if rule.get("lock-mac") == b"yes" else b"*"
    for key, address, absent in (("guest-mac", case.guest_mac, any_guest), ("host-mac", case.host_mac, b"")):
        if any(address) and not any(address_matches(word, address) for word in words(rule.get(key, absent))):
            return key
    if case.mtu not in (0, own_mtu):
        low, high = interval(rule["mtu"]) if "mtu" in rule else (1, 0)
        if not low <= case.mtu <= high:
            return "mtu"
    return "queues" if case.queues > int(rule.get("queues", b"1")) else None


def decide(case):
    """('void',), ('denied',), ('denied', rule, key) or ('granted', rule, faults, mtu, port)."""
    try:
        rules = parse(case.policy)
        names = resolve(rules, case)
    except Void:
        return ("void",)
    for name, rule in rules:
        if not any(who_matches(word, case, names) for word in words(rule["user"])) or not bridge_matches(rule, case, names):
            continue
        own_mtu = case.link.mtu if case.bridge else 1500
        failed = first_failed(rule, case, names, own_mtu)
        if failed:
            return ("denied", name.decode(), failed)
        faults = []
        if case.bridge and not case.link.pinned and rule.get("allow-unpinned-bridge") != b"yes":
            faults.append("unpinned")
        if case.bridge and case.link.takes_ra and rule.get("allow-ra-bridge") != b"yes":
            faults.append("ra")
        mtu = case.mtu or own_mtu
        if case.bridge and mtu < own_mtu:
            faults.append("mtu")
        if case.bridge and mtu > own_mtu and not any(other <= mtu for other in case.link.others):
            faults.append("raised")
        if case.bridge and own_mtu < 1280 and mtu < 1280:
            faults.append("ipv6")
        port = [key for key in ("lock-mac", "isolate") if case.bridge and rule[key] == b"yes"]
        return ("granted", name.decode(), "+".join(faults) or "-", str(mtu), "+".join(port) or "-")
    return ("denied",)

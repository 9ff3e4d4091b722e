# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt's documents in and out.  libvirt is asked the same: a session daemon of the user's own."""
import os
import pwd
import re
import struct
import subprocess
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from host import ALICE, BOB, HELPER, PREFIX, TAPGRANT, Host, beside_build
from test_libvirt import DOMAIN, Libvirt

TOP = Path(__file__).resolve().parents[2]
IMPORT = PREFIX / "libexec/tapgrant-import"
DOCUMENTS = sorted((TOP / "tests/data/libvirt").glob("*.xml"))
VNET_HDR = ("virtio", "virtio-transitional", "virtio-non-transitional", "e1000e", "igb", "vmxnet3")
CARRIED = ("type", "dev", "managed", "bridge", "guest_mac", "mtu", "queues", "script", "downscript", "vnet_hdr")


@pytest.fixture(scope="module")
def libvirt():
    host = Host()
    a_libvirt = Libvirt(host)
    yield a_libvirt
    a_libvirt.close()
    host.close()


class Import:
    """tapgrant import of a text, as ALICE."""

    def __init__(self, host, text, *options):
        self.path = host.folder / "import.xml"
        self.path.write_text(text)
        result = host.tapgrant("import", *options, self.path)
        self.code, self.out, self.err, self.result = result.code, result.out, result.err, result

    @property
    def faults(self):
        assert self.code == 2 and self.out == "", self.result
        return [line.split(": ", 2)[2] for line in self.err.splitlines() if not line.startswith("hint: ")]


def documents(text):
    """Each of several documents in one file."""
    text = re.sub(r"<\?xml .*?\?>", "", text)
    return list(ET.fromstring(f"<all>{text}</all>"))


def attribute(interface, element, name):
    found = interface.find(element)
    return found.get(name) if found is not None else None


def facts(interface):
    """What is carried of libvirt's <interface>, by a reading of our own."""
    managed, dev, model = (attribute(interface, *names) for names in
                           (("target", "managed"), ("target", "dev"), ("model", "type")))
    generated = dev and managed != "no" and (dev.startswith(("vnet", "macvtap", "macvlan")) or re.fullmatch(r"tg\d+", dev))
    mtu, queues = attribute(interface, "mtu", "size"), attribute(interface, "driver", "queues")
    mac = attribute(interface, "mac", "address")
    found = {"dev": None if generated else dev, "managed": {"yes": True, "no": False}.get(managed),
             "bridge": attribute(interface, "source", "bridge") if interface.get("type") == "bridge" else None,
             "guest_mac": mac and mac.lower(), "mtu": int(mtu) if mtu and managed != "no" else None,
             "queues": int(queues) if queues and model and model.startswith("virtio") else None,
             "vnet_hdr": model in VNET_HDR if model else None,
             "script": attribute(interface, "script", "path"), "downscript": attribute(interface, "downscript", "path")}
    return {key: value for key, value in found.items() if value is not None}


def carried(document):
    """The facts of those interfaces of a document that are carried."""
    found = [document] if document.tag == "interface" else document.findall("devices/interface")
    return [facts(interface) for interface in found if interface.get("type") in ("ethernet", "bridge")]


def without_label(objects):
    return [{key: value for key, value in one.items() if key != "label"} for one in objects]


def without_comments(text):
    text = re.sub(r"\n{2,}", "\n\n", re.sub(r"^;.*\n", "", text, flags=re.M)).strip()
    return text and text + "\n"


def machine(interfaces):
    """The domain vm1, always the same one."""
    uuid = "<uuid>5b5e2a30-7e8c-4a4e-9d0c-6f0f2d0e1a01</uuid>"
    return DOMAIN.format(boot="", serial="", memory=32, interface=interfaces).replace("<name>", f"{uuid}<name>")


def identity(libvirt, interfaces):
    """Name, managed and address of each, as libvirt has them once they are defined."""
    document = libvirt.file("i.xml", machine(interfaces))
    text = libvirt.virsh(f"define {document}; dumpxml --inactive vm1").out
    return [(attribute(one, "target", "dev"), attribute(one, "target", "managed"), attribute(one, "mac", "address"))
            for one in ET.fromstring(text).findall("devices/interface")]


def test_there_are_at_least_40_documents_of_many_forms():
    assert len(DOCUMENTS) >= 40
    text = "".join(path.read_text() for path in DOCUMENTS)
    assert text.count('managed="no"') + text.count("managed='no'") > 10 and text.count("<domain") > 60


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_document_comes_back_as_it_was(libvirt, path):
    """import, show, show --libvirt: what is carried is not lost, and to libvirt it is the same interface."""
    host, text = libvirt.host, path.read_text()
    domain = documents(text)[-1]
    imported = Import(host, text)
    assert imported.code == 0, imported.result
    expected = carried(domain)
    assert without_label(Import(host, text, "--json").result.json["interfaces"]) == expected
    definitions = host.folder / "d.conf"
    definitions.write_text(imported.out)
    shown = host.tapgrant("show", definitions, check=True).out
    assert shown == without_comments(imported.out)
    definitions.write_text(shown)
    back = host.tapgrant("show", "--libvirt", definitions, check=True).out
    models = {True: "virtio", False: "e1000"}
    assert [facts(one) for one in documents(back)] == expected
    assert [attribute(one, "model", "type") for one in documents(back)] == [models.get(one.get("vnet_hdr")) for one in expected]
    if not expected:
        assert Import(host, back).faults == ["neither a <domain> nor an <interface>"]
        return
    assert without_label(Import(host, back, "--json").result.json["interfaces"]) == expected
    originals = [ET.tostring(one, encoding="unicode") for one in domain.findall("devices/interface")
                 if one.get("type") in ("ethernet", "bridge")]
    before, after = identity(libvirt, "".join(originals)), identity(libvirt, back)
    assert [(dev, managed, one.get("guest_mac", mac)) for (dev, managed, mac), one in zip(after, expected)] == before


def test_a_live_domain_is_imported_as_its_definition(libvirt):
    """virsh dumpxml of what runs has names that libvirt generated; without --inactive too."""
    host = libvirt.host
    host.tap("own0")
    libvirt.virsh("define", libvirt.file("l.xml", machine("""
        <interface type='ethernet'><mac address='52:54:00:00:00:01'/><target dev='own0' managed='no'/><model type='virtio'/>
        </interface><interface type='user'/>""")))
    libvirt.virsh("start", "vm1")
    live = libvirt.virsh("dumpxml", "vm1").out
    libvirt.virsh("destroy", "vm1")
    assert "<alias name='net0'/>" in live
    result = Import(host, live)
    assert without_comments(result.out) == ("[interface vm1-0]\ndev = own0\nmanaged = no\nguest-mac = 52:54:00:00:00:01\n"
                                            "vnet-hdr = yes\n")
    assert "vm1-0: left to the guest's device: alias, address" in result.err and "vm1-1: not carried: type 'user'" in result.err


@pytest.mark.parametrize("network", ["bridge=br0,model=virtio,mac=52:54:00:aa:bb:cc", "user"])
def test_what_virt_install_prints_is_read_from_a_pipe(libvirt, network):
    """Two documents of one machine: the second is said to be there, and not imported again."""
    socket = f"qemu:///session?socket={libvirt.home}/run/libvirt/libvirt-sock"
    script = (f"virt-install --print-xml --connect '{socket}' --virt-type qemu --memory 64 --disk none --osinfo generic --pxe "
              f"--name guest --network {network} | {TAPGRANT} import -")
    result = libvirt.host.run(*libvirt.words("sh", "-c", script), user=ALICE)
    expected = "[interface guest-0]\nbridge = br0\nguest-mac = 52:54:00:aa:bb:cc\nvnet-hdr = yes\n" if "bridge" in network else ""
    assert without_comments(result.out) == expected
    assert "domain guest: a second time, with the same interfaces: not carried" in result.err


# (interface, what tapgrant makes of it where that is meant to be another answer than libvirt's)
AGREE = None
RULES = {
    "<target dev='keep0'/>": AGREE,
    "<target dev='keep0' managed='yes'/>": AGREE,
    "<target dev='keep0' managed='no'/>": AGREE,
    "<target dev='keep0' managed='maybe'/>": AGREE,
    "<target dev='keep0' managed='NO'/>": AGREE,
    "<target dev='keep0' managed=''/>": AGREE,
    "<target managed='yes'/>": AGREE,
    "": AGREE,
    "<target dev='vnet5' managed='no'/>": AGREE,
    "<target dev='vnet6' managed='yes'/>": AGREE,
    "<target dev='vnet7'/>": AGREE,
    "<target dev='vnetwork'/>": AGREE,
    "<target dev='VNET0'/>": AGREE,
    "<target dev='macvtap0'/>": AGREE,
    "<target dev='macvtap0' managed='no'/>": AGREE,
    "<target dev='macvlan0' managed='yes'/>": AGREE,
    "<target dev='macvlan0' managed='no'/>": AGREE,
    "<target dev='tg5' managed='no'/>": AGREE,
    "<target dev='a-name-of-over-15-bytes' managed='no'/>": AGREE,
    "<target dev='a b/c' managed='no'/>": AGREE,
    "<target dev='first'/><target dev='second' managed='no'/>": AGREE,
    "<mac address='52:54:0:1:2:a'/>": AGREE,
    "<mac address='52:54:00:AA:BB:CC'/>": AGREE,
    "<mac address='01:54:00:aa:bb:cc'/>": AGREE,
    "<mac address='5254.00aa.bbcc'/>": AGREE,
    "<mac address='52:54:00:aa:bb:cc '/>": AGREE,
    "<mac address='52:54:00:aa:bb: cc'/>": AGREE,
    "<mac address=''/>": AGREE,
    "<mac address='fe:11:22:33:44:55'/><target dev='mytap0' managed='no'/><model type='virtio'/>": AGREE,
    "<target dev='tg5'/>": (None, None),
    "<target dev=''/>": (None, None),
    "<target managed='no'/>": "target dev must be supplied when managed='no'",
    "<target dev='' managed='no'/>": "target dev must be supplied when managed='no'",
    "<target dev='a-name-of-over-15-bytes'/>": "invalid 'dev' value 'a-name-of-over-15-bytes'",
    "<target dev='lan.0'/>": "invalid 'dev' value 'lan.0'",
    "<target dev='all'/>": "invalid 'dev' value 'all'",
    "<target dev='a;b' managed='no'/>": "'dev' has a value that no line of a file can hold",
    "<mac address='00:00:00:00:00:00'/>": "invalid 'guest-mac' value '00:00:00:00:00:00'",
}
OTHER_TYPES = ["<interface type='bridge'><source bridge='br0'/>", "<interface type='user'>", "<interface>",
               "<interface type='network'><source network='default'/>"]


def ask_libvirt(libvirt, interface):
    """(name, managed, address) of the definition, or libvirt's error."""
    document = libvirt.file("r.xml", machine(interface))
    result = libvirt.virsh(f"define {document}; dumpxml --inactive vm1", check=False)
    if result.err:
        assert result.err.startswith("error: Failed to define domain"), result
        return result.err.splitlines()[1].split(": ", 2)[2]
    one = ET.fromstring(result.out).find("devices/interface")
    return attribute(one, "target", "dev"), attribute(one, "target", "managed"), attribute(one, "mac", "address")


def ask_tapgrant(host, interface):
    result = Import(host, interface, "--json")
    if result.code:
        assert result.code == 2
        return result.result.json["reason"]
    one = result.result.json["interfaces"][0] if result.result.json["interfaces"] else {}
    return one.get("dev"), {True: "yes", False: "no"}.get(one.get("managed")), one.get("guest_mac")


@pytest.mark.parametrize("inner", RULES)
def test_names_and_managed_are_as_libvirt_has_them(libvirt, inner):
    interface = f"<interface type='ethernet'>{inner}</interface>"
    theirs, ours = ask_libvirt(libvirt, interface), ask_tapgrant(libvirt.host, interface)
    if RULES[inner] is not AGREE:
        assert isinstance(theirs, tuple), "libvirt refuses it as well: no difference"
        assert ours.startswith(RULES[inner]) if isinstance(ours, str) else ours[:2] == RULES[inner] != theirs[:2], (theirs, ours)
    elif isinstance(theirs, str):
        assert isinstance(ours, str), (theirs, ours)
        assert re.search(r"'([^']*)'\.?$", theirs).group(1) in ours, "about the same value"
    else:
        assert ours[:2] == theirs[:2] and ours[2] in (theirs[2], None), (theirs, ours)


@pytest.mark.parametrize("managed", ["no", "maybe", "yes"])
@pytest.mark.parametrize("begin", OTHER_TYPES)
def test_only_ethernet_may_be_unmanaged_as_libvirt_has_it(libvirt, begin, managed):
    interface = f"{begin}<target dev='x0' managed='{managed}'/></interface>"
    theirs, ours = ask_libvirt(libvirt, interface), ask_tapgrant(libvirt.host, interface)
    if managed == "no":
        assert ours == theirs and ours.startswith("unmanaged target dev is not supported on interfaces of type "), (theirs, ours)
    elif managed == "maybe":
        assert ours == "invalid 'managed' value 'maybe'" and "'managed' in element 'target': 'maybe'" in theirs
    else:
        assert isinstance(theirs, tuple) and isinstance(ours, tuple)


def test_every_difference_that_is_meant_is_in_the_manual_page():
    """The page's table has a row for each, and it has no other."""
    page = (TOP / "conf/interface/tapgrant-interfaces.5.in").read_text()
    rows = set(re.findall(r"^\.It Ql (<.*)$", page, re.M))
    assert rows == {inner.replace("\\", "\\\\") for inner, meant in RULES.items() if meant is not AGREE}


def test_what_is_not_carried_is_named_in_a_comment_and_on_stderr(libvirt):
    result = Import(libvirt.host, """<domain><name>a.b c</name><devices>
        <interface type='bridge' trustGuestRxFilters='yes'><source bridge='br0'/><model type='rtl8139'/><vlan><tag id='4'/></vlan>
          <bandwidth><inbound average='1'/></bandwidth><filterref filter='x'/><port isolated='yes'/>
          <virtualport type='openvswitch'/><link state='down'/><boot order='1'/></interface>
        <interface type='vdpa'><source dev='/dev/vhost-vdpa-0'/></interface>
        <interface type='ethernet'><target dev='t0' managed='no'/><mtu size='9000'/><backend tap='/dev/x'/>
          <source><ip address='10.0.0.1'/></source></interface></devices></domain>""")
    notes = ["a-b-c-0: not carried: trustGuestRxFilters, vlan, bandwidth, filterref, port, virtualport",
             "a-b-c-0: left to the guest's device: model type 'rtl8139', link, boot",
             "a-b-c-1: not carried: type 'vdpa' (only ethernet and bridge are)",
             "a-b-c-2: not carried: mtu size '9000', backend, source ip"]
    assert result.code == 0 and [line.split(": ", 2)[2] for line in result.err.splitlines()] == notes, result.result
    assert [line[2:] for line in result.out.splitlines() if line.startswith(";")] == notes
    assert "[interface a-b-c-0]\nbridge = br0\nvnet-hdr = no\n" in result.out and "[interface a-b-c-2]" in result.out


def test_several_documents_of_either_kind_are_one_file(libvirt):
    unmanaged = "<interface type='ethernet'><target dev='{}' managed='no'/></interface>"
    domain = "<domain><name>vm</name><devices>{}</devices></domain>"
    text = ("<?xml version='1.0'?>\n<!-- a comment -->\n" + domain.format(unmanaged.format("a") + unmanaged.format("b")) +
            "\n<?xml version='1.0' encoding='UTF-8'?>" + unmanaged.format("c") + domain.format(unmanaged.format("d")))
    result = Import(libvirt.host, text, "--json").result.json
    assert [(one["label"], one["dev"]) for one in result["interfaces"]] == [
        ("vm-0", "a"), ("vm-1", "b"), ("interface-1", "c"), ("vm-d3-0", "d")]


UNMANAGED = "<interface type='ethernet'><target dev='{}' managed='no'/></interface>"


def test_every_devices_of_a_domain_counts_as_it_does_for_libvirt(libvirt):
    interfaces = UNMANAGED.format("a") + "</devices><devices/><devices>" + UNMANAGED.format("b") + UNMANAGED.format("c")
    expected = ["a", "b", "c"]
    assert [dev for dev, _, _ in identity(libvirt, interfaces)] == expected
    text = machine(interfaces)
    assert [one["dev"] for one in Import(libvirt.host, text, "--json").result.json["interfaces"]] == expected
    again = Import(libvirt.host, text + text.replace("<devices/>", ""))
    assert "a second time, with the same interfaces" in again.err and again.out.count("[interface") == 3


@pytest.mark.parametrize("text, devs", [
    ("<?xml version='1.0'>\n{a}\n<?xml version='1.0'?>\n{b}", None), ("<?xml {a}<?xml version='1.0'?>{b}", None),
    ("<?xml a='{a}'?>{b}", None), ("<!-- begins with <?xml version -->{a}<?xml version='1.0'?>{b}", ["a", "b"]),
    ("<?xml version='1.0'\n encoding='UTF-8' ?>{a}<?xml version=\"1.0\" standalone='no'?>{b}", ["a", "b"])])
def test_a_declaration_that_does_not_end_takes_no_interface_with_it(libvirt, text, devs):
    result = Import(libvirt.host, text.format(a=UNMANAGED.format("a"), b=UNMANAGED.format("b")), "--json")
    if devs is None:
        assert result.code == 2 and "not well-formed XML" in result.err
    else:
        assert [one["dev"] for one in result.result.json["interfaces"]] == devs


@pytest.mark.parametrize("text", ["<!--\n" + ("=" * 70 + "\n") * 9 + "-->", "<domain><description>" + "=" * 900 + "</description></domain>"])
def test_a_line_of_equals_signs_is_no_attribute(libvirt, text):
    result = Import(libvirt.host, text + UNMANAGED.format("a"))
    assert result.code == 0 and "dev = a\n" in result.out, result.result


def test_labels_that_would_be_the_same_are_told_apart(libvirt):
    domain = "<domain><name>{}</name><devices>" + UNMANAGED + "</devices></domain>"
    names = ["vm-d4", "vm-d4-0", "vm", "vm", "vm"]
    text = "".join(domain.format(name, f"n{number}") for number, name in enumerate(names))
    result = Import(libvirt.host, text)
    assert result.code == 0, result.result
    labels = re.findall(r"^\[interface (.*)\]$", result.out, re.M)
    assert labels[:3] == ["vm-d4-0", "vm-d4-0-0", "vm-0"] and len(set(labels)) == 5


def test_what_another_namespace_has_is_named(libvirt):
    result = Import(libvirt.host, "<interface type='ethernet' x:type='t' xmlns:x='u'><target dev='a' managed='no' x:dev='b'/></interface>")
    assert result.code == 0 and "dev = a\n" in result.out
    assert "not carried: type, target dev 'b'" in result.err and "; interface-0: not carried: type, target dev 'b'" in result.out


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "UTF-16"])
def test_what_is_not_utf_8_is_said_to_be_so(libvirt, encoding):
    path = libvirt.host.folder / "encoded.xml"
    path.write_bytes(f"<?xml version='1.0' encoding='{encoding}'?><domain><name>caf\xe9</name></domain>".encode(encoding))
    result = libvirt.host.tapgrant("import", path)
    assert result.code == 2 and result.out == "" and "only UTF-8 is read" in result.err, result


def test_all_faults_are_told_with_file_and_line(libvirt):
    result = Import(libvirt.host, """<domain><devices>
      <interface type='ethernet'>
        <target dev='x' managed='maybe'/></interface>
      <interface type='brdige'/>
      <interface type='bridge'/>
      <interface type='ethernet'><mtu
        size='5'/></interface></devices></domain><pool/>""")
    lines = [line for line in result.err.splitlines() if ": " in line]
    assert [int(re.match(rf"tapgrant: {result.path}:(\d+): ", line).group(1)) for line in lines] == [3, 4, 5, 7, 7]
    assert result.faults == ["invalid 'managed' value 'maybe'", "invalid 'type' value 'brdige' of an interface",
                             "interface type='bridge' requires a 'source' with a bridge", "invalid 'mtu' value '5' (68-65521)",
                             "<pool>: neither <domain> nor <interface> of libvirt"]


@pytest.mark.parametrize("text, says", [
    ("<domain>", "not well-formed XML"), ("no XML", "text that is no XML document"), ("", "neither a <domain> nor"),
    ("<domain>\0</domain>", "a NUL byte"), ("<interface type='bridge' name='br0'/>", "is of the host"),
    ("<domain>\xff</domain>", None), ("</documents><documents>", "not well-formed XML"),
    ("<x:domain xmlns:x='u'/>", "neither <domain> nor")])
def test_what_is_no_document_is_said(libvirt, text, says):
    result = Import(libvirt.host, text)
    if says:
        assert result.code == 2 and says in result.faults[0]
    else:
        libvirt.host.folder.joinpath("import.xml").write_bytes(b"<domain>\xff</domain>")
        assert "not well-formed XML: " in libvirt.host.tapgrant("import", result.path).err


@pytest.mark.parametrize("document", [
    "<!DOCTYPE d [<!ENTITY x SYSTEM 'file://{secret}'>]><domain><name>&x;</name></domain>",
    "<!DOCTYPE d SYSTEM 'file://{secret}'><domain/>", "<!DOCTYPE d SYSTEM 'http://127.0.0.1:9/x'><domain/>",
    "<!DOCTYPE d [<!ENTITY % x SYSTEM 'file://{secret}'> %x;]><domain/>",
    "<domain xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='file://{secret}'/></domain>",
    "<?xml-stylesheet href='file://{secret}'?><domain/>",
    "<!DOCTYPE d [" + "".join(f"<!ENTITY e{n} '{f'&e{n - 1};' * 10 if n else 'lol'}'>" for n in range(12)) +
    "]><domain><name>&e11;</name></domain>"])
def test_no_entity_is_expanded_and_nothing_else_is_read(libvirt, document):
    host = libvirt.host
    secret = host.folder / "secret"
    secret.write_text("the-secret")
    path = host.folder / "e.xml"
    path.write_text(document.format(secret=secret) if "{secret}" in document else document)
    trace = host.folder / "trace"
    trace.write_text("")
    trace.chmod(0o666)
    result = host.run("strace", "-f", "-o", trace, "-e", "trace=open,openat,socket,connect", TAPGRANT, "import", path, user=ALICE,
                      check=False)
    assert result.code == (2 if "DOCTYPE" in document else 0) and "the-secret" not in result.out + result.err
    text = trace.read_text()
    assert str(path) in text and str(secret) not in text and "socket(" not in text and "lol" not in result.err


def test_nothing_with_privilege_reads_xml():
    """libxml2 is tapgrant-import's alone: it runs as the caller, and no other verb loads it."""
    needed = {path.relative_to(PREFIX).as_posix(): subprocess.run(["readelf", "-d", path], capture_output=True, text=True).stdout
              for path in (TAPGRANT, HELPER, PREFIX / "sbin/tapgrant-apply", IMPORT, PREFIX / "libexec/tapgrant-bridge-helper", next(PREFIX.rglob("libtapgrant.so.0")))}
    assert [name for name, text in needed.items() if "libxml2" in text] == ["libexec/tapgrant-import"]
    assert IMPORT.stat().st_mode & 0o6000 == 0


def test_a_missing_program_is_told(host):
    host.run("mount", "--bind", "/dev/null", IMPORT)
    result = host.tapgrant("import", "-")
    assert result.code == 1 and result.err == (f"tapgrant: {IMPORT}: cannot be executed: Permission denied\n"
                                               "hint: install it there: meson install\n")


def test_no_document_writes_a_line_of_its_own(libvirt):
    """The administrator keeps what comes of --owner: names and values of a document stay in their comment or line."""
    evil = "x&#10;[interface evil]&#10;owner = root&#13;&#10;&#155;2J"
    text = (f"<domain><name>{evil}</name><devices><interface type='user' a='{evil}'/>"
            f"<interface type='ethernet'><target dev='good' managed='no'/><driver name='{evil}'/><model type='{evil}'/>"
            f"<x y='{evil * 20}'/></interface></devices></domain>")
    result = Import(libvirt.host, text, "--owner", "alice")
    assert result.code == 0
    lines = [line for line in result.out.splitlines() if line and not line.startswith("; ")]
    assert lines[0].startswith("[interface x--interface-evil-") and lines[1:] == ["dev = good", "vnet-hdr = no", "owner = alice"]
    assert all(re.fullmatch(rf"tapgrant: {result.path}:[ -~]*", line) for line in result.err.splitlines()), result.err
    refused = Import(libvirt.host, f"<interface type='ethernet'><target dev='{evil}' managed='no'/></interface>", "--owner", "alice")
    assert refused.code == 2 and refused.out == "" and "\n[interface evil]" not in refused.err


MIB = 1 << 20
FLOODS = {
    "deep": lambda: "<a>" * (4 * MIB // 3 - 9),
    "deep within bounds": lambda: ("<a>" * 250 + "</a>" * 250) * (4 * MIB // 1750 - 1),
    "attributes": lambda: "<a " + " ".join(f'a{n}=""' for n in range(380000)) + "/>",
    "namespaces": lambda: "".join("<a " + " ".join(f'xmlns:p{n}_{k}="u"' for k in range(200)) + ">" for n in range(200)) +
                  "<p0_0:a/>" * 300000,
    "elements": lambda: "<a/>" * (MIB - 9),
    "empty domains": lambda: "<domain/>" * 400000,
    "interfaces": lambda: "<domain><devices>" + "<interface/>" * 340000 + "</devices></domain>",
    "taps": lambda: "<domain><devices>" + "<interface type='ethernet'/>" * 100000 + "</devices></domain>",
    "targets": lambda: "<interface type='ethernet'>" + "<target/>" * 400000 + "</interface>",
    "a comment": lambda: "<!--" + "-" * (4 * MIB - 20) + "-->",
    "declarations": lambda: "<?xml " * (MIB // 2),
    "unclosed tags": lambda: "<a " * MIB,
    "values without quotes": lambda: "<a " + "b= " * MIB + "/>",
    "no values": lambda: "<a " + "b=\" " * (MIB - 9) + "/>",
    "a name": lambda: "<" + "n" * (4 * MIB - 20) + "/>",
    "references": lambda: "<domain><name>" + "&amp;" * 800000 + "</name></domain>",
    "100 MB": lambda: "<a>" + "x" * (100 * MIB),
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_is_an_error_in_bounded_time_and_memory(libvirt, name):
    host = libvirt.host
    path = host.folder / "flood.xml"
    path.write_text(FLOODS[name]())
    output = (host.folder / "flood.out").open("w+")
    words = ["prlimit", f"--as={300 * MIB}", TAPGRANT, "import", path]  # ru_maxrss begins with what this process has
    process = subprocess.Popen(host.command(words, ALICE), stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == (0 if name in ("interfaces", "references") else 2)
    assert used.ru_utime + used.ru_stime < 8, used
    output.seek(0)
    first = output.readline()
    assert first.startswith(f"tapgrant: {path}") and "memory" not in (first + output.read()).lower(), first
    output.close()


def test_100_mb_on_standard_input_are_not_waited_for(libvirt):
    begin = time.monotonic()
    result = libvirt.host.run("sh", "-c", f"head -c 100000000 /dev/zero | {TAPGRANT} import -", user=ALICE, check=False)
    assert result.code == 2 and result.err.startswith("tapgrant: -: cannot be read: File too large"), result
    assert time.monotonic() - begin < 10


# --owner -----------------------------------------------------------------------------------------------------------


def test_owner_makes_a_declaration_for_each_unmanaged_interface(libvirt):
    text = (TOP / "tests/data/libvirt/i686.xml").read_text() + (TOP / "tests/data/libvirt/both-roads.xml").read_text()
    text = text.replace('dev="mytap0" managed="no"/>\n      <model type="e1000"', 'dev="vnet9" managed="no"/><mtu size="9000"/>\n'
                        '      <model type="e1000"')
    result = Import(libvirt.host, text, "--owner", ALICE)
    mac = re.search(r'type="ethernet">\s*<mac address="(52:[^"]*)"', text).group(1)
    assert without_comments(result.out) == (
        f"[interface i686-0]\ndev = mytap0\nguest-mac = fe:11:22:33:44:55\nvnet-hdr = yes\nowner = {ALICE}\n\n"
        f"[interface both-roads-1]\ndev = vnet9\nguest-mac = {mac}\nmtu = 9000\nvnet-hdr = no\nowner = {ALICE}\n"), result.result
    assert "managed" not in without_comments(result.out)
    assert "; i686-0: the document names no bridge: add bridge = NAME" in result.out
    assert "both-roads-0: not carried: it is managed, and made when its guest starts" in result.err
    declared = libvirt.host.folder / "guest.conf"
    declared.write_text(result.out)
    assert libvirt.host.tapgrant("lint", declared, check=True).err == ""


def test_owner_leaves_scripts_to_libvirt(libvirt):
    result = Import(libvirt.host, "<interface type='ethernet'><target dev='a' managed='no'/><script path='/x'/></interface>",
                    "--owner", "1000")
    assert without_comments(result.out) == "[interface interface-0]\ndev = a\nowner = 1000\n"
    assert "not carried: script path '/x'" in result.err


def test_owner_takes_no_bridge_that_libvirt_does_not_read(libvirt):
    """Of an unmanaged interface libvirt reads none: whoever wrote the document does not choose it for the administrator."""
    interface = UNMANAGED.format("a").replace("</interface>", "<source bridge='br0'/></interface>")
    result = Import(libvirt.host, interface, "--owner", "alice")
    assert without_comments(result.out) == "[interface interface-0]\ndev = a\nowner = alice\n"
    says = "interface-0: its source bridge is nothing to libvirt: add bridge = NAME"
    assert says in result.err and f"; {says}" in result.out and "source bridge 'br0'" in result.err


def test_the_documented_pipe_makes_the_taps_that_a_domain_starts_on(libvirt):
    """virsh dumpxml --inactive | tapgrant import --owner | tee, tapgrant-apply, virsh start."""
    host = libvirt.host
    libvirt.virsh("define", libvirt.file("p.xml", machine("""
        <interface type='ethernet'><mac address='fe:11:22:33:44:55'/><target dev='mytap0' managed='no'/><model type='virtio'/>
          <driver queues='2'/><mtu size='1400'/></interface>
        <interface type='ethernet'><target dev='vnet7' managed='no'/><model type='e1000'/></interface><interface type='user'/>""")))
    dumped = host.folder / "dumped.xml"
    dumped.write_text(libvirt.virsh("dumpxml", "--inactive", "vm1").out)
    folder = PREFIX / "etc/tapgrant/interfaces.d"
    host.run("sh", "-c", f"mkdir -p {folder} && {TAPGRANT} import --owner {ALICE} - < {dumped} | tee {folder}/guest.conf")
    linted = host.run(TAPGRANT, "lint", "--installed", folder / "guest.conf")
    assert linted.out + linted.err == ""
    assert host.run(PREFIX / "sbin/tapgrant-apply").out.splitlines()[:2] == ["created mytap0", "created vnet7"]
    mytap0, vnet7 = (host.run("ip", "-d", "link", "show", name).out for name in ("mytap0", "vnet7"))
    assert "mtu 1400" in mytap0 and f"vnet_hdr on multi_queue numqueues 0 numdisabled 0 persist on user {ALICE}" in mytap0
    assert "link/ether fa:11:22:33:44:55" in mytap0 and f"vnet_hdr off persist on user {ALICE}" in vnet7
    libvirt.virsh("start", "vm1")
    queues = re.search(r"numqueues (\d) numdisabled (\d)", host.run("ip", "-d", "link", "show", "mytap0").out)
    assert sum(map(int, queues.groups())) == 2, "QEMU holds both; the second is disabled until the guest asks for it"
    libvirt.virsh("destroy", "vm1")
    for name in ("mytap0", "vnet7"):
        host.run("ip", "link", "del", name)


@pytest.mark.parametrize("words, says", [
    (["--bridge-conf", "-"], "--bridge-conf needs a file"),
    (["--owner", "a b", "-"], "--owner takes a user's name or id"), (["--owner"], "--owner needs a value"), ([], "needs a FILE"),
    (["--owner", "a", "--bridge-conf", "x"], "not with --bridge-conf"), (["a", "b"], "'b' is another"), (["-x"], "unknown option")])
def test_what_is_no_use_of_import_is_said(libvirt, words, says):
    result = libvirt.host.tapgrant("import", *words)
    assert result.code == 2 and says in result.err, result


def test_show_libvirt_names_what_libvirt_does_not_have(libvirt):
    path = libvirt.host.folder / "d.conf"
    path.write_text("[interface a--b]\nhost-mac = fe:54:00:00:00:01\nqueues = 2\nvnet-hdr = no\npersist = yes\nscript = /a&<'\n"
                    "[interface c]\ndev = vnet3\nqueues = 4\n")
    result = libvirt.host.tapgrant("show", "--libvirt", path, check=True)
    assert [line.split(": ", 2)[2] for line in result.err.splitlines()] == [
        "a--b: not carried: libvirt has no host-mac", "a--b: not carried: libvirt has no queues for a model without vnet-hdr",
        "a--b: not carried: libvirt has no persist"]
    first, second = documents(result.out)
    assert facts(first) == {"script": "/a&<'", "vnet_hdr": False} and "<!-- not carried: persist = yes -->" in result.out
    assert attribute(second, "target", "dev") == "vnet3" and facts(second) == {"queues": 4, "vnet_hdr": True}
    assert "vnet3" not in libvirt.host.tapgrant("show", "--libvirt", "--inactive", path, check=True).out
    assert libvirt.host.tapgrant("show", "--libvirt", "--json", path).code == 2


def test_without_libxml2_the_verb_says_so(host):
    build = beside_build("no-libxml2")
    subprocess.run(["meson", "setup", build, TOP, "-Dlibvirt=disabled", "-Dprivilege=none"], check=True, capture_output=True)
    subprocess.run(["ninja", "-C", build, "cli/tapgrant-import"], check=True, capture_output=True)
    done = subprocess.run([build / "cli/tapgrant-import", "-"], input="<domain/>", capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("tapgrant: import: built without libxml2\nhint: ")
    assert "libxml2.so" not in subprocess.run(["ldd", build / "cli/tapgrant-import"], capture_output=True, text=True).stdout


# --bridge-conf -----------------------------------------------------------------------------------------------------

BRIDGE_HELPER = "/usr/lib/qemu/qemu-bridge-helper"
ACL = Path("/etc/qemu/bridge.conf")
BRIDGES = ("br0", "br1", "br2")


@pytest.fixture
def qemu(host):
    """/etc/qemu of our own; write(name, text, mode, group) makes a file there."""
    host.run("mkdir", "-p", "/etc/qemu")
    host.run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/etc/qemu")
    for bridge in BRIDGES:
        host.bridge(bridge)

    def write(name, text, mode=0o644, group=0):
        path = host.root(ACL.with_name(name))
        path.write_text(text)
        os.chown(path, 0, group)
        path.chmod(mode)
    host.write = write
    return host


def group(user):
    return pwd.getpwnam(user).pw_gid if user else 0


def helper_allows(host, user, bridge):
    """qemu-bridge-helper itself, which goes on to what it has no privilege for, or says no."""
    said = host.run(BRIDGE_HELPER, f"--br={bridge}", "--fd=0", user=user, check=False).err
    assert "access denied by acl file" in said or "failed to create tun device" in said or "failed to parse" in said, said
    return "failed to create tun device" in said


def policy_allows(host, user, bridge):
    return host.run(TAPGRANT, "check", "--user", user, "--net", f"bridge={bridge}", check=False).code == 0


def answers(ask, host):
    return {(user, bridge): ask(host, user, bridge) for user in (ALICE, BOB) for bridge in BRIDGES}


@pytest.mark.parametrize("main, mode, owners, included", [
    ("allow br0\nallow br2\n", 0o644, 0, None), ("# none\n", 0o644, 0, None), ("allow all\n", 0o644, 0, None),
    ("  allow\tbr1\n allow   br2 \nallow br0\ndeny br0\n", 0o644, 0, None), ("allow br0\n\ndeny all\n", 0o644, 0, None),
    ("allow br0 # x\nallow br1\n", 0o644, 0, None), ("allow br0\nallow br0\nallow none\n", 0o644, 0, None),
    ("allow br0\n", 0o640, BOB, None), ("allow br0\ninclude /etc/qemu/more.conf\n", 0o644, 0, ("allow br1\n", 0o640, BOB)),
    ("allow br0\ninclude /etc/qemu/more.conf\n", 0o644, 0, ("allow br1\nbroken\nallow br2\n", 0o644, 0)),
    ("include /etc/qemu/more.conf\nallow br0\n", 0o644, 0, ("deny br0\nallow br1\n", 0o644, 0)),
    ("include /etc/qemu/more.conf\nallow br0\n", 0o640, BOB, ("allow br1\n", 0o640, BOB)),
    ("include /etc/qemu/none.conf\nallow br0\n", 0o644, 0, None),
], ids=range(13))
def test_an_access_list_becomes_the_policy_that_answers_the_same(qemu, main, mode, owners, included):
    qemu.write("bridge.conf", main, mode, group(owners))
    if included:
        qemu.write("more.conf", included[0], included[1], group(included[2]))
    text = qemu.run(TAPGRANT, "import", "--bridge-conf", ACL).out
    qemu.policy(text)
    assert "error" not in qemu.run(TAPGRANT, "lint").err
    assert answers(policy_allows, qemu) == answers(helper_allows, qemu), text


@pytest.mark.parametrize("main, included, says", [
    ("include /etc/qemu/more.conf\nallow br0\nallow br1\n", ("deny br0\n", 0o640, BOB), "denies br0 to some"),
    ("allow all\ndeny br0\n", None, "allow all: not carried: line 2 of /etc/qemu/bridge.conf denies br0"),
    ("allow br0\ninclude /etc/qemu/more.conf\n", ("allow br1\n", 0o604, 0), "leaves some out"),
    ("allow br*\nallow br0\n", None, "allow br*: not carried: no name of a bridge in a policy"),
    ("allow br0\ninclude more.conf\n", None, "it is looked for where the caller is"),
    ("allow br0\ninclude /etc/qemu/none.conf\n", None, "No such file or directory"),
    ("allow br0\ninclude /etc/qemu/more.conf\n", ("x y\n", 0o644, 0), "unknown command 'x'"),
    ("allow br0\ninclude /etc/qemu/more.conf\n", ("allow br1\ninclude /etc/qemu/third.conf\n", 0o640, BOB), "two groups at once")])
def test_what_a_policy_cannot_express_is_named_and_grants_nothing(qemu, main, included, says):
    qemu.write("bridge.conf", main)
    qemu.write("third.conf", "allow br2\n", 0o640, group(ALICE))
    if included:
        qemu.write("more.conf", included[0], included[1], group(included[2]))
    result = qemu.run(TAPGRANT, "import", "--bridge-conf", ACL)
    assert says in result.err
    assert says in " ".join(line[2:] for line in result.out.splitlines() if line.startswith(";"))
    assert any(says in note["text"] for note in qemu.run(TAPGRANT, "import", "--json", "--bridge-conf", ACL).json["notes"])
    qemu.policy(result.out)
    ours, theirs = answers(policy_allows, qemu), answers(helper_allows, qemu)
    assert all(theirs[key] for key in ours if ours[key]), (ours, theirs)


@pytest.mark.parametrize("text, line, says", [
    ("allow\tbr0 \n", 1, "unknown command 'allow"), ("allow br0\nallow\n", 2, "invalid line 'allow'"), ("permit br0\n", 1, "unknown command 'permit'"),
    ("\nallow a-name-of-16-byt\n", 2, "a name of over 15 bytes: 'a-name-of-16-byt'")])
def test_an_access_list_that_denies_everything_by_a_fault_is_one_here(qemu, text, line, says):
    qemu.write("bridge.conf", text)
    result = qemu.run(TAPGRANT, "import", "--bridge-conf", ACL, check=False)
    assert (result.code, result.out) == (2, "") and result.err.startswith(f"tapgrant: {ACL}:{line}: {says}"), result
    assert not any(answers(helper_allows, qemu).values())


def test_files_that_include_each_other_are_refused(qemu):
    qemu.write("bridge.conf", "allow br0\ninclude /etc/qemu/more.conf\n")
    qemu.write("more.conf", "include /etc/qemu/bridge.conf\n")
    result = qemu.run(TAPGRANT, "import", "--bridge-conf", ACL, check=False)
    assert (result.code, result.out) == (2, "") and "include each other" in result.err


def test_an_access_control_list_says_more_than_users_and_groups(qemu):
    qemu.write("bridge.conf", "allow br0\n")
    entries = [(1, 6, 0xffffffff), (2, 0, 65534), (4, 4, 0xffffffff), (0x10, 4, 0xffffffff), (0x20, 4, 0xffffffff)]
    os.setxattr(qemu.root(ACL), "system.posix_acl_access", struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *one) for one in entries))
    result = qemu.run(TAPGRANT, "import", "--bridge-conf", ACL)
    assert "[rule" not in result.out and "allow br0: not carried: /etc/qemu/bridge.conf has an access control list" in result.err


def test_who_may_pass_the_folder_counts(qemu):
    qemu.write("bridge.conf", "allow br0\n")
    qemu.root("/etc/qemu").chmod(0o750)
    os.chown(qemu.root("/etc/qemu"), 0, group(BOB))
    result = qemu.run(TAPGRANT, "import", "--bridge-conf", ACL)
    assert f"user = 0 %{group(BOB)}\n" in result.out
    qemu.policy(result.out)
    assert answers(policy_allows, qemu) == answers(helper_allows, qemu)


def test_an_access_list_that_is_too_much_is_refused_with_what_it_denies(qemu):
    """What stands behind the last line that is read could be a deny."""
    for name, lines, says in (("lines", ["allow br0\n"] * 4096 + ["deny br0\n"], "more than 4096 lines"),
                              ("files", ["include /etc/qemu/one.conf\n"] * 63 + ["include /etc/qemu/deny.conf\n"], "more than 64 files")):
        qemu.write("one.conf", "allow br0\n")
        qemu.write("deny.conf", "deny br0\n")
        qemu.write(name, "".join(lines))
        qemu.write("bridge.conf", f"include /etc/qemu/{name}\n" if name == "lines" else "".join(lines))
        assert not helper_allows(qemu, ALICE, "br0")
        result = qemu.run(TAPGRANT, "import", "--bridge-conf", ACL, check=False)
        assert (result.code, result.out) == (2, "") and says in result.err, result


def test_an_access_list_without_an_end_is_given_up(qemu):
    begin = time.monotonic()
    result = qemu.run(TAPGRANT, "import", "--bridge-conf", "/dev/zero", check=False)
    assert (result.code, result.out) == (2, "") and "given up" in result.err and time.monotonic() - begin < 50

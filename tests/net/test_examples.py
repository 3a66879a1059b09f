"""What stands in deploy/examples works: with the real programs, where Debian has them.

A machine needs no system on it for this: its network card's boot ROM asks for an address all by
itself. The dnsmasq of the example answers from another host, so frames pass in both directions.
"""

import contextlib
import re
import shutil
import subprocess
import tempfile

import pytest

from agent import Agent, introduce
from capture import Capture
from dhcp import DNSMASQ
from frames import arp_request, is_arp_reply
from hosts import WHY_NOT
from machine import crosses
from netns import Lab, end, wait_for
from plugs import HEAD, UdpPlug
from shelf import EXAMPLES, PLUG, PORT, Shelf, scripts, sections, text
from tapped import AtTap, in_a_view

QEMU = "qemu-system-x86_64"
# No window, no disk: the boot ROM of the network card is all there is.
BARE = ["-boot", "n", "-m", "32", "-display", "none", "-monitor", "none", "-serial", "none"]
DOMAIN = f"""<domain type='qemu'>
  <name>MACHINE</name>
  <memory unit='MiB'>32</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type><boot dev='network'/></os>
  <devices><emulator>{shutil.which(QEMU)}</emulator></devices>
</domain>
"""
SMALL_INIT = """#!/bin/busybox sh
busybox=/bin/busybox
$busybox ifconfig eth0 up
$busybox udhcpc -f -i eth0 -s $busybox
"""
NO_LEASES = "mount -t tmpfs none /var/lib/misc"
MAC = re.compile(r"mac(?: address='|=)([0-9a-f:]{17})")
# Neither side waits for somebody else who might answer, too: three seconds each.
AT_ONCE = ["--no-ping", "--dhcp-option=encap:175,176,1b"]
IN_FOLDER = "$HOME/.config/longwire/"
MACHINE = "02:00:00:00:00:02"
LEASED_S = 60
SETTLED_S = 30
ANSWER_S = 0.2

needs_qemu = pytest.mark.skipif(not shutil.which(QEMU), reason=f"needs {QEMU}")
needs_libvirt = pytest.mark.skipif(not shutil.which("virsh"), reason="needs virsh")
needs_dnsmasq = pytest.mark.skipif(not DNSMASQ, reason="needs dnsmasq")


class Lan:
    """Two hosts: on one a user with all the examples, on the other a TAP, and dnsmasq on it."""

    def __init__(self, lab, folder):
        self.shelf = Shelf(lab.host("anna"), folder)
        self.log = self.shelf.file("dnsmasq.log", "")
        self.far = Agent(lab.host("bert"), f"{folder}/far")

    def up(self):
        """Both agents connected; the scripts of tap/ have been started."""
        anna = self.shelf.init("mcast", "udp", "dgram", "dgram-pair", "stream", "stream-connect")
        self.far.init(HEAD + sections("tap"))
        introduce(anna, self.far)
        self.far.host.run(EXAMPLES / "tap" / "address")
        anna.host.sysctl("net.unix.max_dgram_qlen=512")
        self.far.up()
        anna.up().wait_up("bert")
        server = in_a_view(NO_LEASES) + [EXAMPLES / "tap" / "dnsmasq"]
        self.far.host.start(*server, f"--log-facility={self.log}", *AT_ONCE)
        words = re.search(r"^#   longwire (allow) NAME (\w+)$", text("tap/dnsmasq"), re.M)
        anna.cli(words[1], "bert", words[2])
        return self

    def story(self):
        """For messages."""
        return self.log.read_text() + self.shelf.agent.story() + self.far.story()

    def leased(self, mac):
        """Has the server's answer reached the machine, and the machine taken what it was offered?"""
        return re.search(rf"DHCPACK\(lw0\) 10\.9\.0\.\d+ {mac}", self.log.read_text())

    def wait_leased(self, mac):
        """Wait for it."""
        wait_for(lambda: self.leased(mac), LEASED_S, self.story)

    def is_leased_within(self, limit_s, mac):
        """Did it come to that in this time?"""
        with contextlib.suppress(AssertionError):
            wait_for(lambda: self.leased(mac), limit_s, "")
        return self.leased(mac)


@pytest.fixture(scope="module")
def lan():
    """The two hosts, for all tests here."""
    if WHY_NOT:
        pytest.skip(WHY_NOT)
    with Lab() as lab, tempfile.TemporaryDirectory(prefix="lw") as folder:
        made = Lan(lab, folder)
        try:
            yield made.up()
        finally:
            made.shelf.agent.stop()
            made.far.stop()


def in_turns(paths):
    """The paths in an order in which neighbours are of different folders, as far as it can be."""
    folders = [path.split("/")[0] for path in paths]
    turns = [folders[:at].count(folder) for at, folder in enumerate(folders)]
    return [path for _, path in sorted(zip(turns, paths))]


def one_ahead(paths, start):
    """A function that does start(path) and returns what that returned. A machine takes seconds to
    boot, so it starts the next one of @paths as well."""
    started = {}

    def get(path):
        at = paths.index(path)
        for one in paths[at : at + 2]:
            if one not in started:
                started[one] = start(one)
        return started[path]

    return get


QEMU_SCRIPTS = in_turns(scripts("*/qemu-*"))
LIBVIRT_SCRIPTS = in_turns(scripts("*/libvirt-*"))


@pytest.fixture(scope="module")
def machines(lan):
    """A function that starts an example's machine: its MAC and process."""
    return one_ahead(
        QEMU_SCRIPTS, lambda path: (lan.shelf.next_machine(), lan.shelf.start(path, *BARE))
    )


@needs_qemu
@needs_dnsmasq
@pytest.mark.parametrize("path", QEMU_SCRIPTS)
def test_a_machine_of_qemu_started_as_in_the_example_is_on_the_lan(lan, machines, path):
    mac, machine = machines(path)
    try:
        wait_for(lambda: lan.leased(mac) or machine.poll() is not None, LEASED_S, lan.story)
        assert machine.poll() is None, "QEMU ended"
    finally:
        end(machine)


def libvirt_machine(shelf, path):
    """Make a machine of libvirt, change it with an example and start it: its MAC and name."""
    shelf.next_machine()
    name = path.replace("/", "-")
    shelf.run("virsh", "define", shelf.file("domain", DOMAIN.replace("MACHINE", name)))
    shelf.example(path, name)
    described = shelf.run("virsh", "dumpxml", name)
    mac = MAC.search(described)[1]
    if "<interface" not in described:
        # libvirt makes machines boot from the cards it knows, and not from one in QEMU's words
        described = described.replace("e1000,", "e1000,bootindex=1,")
        shelf.run("virsh", "define", shelf.file("domain", described))
    shelf.run("virsh", "start", name)
    return mac, name


@pytest.fixture(scope="module")
def libvirt_machines(lan):
    """A function that makes and starts a machine of libvirt as an example says: its MAC and name.
    libvirt's services are those of that user, and end with the lab."""
    for service, its_socket in (("virtlogd", "virtlogd-sock"), ("libvirtd", "libvirt-sock")):
        path = shutil.which(service, path="/usr/sbin:/usr/bin")
        lan.shelf.host.start(*lan.shelf.user, path, env=lan.shelf.setting)
        place = lan.shelf.runtime / "libvirt" / its_socket
        wait_for(place.exists, SETTLED_S, f"{service} listens")
    try:
        yield one_ahead(LIBVIRT_SCRIPTS, lambda path: libvirt_machine(lan.shelf, path))
    finally:
        for name in lan.shelf.run("virsh", "list", "--name").split():
            lan.shelf.run("virsh", "destroy", name)


@needs_qemu
@needs_libvirt
@needs_dnsmasq
@pytest.mark.parametrize("path", LIBVIRT_SCRIPTS)
def test_a_machine_of_libvirt_changed_as_in_the_example_is_on_the_lan(lan, libvirt_machines, path):
    mac, name = libvirt_machines(path)
    try:
        lan.wait_leased(mac)
    finally:
        lan.shelf.run("virsh", "destroy", name)


@needs_qemu
@needs_dnsmasq
def test_a_machine_that_the_example_has_longwire_run_is_on_the_lan(lan):
    machine = lan.shelf.start("run/qemu", "-name", "win98", *BARE)

    def mac():
        macs = lan.shelf.agent.status()["vlans"][0]["macs"]
        return next((m["mac"] for m in macs if m["port"] == "win98"), None)

    lan.wait_leased(wait_for(mac, LEASED_S, lan.story))
    end(machine)


@pytest.mark.skipif(not shutil.which("linux.uml"), reason="needs user-mode-linux")
@needs_dnsmasq
def test_a_machine_of_user_mode_linux_started_as_in_the_example_is_on_the_lan(lan, tmp_path):
    disk = small_system(tmp_path, lan.shelf.home / "initrd")
    mac = lan.shelf.next_machine()
    # User-mode Linux itself stands still now and then before it sends its first frame.
    for limit_s in (LEASED_S / 3, LEASED_S):
        machine = lan.shelf.start("mcast/uml", "mem=48M", f"initrd={disk}", "con=null")
        is_leased = lan.is_leased_within(limit_s, mac)
        end(machine)
        if is_leased:
            return
    raise AssertionError(f"no lease: {lan.story()}")


def small_system(folder, path):
    """Make a Linux system that does no more than to ask for an address; its @path."""
    (folder / "bin").mkdir()
    shutil.copy(shutil.which("busybox"), folder / "bin")
    (folder / "init").write_text(SMALL_INIT)
    (folder / "init").chmod(0o755)
    pack = f"cd {folder} && find . | cpio --quiet -o -H newc >{path}"
    subprocess.run(["sh", "-c", pack], check=True)
    return path


def udp_ends(path, pattern):
    """The ends of the UDP tunnel that stand in an example: the machine's, and the agent's."""
    found = re.search(pattern, text(path))
    return ("127.0.0.1", int(found[1])), (found[2], int(found[3]))


def on_the_lan(lan, local, remote, connected):
    """Does a machine that has its socket so reach the other host, and back?"""
    mac = lan.shelf.next_machine()
    plug = UdpPlug(lan.shelf.host, mac, local, remote, connected)
    far = AtTap(lan.far.host, "02:00:00:00:00:01")
    try:
        return crosses(plug, far, SETTLED_S) and crosses(far, plug, SETTLED_S)
    finally:
        plug.close()
        far.close()


def test_the_tunnel_that_the_example_gives_to_virtualbox_is_on_the_lan(lan):
    lan.shelf.stand_in("VBoxManage")
    said = lan.shelf.example("udp/virtualbox", "Windows 98")
    assert said.startswith("modifyvm Windows 98 --nic1 generic --nicgenericdrv1 UDPTunnel\n")
    values = dict(re.findall(r"^modifyvm Windows 98 --nicproperty1 (\w+)=(\S+)$", said, re.M))
    assert sorted(values) == ["dest", "dport", "sport"]
    local, remote = ("127.0.0.1", int(values["sport"])), (values["dest"], int(values["dport"]))
    assert on_the_lan(lan, local, remote, connected=False), lan.story()


@pytest.mark.parametrize(
    "pattern",
    [
        r"Local port: +(\d+)\n +Remote host: +(\S+)\n +Remote port: +(\d+)\n",
        r"destination_udp = (\d+):(\S+):(\d+)\n",
        r"dynamips -s 0:0:udp:(\d+):(\S+):(\d+) ",
    ],
    ids=["cloud", "ubridge", "dynamips"],
)
def test_the_tunnel_that_the_example_gives_to_gns3_is_on_the_lan(lan, pattern):
    local, remote = udp_ends("udp/gns3.txt", pattern)
    assert on_the_lan(lan, local, remote, connected=True), lan.story()


@needs_dnsmasq
def test_tcpdump_on_the_tap_sees_a_machine_of_another_host(lan, tmp_path):
    mac = lan.shelf.next_machine()
    with Capture(lan.far.host, tmp_path / "lw0.pcap", "lw0") as capture:
        machine = lan.shelf.start("mcast/qemu-socket-mcast", *BARE)
        lan.wait_leased(mac)
        end(machine)
    assert any(p[6:12] == bytes.fromhex(mac.replace(":", "")) for p in capture.packets())


@pytest.mark.skipif(not shutil.which("passt"), reason="needs passt")
def test_the_passt_of_the_example_answers_a_machine_of_the_lan_as_its_router(lab):
    with tempfile.TemporaryDirectory(prefix="lw") as folder:
        shelf = Shelf(lab.host("anna"), folder)
        agent = shelf.init("passt", "udp").up()
        router = agent.host.run("ip", "route", "show", "default").split()[2]
        shelf.start("passt/passt")
        machine = UdpPlug(agent.host, MACHINE, ("127.0.0.1", 7002), ("127.0.0.1", 7001))

        def answered():
            machine.send(arp_request(MACHINE, agent.host.address(), router))
            return machine.hears(lambda frame: is_arp_reply(frame, router), ANSWER_S)

        wait_for(answered, SETTLED_S, agent.story)
        agent.stop()


def test_the_words_for_plug_are_those_of_the_section_and_are_taken(lab, tmp_path):
    shelf = Shelf(lab.host("anna"), tmp_path, user=())  # root: a TAP is among them
    agent = shelf.init().up()
    for path in scripts("*/port.conf"):
        ports, words = PORT.findall(text(path)), PLUG.findall(text(path))
        assert ports and len(ports) == len(words), path
        for (name, keys), (plugged, line) in zip(ports, words):
            kind, _, rest = line.replace(IN_FOLDER, "").partition(",")
            said = dict(word.split("=", 1) for word in ["type=" + kind, *rest.split(",")])
            assert (plugged, said) == (name, dict(re.findall(r"(\w+) *= *(\S+)", keys)))
            shelf.run("sh", "-c", f"longwire plug {plugged} {line}")
    agent.stop()


def test_every_example_is_in_the_index_and_nothing_else():
    links = re.findall(r"\]\(([\w./-]+)\)", text("README.md"))
    inside = {link for link in links if not link.startswith("..")}
    assert inside == set(scripts("*/*")) - {"tap/dnsmasq.conf"}
    for link in links:
        assert (EXAMPLES / link).exists(), link

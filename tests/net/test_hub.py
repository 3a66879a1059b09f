"""The hub port among this host's machines: wherever they are, whoever else is there."""

import re
import socket
import time

import pytest

from agent import CONFIG, introduce
from capture import Capture
from machine import BROADCAST, Machine, counted, crosses, ethernet, is_beacon, numbered, read_number
from netns import run, wait_for

SETTLED_S = 30
MOVED_S = 5  # a route is noticed in a moment, or at the next tick
BURST = 200  # full frames: twice what a machine's buffer holds
DEFAULT_BUFFER_BYTES = 212992  # net.core.rmem_default, which QEMU leaves as it is
SLOW_PER_S = 50000  # frames that a slow machine reads
MACS = [f"02:00:00:00:00:{n:02x}" for n in range(16)]


def address_in_hex(group):
    """As /proc/net/mcfilter has it."""
    return "".join(f"{int(part):02x}" for part in group.split("."))


def users(host, device, group="230.0.0.1"):
    """How many sockets of that host are members of the group on a device, whomever they hear."""
    raw = bytes.fromhex(address_in_hex(group))[::-1].hex().upper()
    here = False
    for line in host.run("cat", "/proc/net/igmp").splitlines():
        if re.match(r"\d", line):
            here = line.split()[1].rstrip(":") == device
        elif here and line.split()[0] == raw:
            return int(line.split()[1])
    return 0


def sources(host, device, group="230.0.0.1"):
    """{source: how many sockets} of those that hear nobody but that source, on a device."""
    found = {}
    for line in host.run("cat", "/proc/net/mcfilter").splitlines()[1:]:
        _, name, address, source, count, _ = line.split()
        if name == device and address == f"0x{address_in_hex(group)}":
            found[source] = int(count)
    return found


def port(agent, name="hub"):
    """The status of a port."""
    ports = [p for v in agent.status()["vlans"] for p in v["ports"]]
    return next(p for p in ports if p["name"] == name)


@pytest.fixture
def pair(lab, agents):
    """Anna and Bert, connected."""
    both = [agents(lab.host(name)) for name in ("anna", "bert")]
    introduce(*both)
    for agent in both:
        agent.up()
    both[0].wait_up("bert")
    both[1].wait_up("anna")
    return both


def heard_once(senders, listeners, first, count=20):
    """Everybody says numbered broadcasts; every listener must hear each exactly once."""
    for listener in listeners:
        listener.take()
    for number in range(first, first + count):
        for sender in senders:
            sender.say(number)
    wanted = sorted((int(s.mac[-2:], 16), n) for s in senders for n in range(first, first + count))
    for listener in listeners:
        numbers = map(read_number, listener.listen(2))
        heard = sorted(n for n in numbers if n and first <= n[1] < first + count)
        assert heard == wanted, listener.mac


def test_machines_on_loopback_and_on_the_lan_interface_are_one_hub(pair):
    anna, bert = pair
    lo = Machine(anna.host, MACS[1])
    eth = Machine(anna.host, MACS[2], localaddr=None)
    far = Machine(bert.host, MACS[3])
    for one, other in ((lo, far), (eth, far), (far, lo), (far, eth)):
        assert crosses(one, other, SETTLED_S), anna.story()
    heard_once([lo, eth, far], [far], 100000)
    heard_once([far], [lo, eth], 200000)


def test_a_machine_is_heard_from_its_first_frame_wherever_it_joins(pair):
    """As a guest's DHCP request or duplicate address detection, which is said once."""
    anna, bert = pair
    far = Machine(bert.host, MACS[3])
    assert crosses(Machine(anna.host, MACS[1]), far, SETTLED_S)
    for number in range(5):
        eth = Machine(anna.host, MACS[2], localaddr=None)
        eth.say(500000 + number)
        assert far.hears(lambda f, n=number: read_number(f) == (2, 500000 + n), 1.5), number
        eth.close()


def test_agents_hear_no_other_host_where_no_machine_does_and_expose_nobody_to_the_lan(lab, agents):
    home = lab.lan()
    host, stranger = lab.host("anna", home), lab.host("stranger", home)
    both = [
        agents(host, name=name, port=number).up() for name, number in (("one", 19543), ("two", 19544))
    ]
    # by the default route they hear this host itself, and nobody else
    ourselves = {f"0x{address_in_hex(host.address())}": 2}
    wait_for(lambda: sources(host, "eth0") == ourselves, SETTLED_S, both[0].story)
    assert users(host, "eth0") == 2
    quiet = Machine(host, MACS[1])
    outside = Machine(stranger, MACS[2], localaddr=stranger.address())
    outside.say(1)
    assert counted(quiet.listen(1)) == []
    eth = Machine(host, MACS[3], localaddr=None)
    assert crosses(eth, quiet, SETTLED_S)
    quiet.listen(5)  # the agents notice that machine, and each other
    assert users(host, "eth0") == 3 and sources(host, "eth0") == ourselves
    # now the kernel shows everybody on this host what comes by that interface, agents or not
    assert crosses(outside, quiet, SETTLED_S)
    eth.close()
    assert users(host, "eth0") == 2
    quiet.take()
    outside.say(2)
    assert counted(quiet.listen(1)) == []


def test_two_agents_on_one_host_serve_the_same_hub_without_doubling(lab, agents):
    """Each has a friend of its own; the friends do not know each other."""
    host = lab.host("home")
    one, two = agents(host, name="one", port=19543), agents(host, name="two", port=19544)
    anna, bert = agents(lab.host("anna")), agents(lab.host("bert"))
    introduce(one, anna)
    introduce(two, bert)
    for agent in (one, two, anna, bert):
        agent.up()
    one.wait_up("anna")
    two.wait_up("bert")
    here = Machine(host, MACS[1])
    at_anna, at_bert = Machine(anna.host, MACS[2]), Machine(bert.host, MACS[3])
    for far in (at_anna, at_bert):
        assert crosses(here, far, SETTLED_S)
        assert crosses(far, here, SETTLED_S)
    heard_once([here], [at_anna, at_bert], 100000)
    heard_once([at_anna, at_bert], [here], 200000)
    # what one agent injected is not the other's to forward
    at_bert.take()
    at_anna.say(300000)
    assert all(read_number(f) != (2, 300000) for f in at_bert.listen(1))
    assert port(two)["drops"]["agent_injected"] > 0


def test_a_frame_of_a_program_with_a_port_of_its_own_crosses(pair):
    """What everybody tries first: a datagram to the hub from socat or a script."""
    anna, bert = pair
    far = Machine(bert.host, MACS[3])
    frame = ethernet(MACS[9], BROADCAST, b"a script was here")
    with anna.host.inside():
        script = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    local = socket.inet_aton("127.0.0.1")
    script.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, local)

    def heard():
        script.sendto(frame, ("230.0.0.1", 33000))
        return far.hears(lambda f: b"a script was here" in f, 0.1)

    # not at once: for half a second after start it could be an agent
    wait_for(heard, SETTLED_S, anna.story)


def test_machines_hear_each_other_again_when_the_default_route_has_moved(lab, agents):
    """A VPN comes up, or another Wi-Fi: QEMU joined on the one interface, and now sends by the other."""
    elsewhere = lab.lan()
    anna, bert = agents(lab.host("anna")), agents(lab.host("bert"))
    stranger = lab.host("stranger", elsewhere)
    introduce(anna, bert)
    anna.up()
    bert.up()
    one, two = (Machine(anna.host, mac, localaddr=None) for mac in MACS[1:3])
    far = Machine(bert.host, MACS[3])
    outside = Machine(stranger, MACS[4], localaddr=stranger.address())
    for listener in (two, far):
        assert crosses(one, listener, SETTLED_S), anna.story()
    elsewhere.plug(anna.host, "eth1")  # takes the default route
    for sender, listener in ((one, two), (two, one), (one, far), (far, one)):
        assert crosses(sender, listener, MOVED_S), anna.story()
    heard_once([one, two], [far], 100000)
    heard_once([one, two], [two], 200000)
    one.take()
    outside.say(1)
    assert counted(one.listen(1)) == []
    warning = next(w for w in anna.status()["warnings"] if w["code"] == "clear-multicast")
    assert "by eth1: " in warning["text"]
    anna.host.ip("link", "del", "eth1")
    anna.host.ip("route", "add", "default", "via", anna.host.address()[:-1] + "1", "dev", "eth0")
    assert crosses(one, two, MOVED_S), anna.story()


def test_another_hosts_frames_are_not_ours_to_forward(lab, agents):
    home = lab.lan()
    anna, stranger = agents(lab.host("anna", home)), lab.host("stranger", home)
    bert = agents(lab.host("bert"))
    introduce(anna, bert)
    anna.up()
    bert.up()
    anna.wait_up("bert")
    eth = Machine(anna.host, MACS[1], localaddr=None)  # has its host hear that LAN
    outside = Machine(stranger, MACS[2], localaddr=stranger.address())
    far = Machine(bert.host, MACS[3])
    assert crosses(eth, far, SETTLED_S)
    assert crosses(outside, far, 1) is None
    assert port(anna)["drops"]["foreign_host"] > 0
    # and what comes from afar stays on the host, self-tests too
    outside.take()
    assert crosses(far, eth, SETTLED_S)
    assert all(is_beacon(frame) for frame in outside.listen(5))


def test_with_localaddr_nothing_at_all_of_the_hub_is_on_the_wire(pair, tmp_path):
    anna, bert = pair
    one, two = Machine(anna.host, MACS[1]), Machine(bert.host, MACS[2])
    with Capture(anna.host, tmp_path / "wire", match="net 224.0.0.0/4 and udp") as wire:
        assert crosses(one, two, SETTLED_S)
        assert crosses(two, one, SETTLED_S)
        one.listen(5)  # two beacons' time
    assert wire.packets() == []


def test_a_lan_interface_that_goes_and_comes_is_used_again(lab, agents):
    home = lab.lan()
    config = CONFIG + "interface = eth0\n"
    anna, bert = agents(lab.host("anna", home), config=config), agents(lab.host("bert"))
    introduce(anna, bert)
    anna.up()
    bert.up()
    anna.wait_up("bert")
    far = Machine(bert.host, MACS[3])
    near = lab.host("near", home)
    machine = Machine(near, MACS[1], localaddr=near.address())
    assert crosses(machine, far, SETTLED_S)
    anna.host.ip("link", "set", "eth0", "down")
    wait_for(lambda: port(anna)["state"] == "down", SETTLED_S, anna.story)
    assert "eth0" in port(anna)["detail"]
    anna.host.ip("link", "set", "eth0", "up")
    wait_for(lambda: port(anna)["state"] == "forwarding", SETTLED_S, anna.story)
    anna.host.ip("route", "replace", "default", "via", home.gateway(4), "dev", "eth0")
    assert crosses(machine, far, SETTLED_S), anna.story()
    anna.host.ip("link", "del", "eth0")
    wait_for(lambda: port(anna)["state"] == "down", SETTLED_S, anna.story)
    home.plug(anna.host)
    wait_for(lambda: port(anna)["state"] == "forwarding", SETTLED_S, anna.story)
    assert crosses(machine, far, SETTLED_S), anna.story()


def test_each_hub_has_its_own_vlan(lab, agents):
    second = "[vlan two]\nid = 2\n[port hub2]\nvlan = two\ntype = mcast\ngroup = 230.0.0.2:33001\n"
    both = [agents(lab.host(name), config=None) for name in ("anna", "bert")]
    for agent in both:
        agent.configure(CONFIG.format(name=agent.name, port=agent.port) + second)
    introduce(*both)
    both[0].local("bert", "vlans = lan, two")
    both[1].local("anna", "vlans = lan, two")
    for agent in both:
        agent.up()
    both[0].wait_up("bert")
    one, far_one = (Machine(a.host, m) for a, m in zip(both, MACS[1:3]))
    two, far_two = (
        Machine(a.host, m, group="230.0.0.2", port=33001) for a, m in zip(both, MACS[3:5])
    )
    assert crosses(one, far_one, SETTLED_S)
    assert crosses(two, far_two, SETTLED_S)
    far_one.take()
    far_two.take()
    one.say(900000)
    two.say(900001)
    assert [n for n in map(read_number, far_one.listen(1)) if n and n[1] >= 900000] == [(1, 900000)]
    assert [n for n in map(read_number, far_two.listen(0)) if n and n[1] >= 900000] == [(3, 900001)]


def test_full_size_and_jumbo_frames_cross_whole(pair):
    anna, bert = pair
    one, two = Machine(anna.host, MACS[1]), Machine(bert.host, MACS[2])
    for size in (60, 1233, 1514, 9014, 9216):
        assert crosses(one, two, SETTLED_S, size=size), size
    one.send(numbered(MACS[1], BROADCAST, 1, 700000, 9217))
    wait_for(lambda: port(anna)["drops"].get("long_frame"), SETTLED_S, anna.story)
    assert all(read_number(f) != (1, 700000) for f in two.listen(0.5))


def test_the_plug_in_state_is_told_by_ip_alone(pair):
    """The test's own helper sees what ip(8) sees, or the tests above prove nothing."""
    anna, _ = pair
    listed = run("ip", "-n", anna.host.netns, "maddr", "show", "dev", "lo")
    assert ("230.0.0.1" in listed) == (users(anna.host, "lo") > 0)


def read_slowly(machine, wanted, timeout_s):
    """Read SLOW_PER_S frames a second. The frames, and whether this process had no pause meanwhile.

    A pause is what makes the machine much slower than that.
    """
    frames, longest, used = [], 0, 0
    start = last = time.monotonic()
    while len(frames) < wanted and last - start < timeout_s:
        now = time.monotonic()
        longest, last = max(longest, now - last), now
        may = int((now - start) * SLOW_PER_S)
        for _ in range(may - used):
            try:
                frames.append(machine.socket.recv(65535))
            except BlockingIOError:
                break
        used = may
    return counted(frames), longest < 0.0005


def test_a_burst_from_another_host_reaches_a_slow_machine_whole_and_in_order(pair):
    anna, bert = pair
    one, slow = Machine(anna.host, MACS[1]), Machine(bert.host, MACS[2])
    slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, DEFAULT_BUFFER_BYTES // 2)
    assert crosses(slow, one, SETTLED_S)  # now it is known, and no broadcast limit applies
    assert crosses(one, slow, SETTLED_S, target=slow.mac)
    deadline = time.monotonic() + SETTLED_S
    while time.monotonic() < deadline:
        slow.listen(0.1)
        for number in range(BURST):
            one.say(number, target=slow.mac, size=1514)
        heard, steady = read_slowly(slow, BURST, 1)
        if heard == [(1, number) for number in range(BURST)]:
            return
        assert not steady or len(heard) == BURST, len(heard)
    pytest.fail(f"only {len(heard)} of {BURST} arrived")

"""The host itself on the LAN, by a TAP: every frame crosses, and it behaves like a card."""

import os
import shutil
import struct
import tempfile

import pytest

from agent import RELEASE, Agent, introduce
from capture import Capture
from machine import BROADCAST, Machine, counted, crosses, ethernet, numbered, read_number
from netns import wait_for
from tapped import (
    HUB_AND_TAP,
    NO_TUN,
    PRIVATE_TUN,
    TAP,
    TAP_ONLY,
    AtTap,
    available,
    has_carrier,
    in_a_view,
    link,
)

NOBODY = 65534
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
AS_NOBODY += ["--no-new-privs"]
SETTLED_S = 30
MACS = [f"02:00:00:00:00:{n:02x}" for n in range(16)]
IPX, UNKNOWN, IPV4, VLAN_TAG = 0x8137, 0x9999, 0x0800, 0x8100

pytestmark = pytest.mark.skipif(available() is not None, reason=available() or "")


def port(agent, name="host"):
    """The status of a port, or None."""
    ports = [p for v in agent.status()["vlans"] for p in v["ports"]]
    return next((p for p in ports if p["name"] == name), None)


def wait_state(agent, state, name="host"):
    """Wait until a port has that state; it listens for a second before it forwards."""
    wait_for(lambda: port(agent, name)["state"] == state, SETTLED_S, agent.story)


def connect(*agents):
    """Introduce them, start them, wait until they are connected and forward."""
    introduce(*agents)
    for agent in agents:
        agent.up()
    for agent in agents:
        agent.wait_up(*(other.name for other in agents if other is not agent))
        wait_state(agent, "forwarding")


def give(agent, address, device="lw0"):
    """Give an interface an address."""
    agent.host.ip("addr", "add", f"{address}/24", "dev", device)


def wait_ping(host, address, story):
    """Wait until an address answers."""
    wait_for(lambda: host.ping(address, 1), SETTLED_S, story)


def bridged_host(lab, name, lan):
    """A host on @lan whose TAP is in one bridge with its network card."""
    host = lab.host(name, lan)
    address = host.address()
    host.ip("link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
    host.ip("tuntap", "add", "dev", "lw0", "mode", "tap")
    for device in ("eth0", "lw0"):
        host.ip("link", "set", device, "master", "br0", "up")
    host.ip("link", "set", "br0", "up")
    host.ip("addr", "flush", "dev", "eth0")
    host.ip("addr", "add", f"{address}/24", "dev", "br0")
    host.ip("route", "replace", "default", "via", lan.gateway(4), "dev", "br0")
    return host


def each_hears_each_once(machines, story, first=1000, count=50):
    """Everybody says numbered broadcasts: everybody else hears each of them exactly once."""
    for machine in machines:
        machine.take()
    for number in range(first, first + count):
        for machine in machines:
            machine.say(number)
    numbers = range(first, first + count)
    for machine in machines:
        heard = sorted(n for n in counted(machine.listen(2)) if n[0] != int(machine.mac[-2:], 16))
        others = [int(m.mac[-2:], 16) for m in machines if m is not machine]
        assert heard == sorted((o, n) for o in others for n in numbers), story()


@pytest.fixture
def pair(lab, agents):
    """Anna and Bert, each with a hub and a TAP, connected."""
    both = [agents(lab.host(name), config=HUB_AND_TAP) for name in ("anna", "bert")]
    connect(*both)
    return both


@pytest.fixture
def open_folder():
    """A folder that an ordinary user may write to, wherever the tests' own folder lies."""
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, NOBODY, NOBODY)
        yield folder


def test_two_hosts_ping_each_other(lab, agents):
    anna, bert = (agents(lab.host(name), config=TAP_ONLY) for name in ("anna", "bert"))
    connect(anna, bert)
    give(anna, "10.9.0.1")
    give(bert, "10.9.0.2")
    for host, address in ((anna.host, "10.9.0.2"), (bert.host, "10.9.0.1")):
        wait_ping(host, address, anna.story)
    status = port(anna)
    assert (status["type"], status["state"], status["detail"]) == ("tap", "forwarding", "")
    assert status["rx_frames"] > 0 and status["tx_frames"] > 0
    assert "mtu 1500" in link(anna.host)


def test_an_address_of_a_tap_is_no_way_to_reach_its_agent(lab, agents, tmp_path):
    """Tried there, the tunnel would go through itself."""
    anna, bert = (agents(lab.host(name), config=TAP_ONLY) for name in ("anna", "bert"))
    extra = lab.lan()
    extra.plug(anna.host, "eth1")  # an address that must be told, to know that all were
    connect(anna, bert)
    give(anna, "10.9.0.1")
    give(bert, "10.9.0.2")
    wait_ping(bert.host, "10.9.0.1", bert.story)
    bert.host.ip("neigh", "replace", "10.9.0.1", "lladdr", MACS[1], "dev", "lw0")
    tunnel = f"udp port {anna.port}"
    with Capture(bert.host, tmp_path / "tap", "lw0", match=tunnel) as tap, Capture(
        bert.host, tmp_path / "eth", match=f"{tunnel} and dst {anna.host.address(device='eth1')}"
    ) as eth:
        anna.kill()
        wait_for(lambda: not bert.is_up("anna"), 4 * SETTLED_S, bert.story)
        wait_for(eth.packets, SETTLED_S, bert.story)
    assert tap.packets() == []


def odd_frames(source):
    """(name, frame) of what is neither IP nor of the usual size."""
    yield "IPX", ethernet(source, BROADCAST, b"\xff\xff\x00\x22" + bytes(30), IPX)
    yield "unknown", ethernet(source, BROADCAST, b"who knows", UNKNOWN)
    yield "header only", bytes.fromhex("ff" * 6) + ethernet(source, BROADCAST, b"", UNKNOWN)[6:14]
    yield "64 bytes", ethernet(source, BROADCAST, bytes(range(50)), UNKNOWN)
    yield "full size", ethernet(source, BROADCAST, bytes(1500), UNKNOWN)
    inner = struct.pack("!HH", 7, UNKNOWN) + bytes(1500)
    yield "tagged, full size", ethernet(source, BROADCAST, inner, VLAN_TAG)


def test_any_frame_crosses_unchanged_between_taps_and_hubs(pair):
    anna, bert = pair
    places = [
        AtTap(anna.host, MACS[1]),
        AtTap(bert.host, MACS[2]),
        Machine(anna.host, MACS[3]),
        Machine(bert.host, MACS[4]),
    ]
    for one in places:
        for name, frame in odd_frames(one.mac):
            for other in places:
                other.take()
            one.send(frame)
            for other in places:
                heard = one is other or other.hears(lambda f, frame=frame: f == frame, SETTLED_S)
                assert heard, f"{name} from {one.mac} to {other.mac}: {anna.story()}"


def test_jumbo_frames_cross_between_taps_of_that_mtu(lab, agents):
    both = [agents(lab.host(n), config=TAP_ONLY + "mtu = 9000\n") for n in ("anna", "bert")]
    connect(*both)
    assert "mtu 9000" in link(both[0].host)
    one, two = (AtTap(a.host, m) for a, m in zip(both, MACS[1:]))
    for size in (60, 1515, 9014):
        assert crosses(one, two, SETTLED_S, size=size), size


def test_a_frame_too_long_for_the_interface_is_counted_and_warned_of(pair):
    anna, bert = pair
    far, near = Machine(bert.host, MACS[1]), AtTap(anna.host, MACS[2])
    assert crosses(far, near, SETTLED_S, size=1514), anna.story()
    near.take()
    far.send(numbered(MACS[1], BROADCAST, 1, 5, size=1515))
    wait_for(lambda: port(anna)["drops"].get("over_mtu"), SETTLED_S, anna.story)
    assert counted(near.listen(0.2)) == []
    warnings = [w for w in anna.status()["warnings"] if w["code"] == "over-mtu"]
    assert warnings and "ip link set lw0 mtu 1501" in warnings[0]["fix"]


@pytest.mark.skipif(not shutil.which("dnsmasq", path="/usr/sbin:/usr/bin"), reason="no dnsmasq")
def test_dnsmasq_on_a_tap_leases_an_address_to_the_other_host(lab, agents, tmp_path):
    anna, bert = (agents(lab.host(name), config=TAP_ONLY) for name in ("anna", "bert"))
    connect(anna, bert)
    give(anna, "10.9.0.1")
    server = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0"]
    server += ["--interface=lw0", "--bind-interfaces", "--dhcp-range=10.9.0.50,10.9.0.99"]
    server += [f"--dhcp-leasefile={tmp_path}/leases", "--user=root", "--no-ping", "--pid-file"]
    anna.host.start(*server)
    script = tmp_path / "bound"
    script.write_text('#!/bin/sh\n[ "$1" = bound ] && ip addr add $ip/$mask dev $interface\n:\n')
    script.chmod(0o755)
    client = ["busybox", "udhcpc", "-i", "lw0", "-f", "-q", "-n", "-s", script, "-T", "1"]

    bert.host.run(*client, "-t", "2", check=False)
    assert "10.9.0." not in bert.host.ip("addr", "show", "dev", "lw0")
    assert bert.peer("anna")["drops"].get("guard_dhcp"), bert.story()

    bert.cli("allow", "anna", "dhcp")
    bert.host.run(*client, "-t", SETTLED_S)
    leased = bert.host.address(device="lw0")
    assert leased.startswith("10.9.0.")
    assert leased in (tmp_path / "leases").read_text()
    wait_ping(anna.host, leased, anna.story)


def test_tcpdump_on_the_tap_sees_the_machines_of_both_hosts(pair, tmp_path):
    anna, bert = pair
    near, far = Machine(anna.host, MACS[1]), Machine(bert.host, MACS[2])
    assert crosses(near, far, SETTLED_S), anna.story()
    with Capture(anna.host, tmp_path / "tap", device="lw0") as tap:
        near.say(1)
        far.say(2)
        wait_for(
            lambda: {(1, 1), (2, 2)} <= set(counted(tap.packets())), SETTLED_S, anna.story
        )


def test_a_tap_in_a_bridge_joins_what_is_bridged(lab, agents):
    """A neighbour on a cable to Anna's host, which has no agent."""
    anna, bert = (agents(lab.host(name), config=TAP_ONLY) for name in ("anna", "bert"))
    connect(anna, bert)
    neighbour = lab.host("neighbour")
    anna.host.ip("link", "add", "v0", "type", "veth", "peer", "name", "cable", "netns",
                 neighbour.netns)
    anna.host.ip("link", "add", "br0", "type", "bridge")
    for device in ("v0", "lw0"):
        anna.host.ip("link", "set", device, "master", "br0", "up")
    anna.host.ip("link", "set", "br0", "up")
    neighbour.ip("link", "set", "cable", "up")
    neighbour.ip("addr", "add", "10.9.0.5/24", "dev", "cable")
    give(anna, "10.9.0.1", "br0")
    give(bert, "10.9.0.2")
    wait_ping(neighbour, "10.9.0.2", anna.story)
    wait_ping(bert.host, "10.9.0.5", anna.story)
    wait_ping(anna.host, "10.9.0.2", anna.story)


def test_a_tap_bridged_into_the_lan_of_its_own_hub_does_not_recurse(lab, agents):
    """Anna's eth0 and TAP are in one bridge, and her hub is on it: each hub datagram comes back."""
    home = lab.lan()
    config = HUB_AND_TAP.replace("33000\n", "33000\ninterface = br0\n")
    anna = agents(bridged_host(lab, "anna", home), config=config)
    bert = agents(lab.host("bert"))
    introduce(anna, bert, called=[bert])
    anna.up()
    bert.up()
    anna.wait_up("bert")
    beside = lab.host("beside", home)
    near = Machine(beside, MACS[1], localaddr=beside.address())
    far = Machine(bert.host, MACS[2])
    assert crosses(near, far, SETTLED_S), anna.story()
    assert crosses(far, near, SETTLED_S), anna.story()
    for machine in (near, far):
        machine.take()
    before = port(anna)["drops"].get("hub_in_tap", 0)
    for number in range(20):
        near.say(number)
        far.say(number)
    at_near, at_far = near.listen(2), far.listen(0)
    both = sorted((sender, number) for sender in (1, 2) for number in range(20))
    for heard in (at_near, at_far):
        assert sorted(counted(heard)) == both, anna.story()  # on a hub, its own too
        nested = [f for f in heard if b"LWTS" in f and read_number(f) is None]
        assert nested == [], anna.story()
    assert port(anna)["drops"]["hub_in_tap"] - before >= 40


def test_a_persistent_tap_needs_no_privilege_and_outlives_the_agent(lab, open_folder):
    binary = shutil.copy(RELEASE, open_folder)
    prefix = in_a_view(PRIVATE_TUN.format(666)) + AS_NOBODY
    made = [
        Agent(lab.host(name), os.path.join(open_folder, name), prefix=prefix, binary=binary)
        for name in ("anna", "bert")
    ]
    for number, agent in enumerate(made, start=1):
        agent.init(TAP_ONLY)
        agent.host.ip("tuntap", "add", "dev", "lw0", "mode", "tap", "user", str(NOBODY))
        agent.host.ip("link", "set", "lw0", "up")
        give(agent, f"10.9.0.{number}")
    anna, bert = made
    connect(anna, bert)
    wait_ping(anna.host, "10.9.0.2", anna.story)
    mac = link(anna.host).split("link/ether")[1]

    for end in (anna.stop, anna.kill):  # politely and not
        end()
        wait_for(lambda: not has_carrier(anna.host), SETTLED_S, "no carrier without an agent")
        assert "10.9.0.1" in anna.host.ip("addr", "show", "dev", "lw0")
        anna.up()
        wait_ping(anna.host, "10.9.0.2", anna.story)
        assert link(anna.host).split("link/ether")[1] == mac
    for agent in made:
        agent.stop()


@pytest.mark.parametrize(
    "setting, words",
    [
        (PRIVATE_TUN.format(666), ["only root may make interface lw0: sudo ip tuntap add dev lw0 "
                                   f"mode tap user {NOBODY} && sudo ip link set lw0 up"]),
        (PRIVATE_TUN.format(600), ["may not open /dev/net/tun", "sudo chmod 666 /dev/net/tun"]),
        (NO_TUN, ["this host has no TAPs", "sudo modprobe tun", "--device /dev/net/tun"]),
    ],
    ids=["not-permitted", "no-access", "missing"],
)
def test_what_is_missing_is_said_with_the_fix_and_the_rest_works(lab, open_folder, setting, words):
    binary = shutil.copy(RELEASE, open_folder)
    folder = os.path.join(open_folder, "anna")
    prefix = in_a_view(setting) + AS_NOBODY
    anna = Agent(lab.host("anna"), folder, prefix=prefix, binary=binary).init(HUB_AND_TAP)
    assert "only root may make" in anna.cli("check").stderr
    anna.up()
    assert port(anna)["state"] == "down"
    wait_state(anna, "forwarding", "hub")
    for word in words:
        assert word in port(anna)["detail"], anna.story()
        assert word in anna.log()
    assert anna.log().count("port host: ") == 2  # what it is, and once what is wrong
    anna.stop()


def test_the_printed_command_lets_a_waiting_port_come_up_by_itself(lab, open_folder):
    binary = shutil.copy(RELEASE, open_folder)
    prefix = in_a_view(PRIVATE_TUN.format(666)) + AS_NOBODY
    folder = os.path.join(open_folder, "anna")
    anna = Agent(lab.host("anna"), folder, prefix=prefix, binary=binary).init(HUB_AND_TAP)
    anna.up()
    command = port(anna)["detail"].split(": ", 1)[1].replace("sudo ", "")
    anna.host.run("sh", "-c", command)
    wait_state(anna, "forwarding")
    near, machine = AtTap(anna.host, MACS[1]), Machine(anna.host, MACS[2])
    assert crosses(near, machine, SETTLED_S)
    assert crosses(machine, near, SETTLED_S)
    anna.stop()


def test_an_mtu_that_may_not_be_set_is_said_and_frames_cross(lab, open_folder):
    binary = shutil.copy(RELEASE, open_folder)
    prefix = in_a_view(PRIVATE_TUN.format(666)) + AS_NOBODY
    folder = os.path.join(open_folder, "anna")
    anna = Agent(lab.host("anna"), folder, prefix=prefix, binary=binary)
    anna.init(HUB_AND_TAP + "mtu = 4000\n")
    anna.host.ip("tuntap", "add", "dev", "lw0", "mode", "tap", "user", str(NOBODY))
    anna.host.ip("link", "set", "lw0", "up")
    anna.up()
    wait_state(anna, "forwarding")
    assert "sudo ip link set lw0 mtu 4000" in port(anna)["detail"]
    assert crosses(AtTap(anna.host, MACS[1]), Machine(anna.host, MACS[2]), SETTLED_S)
    anna.host.ip("link", "set", "lw0", "mtu", "4000")
    wait_for(lambda: port(anna)["detail"] == "", SETTLED_S, anna.story)
    anna.stop()


def test_an_interface_that_exists_keeps_its_mtu_and_addresses(lab, agents):
    anna = agents(lab.host("anna"), config=HUB_AND_TAP)
    anna.host.ip("tuntap", "add", "dev", "lw0", "mode", "tap")
    anna.host.ip("link", "set", "lw0", "mtu", "1400")
    give(anna, "10.9.0.1")
    anna.up()
    assert "mtu 1400" in link(anna.host) and ",UP" in link(anna.host)
    assert "10.9.0.1" in anna.host.ip("addr", "show", "dev", "lw0")
    anna.stop()
    assert "mtu 1400" in link(anna.host)


def test_the_carrier_of_a_tap_alone_says_whether_a_peer_is_there(lab, agents):
    anna, bert = (agents(lab.host(name), config=TAP_ONLY) for name in ("anna", "bert"))
    introduce(anna, bert)
    anna.up()
    wait_for(lambda: link(anna.host) and not has_carrier(anna.host), SETTLED_S, anna.story)
    wait_state(anna, "forwarding")
    assert "nobody else is on this vlan" in port(anna)["detail"]
    bert.up()
    wait_for(lambda: "bert is up" in anna.log(), SETTLED_S, anna.story)
    assert has_carrier(anna.host)  # before anybody could read that
    bert.stop()
    wait_for(lambda: not has_carrier(anna.host), SETTLED_S, anna.story)
    bert.up()
    wait_for(lambda: has_carrier(anna.host), SETTLED_S, anna.story)


def test_the_carrier_of_a_tap_beside_a_hub_is_on_without_any_peer(lab, agents):
    anna = agents(lab.host("anna"), config=HUB_AND_TAP).up()
    wait_for(lambda: has_carrier(anna.host), SETTLED_S, anna.story)


def test_an_interface_that_is_set_down_or_deleted_comes_back(pair):
    anna, bert = pair
    far = Machine(bert.host, MACS[2])
    assert crosses(far, AtTap(anna.host, MACS[1]), SETTLED_S), anna.story()
    anna.host.ip("link", "set", "lw0", "down")
    wait_state(anna, "down")
    assert "sudo ip link set lw0 up" in port(anna)["detail"]
    anna.host.ip("link", "set", "lw0", "up")
    wait_state(anna, "forwarding")
    assert crosses(far, AtTap(anna.host, MACS[1]), SETTLED_S), anna.story()
    anna.host.ip("link", "del", "lw0")
    wait_for(lambda: "was deleted" in anna.log(), SETTLED_S, anna.story)
    wait_state(anna, "forwarding")
    here = AtTap(anna.host, MACS[1])
    assert crosses(far, here, SETTLED_S), anna.story()
    assert crosses(here, far, SETTLED_S), anna.story()


def test_a_tap_comes_and_goes_with_its_section_of_the_file(lab, agents):
    anna = agents(lab.host("anna")).up()
    assert link(anna.host) == ""
    with_tap = open(os.path.join(anna.folder, "agent.conf"), encoding="utf-8").read() + TAP
    anna.configure(with_tap)
    wait_for(lambda: port(anna) and link(anna.host), SETTLED_S, anna.story)
    near, machine = AtTap(anna.host, MACS[1]), Machine(anna.host, MACS[2])
    assert crosses(near, machine, SETTLED_S), anna.story()
    index = link(anna.host).split(":")[0]
    anna.configure(with_tap + "broadcast = 100\n")
    wait_for(lambda: anna.log().count("agent.conf changed") >= 2, SETTLED_S, anna.story)
    assert link(anna.host).split(":")[0] == index  # it was not made anew
    anna.configure(with_tap + "mtu = 1400\n")
    wait_for(lambda: "mtu 1400" in link(anna.host), SETTLED_S, anna.story)
    anna.configure(with_tap[: with_tap.index("\n[port host]")])
    wait_for(lambda: link(anna.host) == "", SETTLED_S, anna.story)
    assert port(anna) is None


def test_two_agents_with_taps_on_one_lan_make_no_loop_and_one_forwards(lab, agents):
    """Anna's and Bert's TAPs are bridged into one LAN, on which a host has no agent; Carl is far."""
    home = lab.lan()
    anna, bert = (
        agents(bridged_host(lab, name, home), config=TAP_ONLY) for name in ("anna", "bert")
    )
    carl = agents(lab.host("carl"))
    at = {anna: "br0", bert: "br0", carl: "eth0"}
    for one in at:
        for other, device in at.items():
            if one is not other:
                one.add(other, f"{other.host.address(device=device)}:{other.port}")
    for agent in (anna, bert, carl):
        agent.up()
    anna.wait_up("bert", "carl")
    bert.wait_up("anna", "carl")
    near, far = AtTap(lab.host("beside", home), MACS[1], "eth0"), Machine(carl.host, MACS[2])

    def story():
        return anna.story() + bert.story() + carl.story()

    assert crosses(near, far, SETTLED_S), story()
    assert crosses(far, near, SETTLED_S), story()
    each_hears_each_once([near, far], story)
    forwarder = max((anna, bert), key=lambda a: carl.peer(a.name)["rx_frames"])
    forwarder.kill()  # no goodbye: the other takes over
    assert crosses(near, far, SETTLED_S), story()
    assert crosses(far, near, SETTLED_S), story()
    each_hears_each_once([near, far], carl.story, first=2000)


def test_two_taps_of_one_agent_in_one_bridge_are_found(lab, agents):
    both = TAP_ONLY + "\n[port again]\nvlan = lan\ntype = tap\nname = lw1\n"
    anna = agents(lab.host("anna"), config=both)
    anna.host.ip("link", "add", "br0", "type", "bridge")
    for device in ("lw0", "lw1"):
        anna.host.ip("tuntap", "add", "dev", device, "mode", "tap")
        anna.host.ip("link", "set", device, "master", "br0", "up")
    anna.host.ip("link", "set", "br0", "up")
    anna.up()
    wait_for(
        lambda: {port(anna, n)["state"] for n in ("host", "again")} == {"forwarding", "blocked"},
        SETTLED_S,
        anna.story,
    )

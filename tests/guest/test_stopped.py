"""Real machines that do not read what they are sent, or are sent more than they can read.

Two machines on one host share the agent: one has a card at every attachment, the other listens
(`socket,listen=`). A third, on the hub, is a stand-in that floods.
"""

import signal
import tempfile
import threading

import pytest

from agent import RELEASE
from attachments import ATTACHMENTS, FAR_MAC, NEAR_MAC, NUMBERS, Pair, ports_config
from frames import arp_request, is_arp_reply
from guest import pings
from machine import Machine, numbered
from plugs import drops, port

LISTENER = ("listener", "stream", "connect = 127.0.0.1:7101")
LISTENERS = ("socket listen", "stream inet, server", "stream unix, server")
# The kernel drops what is too much for a UDP socket, and tells nobody.
TOLD = [n for n, way in ATTACHMENTS.items() if way.port and way.port[0] != "type = udp"] + ["run"]
STAND_IN_MAC = "02:00:00:00:00:01"
FULL_BYTES = 1514
BURST, BURST_PAUSE_S = 500, 0.05  # frames: more than wait at a unix socket and in the agent
FLOOD_S = 2
MANY = 500  # frames: more than all buffers on the way take
ANSWER_S = 5
ROUNDS_MAX = 400
MEMORY_KIB = 16 * 1024


@pytest.fixture(scope="module")
def pair(shared_lab, shared_agents, shared_guests):
    """Both machines on one host, all attachments at work."""
    with tempfile.TemporaryDirectory(prefix="lw") as folder:
        anna = shared_agents(
            shared_lab.host("anna"), config=ports_config(folder, LISTENER), binary=RELEASE
        )
        anna.host.sysctl("net.unix.max_dgram_qlen=512")
        made = Pair(
            anna, anna, shared_guests, folder, netdev="socket,id=lw,listen=127.0.0.1:7101"
        )
        anna.up()
        made.boot()
        for name in ATTACHMENTS:
            assert pings(*made.ends(name)), f"{name}: {anna.story()}"
        yield made
        made.close()


@pytest.fixture
def stand_in(pair):
    """A machine on the hub."""
    made = Machine(pair.near.host, STAND_IN_MAC)
    yield made
    made.close()


def send(stand_in, mac, count):
    """Full frames for one machine."""
    for number in range(count):
        stand_in.send(numbered(STAND_IN_MAC, mac, 1, number, size=FULL_BYTES))


def answers(stand_in, number):
    """Does the machine that listens answer?"""
    ip = f"10.9.{number}.2"
    for _ in range(ANSWER_S):
        stand_in.send(arp_request(STAND_IN_MAC, f"10.9.{number}.9", ip))
        if stand_in.hears(lambda f: is_arp_reply(f, ip), 1):
            return True
    return False


def test_machines_that_listen_never_freeze_while_both_send_and_are_flooded(pair, stand_in):
    """QEMU as the listener stands still while whoever connected does not read."""
    stop = threading.Event()

    def flood():
        while not stop.wait(BURST_PAUSE_S):
            for mac in (FAR_MAC, *(NEAR_MAC % NUMBERS[name] for name in LISTENERS)):
                send(stand_in, mac, BURST)

    flooding = threading.Thread(target=flood)
    flooding.start()
    try:
        for name in LISTENERS:
            number = NUMBERS[name]
            pair.machine.begin(f"peer flood eth{number} {FLOOD_S} {FAR_MAC}")
            pair.other.begin(f"peer flood eth0 {FLOOD_S} {NEAR_MAC % number}")
            for guest in (pair.machine, pair.other):
                status, sent = guest.finish()
                assert status == 0 and int(sent) > MANY, f"{name}: {sent}"
    finally:
        stop.set()
        flooding.join()
    # it was a flood: more than the one without large buffers in the kernel could take
    assert drops(pair.near, pair.place("stream unix, server"), "port_full") > 0, pair.near.story()
    for name in LISTENERS:
        assert pings(*pair.ends(name)), f"{name}: {pair.near.story()}"


def test_a_machine_that_is_stopped_costs_its_own_frames_and_nobody_else_any(pair, stand_in):
    before = pair.near.vm_hwm_kib()
    places = {name: pair.place(name) for name in TOLD}
    lost = {name: drops(pair.near, place, "port_full") for name, place in places.items()}
    others = port(pair.near, "listener")["drops"]
    pair.machine.signal(signal.SIGSTOP)
    for _ in range(ROUNDS_MAX):
        for number in NUMBERS.values():
            send(stand_in, NEAR_MAC % number, 50)
        assert answers(stand_in, 1), pair.near.story()
        if all(drops(pair.near, place, "port_full") > lost[n] for n, place in places.items()):
            break
    else:
        pytest.fail(f"not full: {pair.near.story()}")
    assert port(pair.near, "listener")["drops"] == others
    assert pair.near.vm_hwm_kib() - before < MEMORY_KIB
    pair.machine.signal(signal.SIGCONT)
    for name in ATTACHMENTS:
        assert pings(*reversed(pair.ends(name))), f"{name}: {pair.near.story()}"

"""scene.py - an agent, its hub and nodes around it, and what the tests ask of them

Layer: tests.
"""

import time

import records
import wire
from node import Node
from real_agent import LOOPBACK, PAUSE_S, Hub, Line, RealAgent, from_hub, from_node

LAN = 1


class Scene:
    """An agent, its hub, and Python nodes around it; all of it ends with the test."""

    def __init__(self, folder):
        self.agent = RealAgent(folder / "anna")
        self.hub = Hub(self.agent.hub_address)
        self.lines = []
        self.agent.meanwhile = self.serve

    def serve(self):
        """Serve all lines for a moment: nobody waits for the agent alone."""
        time.sleep(PAUSE_S)
        for line in self.lines:
            line.step(0)

    def line(self, name="ben", known=True, reachable=False, host=LOOPBACK, **options):
        """A node, as (line, its peer); @known to the agent, with its address if @reachable."""
        node = Node(name=name, **options)
        line = Line(node, host)
        self.lines.append(line)
        peer = node.add_peer(self.agent.public, candidates=[(host, self.agent.port)])
        if known:
            self.agent.add(name, node.static.public, line.address if reachable else None)
        return line, peer

    def connect(self, reachable=False, **options):
        """The agent is up and has a session with a node: that initiated it, unless @reachable."""
        line, peer = self.line(reachable=reachable, **options)
        self.agent.up()
        self.begin(line, peer, initiate=not reachable)
        return line, peer

    def begin(self, line, peer, initiate):
        """The first session; the one that the agent initiates may be there already."""
        if initiate:
            peer.initiate(time.monotonic())
        line.until(lambda: settled(peer), self.agent.story)

    def meet(self, line, peer, initiate=True):
        """Shake hands and hear each other's hello, on a new session."""
        old = peer.current
        if initiate:
            peer.initiate(time.monotonic())
        line.until(lambda: peer.current is not old and settled(peer), self.agent.story)

    def close(self):
        """End all."""
        try:
            self.agent.stop()
        finally:
            self.hub.close()
            for line in self.lines:
                line.close()


def settled(peer):
    """Is there a session on which both hellos have arrived?"""
    current = peer.current
    return current and current.hello.acknowledged and current.heard_generation >= 0


def endpoint_is(scene, line):
    """Does the agent say that its peer "ben" is where this line is?"""
    path = scene.agent.peer("ben")["path"]  # null while the peer is not up
    return path is not None and path["endpoint"] == "{}:{}".format(*line.address)


def now():
    """The clock of the nodes."""
    return time.monotonic()


def counted(scene, line, name, number=1):
    """Wait until a counter of the agent has at least this value."""
    return line.until(lambda: scene.agent.drops().get(name, 0) >= number, scene.agent.story)


def drops_become(scene, line, expected):
    """Wait until the agent's counters are these and no others."""
    line.until(lambda: scene.agent.drops() == expected, scene.agent.story)


def heard_on_hub(scene, line, frame):
    """Wait until the hub has this frame."""
    line.until(lambda: frame in scene.hub.read(), scene.agent.story)


def came_from_agent(scene, line, peer, frame):
    """Wait until the node has this frame."""
    line.until(lambda: (LAN, frame) in peer.frames, scene.agent.story)


def cross_both_ways(scene, line, peer, size=60):
    """A frame from the node to the hub, and one back."""
    there, back = from_node(size), from_hub(size)
    peer.send_frame(now(), LAN, there)
    heard_on_hub(scene, line, there)
    scene.hub.send(back)
    came_from_agent(scene, line, peer, back)


def frame_record(frame, vlan=LAN, flags=0):
    """A frame record."""
    return records.record(records.FRAME, records.frame_body(vlan, frame, flags))


def raw_initiation(agent, noise, payload, index=1):
    """An initiation made by hand."""
    body = wire.header(wire.INITIATION, index) + noise.write(payload)
    return wire.add_mac2(wire.add_mac1(body, agent.public))


def barrier(scene, line, peer):
    """What was sent on this line before has been worked off when this returns."""
    token = peer.ping(now())
    line.until(lambda: token in peer.pongs, scene.agent.story)


def quiet(line, seconds=2):
    """The agent has said all that it says of its own accord when a session is new."""
    since, before = now(), len(line.came)
    while now() - since < seconds:
        line.serve(0.1)
        if len(line.came) > before:
            since, before = now(), len(line.came)


def plain_texts(line, session):
    """The plain texts of the data that came on a session."""
    return [
        wire.open_data(session.cipher, session.receive_key, data)
        for _, data in line.came
        if data[0] == wire.DATA and wire.u32_at(data, 4) == session.local_index
    ]


def late_frame(session, frame):
    """A frame on a session that is no longer the newest."""
    message = wire.seal_data(
        session.cipher, session.send_key, session.remote_index, session.counter, frame_record(frame)
    )
    session.counter += 1
    return message

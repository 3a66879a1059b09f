"""world.py - a network in memory between nodes, and a clock that the test moves

Layer: tests.
"""

import noise
from node import Node


class World:
    """A network in memory and a clock that the test moves."""

    def __init__(self):
        self.now = 1000.0
        self.nodes = {}  # address to Node
        self.links = []  # (address, Node) by which outgoing datagrams get their source
        self.tamper = lambda source, target, datagram: [datagram]
        self.seen = []  # (source, target, datagram) of all that was sent

    def node(self, host, **options):
        """A Node at address (@host, 1)."""
        node = Node(name=host, **options)
        node.clock_ns = lambda: int(self.now * 1e9)
        self.nodes[(host, 1)] = node
        self.links.append([(host, 1), node])
        return node

    def move(self, node, address):
        """@node is at another address from now on."""
        self.nodes = {where: one for where, one in self.nodes.items() if one is not node}
        self.nodes[address] = node
        next(link for link in self.links if link[1] is node)[0] = address

    def settle(self):
        """Deliver until nobody says anything any more."""
        for _ in range(1000):
            batch = []
            for source, node in self.links:
                batch += [(source, target, datagram) for target, datagram in node.outbox]
                del node.outbox[:]
            if not batch:
                return
            for source, target, datagram in batch:
                self.carry(source, target, datagram)
        raise AssertionError("they never stop talking")

    def carry(self, source, target, datagram):
        """One datagram crosses, or not."""
        self.seen.append((source, target, datagram))
        for copy in self.tamper(source, target, datagram) or []:
            if target in self.nodes:
                self.nodes[target].receive(self.now, copy, source)

    def run(self, seconds, step=0.25):
        """Let time pass."""
        for _ in range(int(seconds / step)):
            self.now += step
            for _, node in self.links:
                node.poll(self.now)
            self.settle()


def introduce(world, psk=noise.ZERO_PSK, **options):
    """Two nodes that know each other; their Peer objects."""
    one, two = world.node("10.0.0.1", **options), world.node("10.0.0.2", **options)
    to_two = one.add_peer(two.static.public, psk, [("10.0.0.2", 1)])
    to_one = two.add_peer(one.static.public, psk, [("10.0.0.1", 1)])
    return to_two, to_one


def connect(world, **options):
    """The same, with a session that the first initiated."""
    to_two, to_one = introduce(world, **options)
    to_two.initiate(world.now)
    world.settle()
    assert to_two.up and to_one.up
    return to_two, to_one


def quiet(*peers):
    """Nothing was dropped anywhere."""
    return not any(peer.node.drops for peer in peers)

"""node.py - our own end of the protocol: identity, indices, knocks, counters

Layer: second implementation. Sans-IO; see peer.py.
"""

import collections
import os
import time

import records
import sodium
import wire
from floods import Guard
from noise import ZERO_PSK, KeyPair, Responder
from peer import Peer
from session import Session
from tries import Handshake
from wire import Drop

KNOCKS, KNOCK_LIFE_S = 8, 600.0


class Node:
    """Our own end. One that is not @active starts no handshake of its own accord."""

    def __init__(self, static=None, name="peer", vlans=(1,), addresses=(), active=False):
        self.static = static or KeyPair()
        self.name = name
        self.vlans = list(vlans)
        self.addresses = list(addresses)
        self.active = active
        self.ciphers = wire.CHACHA | (wire.AES if sodium.HAVE_AES else 0)
        self.max_frame = records.MAX_FRAME
        self.clock_ns = time.time_ns
        self.last_stamp_ns = 0
        self.guard = Guard(self.static.public)
        self.peers = {}
        self.indices = {}  # index to (peer, Handshake or Session)
        self.reassemblies = []
        self.knocks = collections.deque(maxlen=KNOCKS)
        self.drops = collections.Counter()
        self.outbox = []  # (address, datagram)

    def add_peer(self, public, psk=ZERO_PSK, candidates=()):
        """Trust a key."""
        peer = self.peers[public] = Peer(self, public, psk, candidates)
        return peer

    def send(self, address, datagram):
        """A datagram for the socket."""
        self.outbox.append((address, datagram))

    def count(self, name):
        """One more drop."""
        self.drops[name] += 1

    def new_index(self):
        """Random, not zero, not in use."""
        while True:
            index = int.from_bytes(os.urandom(4), "big")
            if index and index not in self.indices:
                return index

    def timestamp(self):
        """The clock, but always later than the last time."""
        self.last_stamp_ns = max(self.clock_ns(), self.last_stamp_ns + 1)
        return self.last_stamp_ns

    def choose_cipher(self, offered):
        """The cipher for an initiator's offer; Drop."""
        if offered & ~(wire.CHACHA | wire.AES):
            self.count("unknown_capability")
        common = offered & self.ciphers
        if not common:
            raise Drop("no_common_cipher")
        return wire.AES if common & wire.AES else wire.CHACHA

    def receive(self, now, message, source):
        """A datagram came from @source."""
        try:
            kind = wire.kind_of(message)
            if kind == wire.INITIATION:
                self._on_initiation(now, message, source)
            elif kind == wire.RESPONSE:
                self._on_response(now, message, source)
            elif kind == wire.COOKIE_REPLY:
                peer, handshake = self._find(message, 4, Handshake, "bad_cookie")
                peer.on_cookie(now, handshake, message, source)
            else:
                peer, session = self._find(message, 4, Session, "unknown_index")
                peer.on_data(now, session, message, source)
        except Drop as drop:
            self.count(str(drop))

    def _find(self, message, offset, kind, drop):
        """Whom the index at @offset names; Drop."""
        peer, found = self.indices.get(wire.u32_at(message, offset), (None, None))
        if not isinstance(found, kind):
            raise Drop(drop)
        return peer, found

    def _on_response(self, now, message, source):
        wire.check_mac1(message, self.static.public)
        peer, handshake = self._find(message, 8, Handshake, "unknown_index")
        peer.on_response(now, handshake, message, source)

    def _on_initiation(self, now, message, source):
        """Steps 1 to 4 of 4.2."""
        wire.check_mac1(message, self.static.public)
        refusal = self.guard.admit(message, source, now)
        if refusal:
            if refusal[1]:
                self.send(source, refusal[1])
            raise Drop(refusal[0])
        noise, body = Responder(self.static), message[8:136]
        try:
            public = noise.read_static(body)
            if public == self.static.public:
                raise Drop("own_key")
            payload = noise.read_payload(body)
        except sodium.CryptoError:
            raise Drop("bad_handshake") from None
        if public not in self.peers:
            self.knocks.append((public, source, now))
            raise Drop("unknown_key")
        self.peers[public].on_initiation(now, noise, payload, message, source)

    def poll(self, now):
        """Do what time demands."""
        while self.knocks and now - self.knocks[0][2] >= KNOCK_LIFE_S:
            self.knocks.popleft()
        for peer in self.peers.values():
            peer.poll(now)

"""peer.py - a second implementation of the longwire protocol, from PROTOCOL.md alone

Layer: second implementation. Sans-IO: time comes in as seconds of a clock that never goes back,
datagrams come in by Node.receive() and go out through Node.outbox; poll() does what time demands.

    node = Node(KeyPair(), name="anna")
    peer = node.add_peer(public, candidates=[("127.0.0.1", 19543)])
    peer.initiate(now); node.outbox ...; node.receive(now, datagram, source); node.poll(now)
    peer.send_frame(now, vlan, frame); peer.frames

This file is what is kept and done per peer; node.py is the own end. Beside them: wire.py
(messages), noise.py (handshake), tries.py (when to start one), session.py (keys, replay),
records.py (plain text), segments.py (one kind of record), floods.py (cookies, load).
"""

import collections
import os

import records
import segments
import sodium
import wire
from noise import Initiator
from records import Hello
from session import Session
from tries import Handshake, Tries
from wire import Drop

REKEY_AFTER_S, REKEY_RESPONDER_S = 120.0, 150.0
KEEPALIVE_S, PING_IDLE_S = 10.0, 20.0
PING_STEP_S, PING_STEPS, ECHO_S = 5.0, 2, 2.0
PROOF_S, BEAT_S, QUIET_S = 300.0, 40.0, 45.0
UNHEARD_S, SILENT_S = 15.0, 25.0
UNCONFIRMED_S, REPLACED_S = 15.0, 5.0
FORGET_TIMESTAMP_S = 540.0
HANDSHAKE_LIFE_S, HANDSHAKE_FAILURES, HANDSHAKES = 10.0, 16, 2
MOST_ADDRESSES = 17
COOKIE_LIFE_S, COOKIE_PAUSE_S = 115.0, 1.0
CHALLENGE_LIFE_S, CHALLENGE_PAUSE_S = 5.0, 1.0
INITIATIONS_A_SECOND = 50


class Peer:
    """The other agent, as we see it; made by Node.add_peer()."""

    def __init__(self, node, public, psk, candidates):
        self.node = node
        self.public = public
        self.psk = psk
        self.candidates = list(candidates)
        self.endpoint = None
        self.cookies = {}  # address to (cookie, when it came)
        self.outstanding = []  # our Handshakes that wait, the earlier first
        self.ours = self.theirs = self.unconfirmed = None
        self.replaced = self.made_at = None  # (session, since when); when the latest was made
        self.confirmed_timestamp = self.answered_timestamp = b""
        self.initiations = collections.deque(maxlen=INITIATIONS_A_SECOND)
        self.tries = Tries()
        self.challenge = None  # (address, token, when it was first sent)
        self.challenged_at = self.sent_at = float("-inf")
        self.reassembly = records.Reassembly(node.max_frame, node.reassemblies)
        self.queue = []  # bodies of frames that wait for flush()
        self.hello = Hello(1, node.name, node.vlans, node.addresses)
        self.remote_hello = None
        self.frames = []  # (vlan, frame) received
        self.segments = []  # segment reports and answers received, as segments.parse() gives them
        self.pongs = []  # tokens that came back
        self.ping_token, self.goodbyes = None, 0
        self.owing_since = self.unheard_since = None
        self.sent_to = {}  # address to when something was last sent there
        self.open = set()  # addresses from where it reaches us unsolicited
        self.only_seemed_open = self.keeps = False  # and: pings of it are expected
        self.steps, self.asked_at = 0, None  # by how much we ping more often; our idle ping
        self.heard_at = self.pinged_at = float("-inf")

    # -- sessions -----------------------------------------------------------------------------

    def _crossed(self):
        return self.ours and self.theirs and self.ours.handshake in self.theirs.answered_during

    @property
    def current(self):
        """The session that is sent on, or None."""
        if not self.ours or not self.theirs:
            return self.ours or self.theirs
        if self._crossed():
            return self.ours if self.node.static.public < self.public else self.theirs
        return max(self.ours, self.theirs, key=lambda session: session.ready_at)

    @property
    def up(self):
        """Is there a session to send on?"""
        return self.current is not None

    def _forget(self, session):
        """A session's keys are gone."""
        self.node.indices.pop(session.local_index, None)
        self.reassembly.end(session)
        for slot in ("ours", "theirs", "unconfirmed"):
            if getattr(self, slot) is session:
                setattr(self, slot, None)
        if self.replaced and self.replaced[0] is session:
            self.replaced = None

    def _replace(self, now, old):
        """@old has a successor: it is received on for a while."""
        if self.replaced:
            self._forget(self.replaced[0])
        if old:
            self.replaced = (old, now)

    def end(self, last=None):
        """End all sessions, or those that end with @last."""
        replaced = self.replaced and self.replaced[0]
        pair = (self.ours, self.theirs) if self._crossed() else ()
        for session in filter(None, (self.ours, self.theirs, self.unconfirmed, replaced)):
            if not last or session.ready_at <= last.ready_at or (last in pair and session in pair):
                self._forget(session)
        if not self.current:
            self.unheard_since = self.owing_since = None
            self.tries = Tries()

    def give_up(self, handshakes):
        """These initiations of ours are no longer outstanding."""
        for handshake in list(handshakes):
            self.node.indices.pop(handshake.index, None)
            self.outstanding.remove(handshake)

    # -- handshake, as initiator ----------------------------------------------------------------

    def addresses(self, now):
        """Where an initiation goes: everywhere, but a rekey to the endpoint alone."""
        endpoint = [self.endpoint] if self.endpoint else []
        if self.current and endpoint and not self._unheard(now, UNHEARD_S):
            return endpoint
        return list(dict.fromkeys([*endpoint, *self.candidates]))[:MOST_ADDRESSES]

    def initiate(self, now, payload=None, ephemeral=None):
        """Send an initiation; of those before it only the latest stays outstanding."""
        node = self.node
        self.give_up(self.outstanding[: 1 - HANDSHAKES])
        noise = Initiator(node.static, self.public, self.psk, ephemeral)
        handshake = Handshake(now, noise, node.new_index(), node.ciphers)
        payload = payload or wire.payload(node.timestamp(), node.ciphers)
        body = wire.header(wire.INITIATION, handshake.index) + noise.write(payload)
        body = wire.add_mac1(body, self.public)
        handshake.mac1 = body[-wire.MAC_LEN :]
        for address in self.addresses(now):
            self.sent_to[address] = now
            node.send(address, wire.add_mac2(body, self._cookie_for(address, now)))
        self.outstanding.append(handshake)
        node.indices[handshake.index] = (self, handshake)
        self.tries.made(now)

    def _cookie_for(self, address, now):
        cookie, born = self.cookies.get(address, (None, 0.0))
        return cookie if cookie and now - born < COOKIE_LIFE_S else None

    def on_cookie(self, now, handshake, message, source):
        """A cookie reply to our initiation."""
        if handshake.cookie_seen:
            raise Drop("bad_cookie")
        cookie = wire.open_cookie(message, handshake.mac1, self.public)
        handshake.cookie_seen = True
        self.cookies[source] = (cookie, now)
        self.tries.next = max(now, self.outstanding[-1].started + COOKIE_PAUSE_S)

    def on_response(self, now, handshake, message, source):
        """A response to our initiation: the session is there."""
        try:
            cipher = self._read_response(handshake, message)
        except Drop:
            handshake.failures += 1
            if handshake.failures >= HANDSHAKE_FAILURES:
                self.give_up([handshake])
            raise
        state = handshake.noise.state
        session = Session(now, True, cipher, state.split(), state.h)
        session.handshake = handshake
        session.local_index, session.remote_index = handshake.index, wire.u32_at(message, 4)
        self.give_up(self.outstanding[: self.outstanding.index(handshake) + 1])
        self.node.indices[session.local_index] = (self, session)
        self.keeps = self.keeps or not self.current
        self._replace(now, self.ours)
        self.ours, self.made_at = session, now
        self._heard(now)
        if source in (self.endpoint, *self.candidates):
            self.endpoint = source
        else:
            self._challenge(now, session, source)
        self._send_hello(now, session)

    def _read_response(self, handshake, message):
        """The cipher that the responder chose; Drop."""
        try:
            payload = handshake.noise.read(message[12:92])
        except sodium.CryptoError:
            raise Drop("bad_handshake") from None
        _, version, cipher = wire.PAYLOAD.unpack(payload)
        if not 1 <= version <= wire.VERSION:
            raise Drop("bad_version")
        if cipher not in wire.CIPHER_NAMES or not cipher & handshake.ciphers:
            raise Drop("no_common_cipher")
        return cipher

    # -- handshake, as responder ----------------------------------------------------------------

    def on_initiation(self, now, noise, payload, message, source):
        """Steps 5 to 8 of 4.2."""
        stamp, version, offered = wire.PAYLOAD.unpack(payload)
        if self.made_at is not None and now - self.made_at >= FORGET_TIMESTAMP_S:
            self.confirmed_timestamp = b""
        if stamp <= self.confirmed_timestamp or stamp == self.answered_timestamp:
            raise Drop("old_initiation")
        self._check_rate(now)
        if version == 0:
            raise Drop("bad_version")
        cipher = self.node.choose_cipher(offered)
        self._answer(now, noise, cipher, min(version, wire.VERSION), message, source)
        self.unconfirmed.timestamp = self.answered_timestamp = stamp

    def _check_rate(self, now):
        """Not more than so many initiations a second."""
        times = self.initiations
        if len(times) == times.maxlen and now - times[0] < 1.0:
            raise Drop("too_many_initiations")
        times.append(now)

    def _answer(self, now, noise, cipher, version, message, source):
        node = self.node
        index, remote = node.new_index(), wire.u32_at(message, 4)
        try:
            answer = noise.write(wire.payload(node.clock_ns(), cipher, version), self.psk)
        except sodium.CryptoError:
            raise Drop("bad_handshake") from None
        session = Session(now, False, cipher, noise.state.split(), noise.state.h)
        session.local_index, session.remote_index = index, remote
        self._came(now, source)
        self.sent_to[source] = now
        session.answered_during, session.answered_to = list(self.outstanding), source
        if self.unconfirmed:
            self._forget(self.unconfirmed)
        self.unconfirmed, self.made_at = session, now
        node.indices[index] = (self, session)
        body = wire.add_mac1(wire.header(wire.RESPONSE, index, remote) + answer, self.public)
        node.send(source, wire.add_mac2(body))

    def _confirm(self, now, session, source):
        """The first data came on a session that the peer initiated."""
        age = now - self.current.born if self.current else 0
        if UNHEARD_S <= age < REKEY_AFTER_S and source == self.endpoint in self.open:
            self._mapping_died()
        self.keeps = self.keeps or not self.current
        self.unconfirmed = None
        self._replace(now, self.theirs)
        self.theirs, session.ready_at = session, now
        self.confirmed_timestamp = session.timestamp
        theirs_wins = self.public < self.node.static.public
        crossed = [] if theirs_wins else session.answered_during
        self.give_up([one for one in self.outstanding if one not in crossed])
        if session.answered_to == source:
            self.endpoint = source
        self._send_hello(now, session)

    # -- data -----------------------------------------------------------------------------------

    def on_data(self, now, session, message, source):
        """A data message for one of our sessions."""
        plain, highest = session.open(message, now)
        self._came(now, source)
        if session is self.unconfirmed:
            self._confirm(now, session, source)
        self._heard(now)
        self.heard_at = now
        found = records.parse(plain, self.node.count)
        if self.owing_since is None and any(kind in records.ASKING for kind, _ in found):
            self.owing_since = now
        for kind, body in found:
            try:
                self.HANDLERS[kind](self, now, session, source, body)
            except Drop as drop:
                self.node.count(str(drop))
        # Only now: it may have held the answer to an earlier challenge, or a goodbye.
        if highest and source != self.endpoint and self.current:
            self._challenge(now, session, source)

    def _heard(self, now):
        self.unheard_since = None

    def _on_frame(self, now, session, source, body):
        vlan, frame = records.take_frame(body, self.node.max_frame)
        if vlan not in self.node.vlans:
            raise Drop("vlan_unknown")
        self.frames.append((vlan, frame))

    def _on_fragment(self, now, session, source, body):
        whole = self.reassembly.take(session, body, now, self.node.count)
        if whole:
            self._on_frame(now, session, source, whole)

    def _on_hello(self, now, session, source, body):
        hello = records.parse_hello(body, self.node.count)
        ack = records.record(records.HELLO_ACK, body[:4])
        self.send(now, ack, self._answering(session))
        if hello.generation < session.heard_generation:
            return
        session.heard_generation = hello.generation
        self.remote_hello = hello
        self.candidates += [a for a in hello.addresses if a not in self.candidates]

    def _on_hello_ack(self, now, session, source, body):
        session.hello.ack(int.from_bytes(body, "big"))

    def _on_keep_alive(self, now, session, source, body):
        pass

    def _on_ping(self, now, session, source, body):
        self.keeps, self.pinged_at = self.keeps or now - self.pinged_at <= BEAT_S, now
        self.send(now, records.record(records.PONG, body), self._answering(session))

    def _on_pong(self, now, session, source, body):
        self.asked_at = None
        if body == self.ping_token:
            self.pongs.append(body)

    def _on_challenge(self, now, session, source, body):
        if source == self.endpoint and self.asked_at is not None:
            if now - self.asked_at < ECHO_S:
                self._mapping_died()
            self.asked_at = None
        response = records.record(records.PATH_RESPONSE, body)
        self.send(now, response, self._answering(session), to=source)

    def _on_path_response(self, now, session, source, body):
        if not self.challenge:
            return
        address, token, when = self.challenge
        if (source, body) == (address, token) and now - when <= CHALLENGE_LIFE_S:
            if source != self.endpoint:
                self.open.discard(self.endpoint)
            self.endpoint, self.challenge = source, None
            for waiting in (self.ours, self.theirs):
                if waiting and waiting.hello.waits:
                    self._send_hello(now, waiting)

    def _on_segments(self, now, session, source, body):
        self.segments.append(segments.parse(body))

    def _on_goodbye(self, now, session, source, body):
        self.goodbyes += 1
        self.end(session)

    HANDLERS = {
        records.FRAME: _on_frame,
        records.FRAGMENT: _on_fragment,
        records.HELLO: _on_hello,
        records.HELLO_ACK: _on_hello_ack,
        records.KEEP_ALIVE: _on_keep_alive,
        records.PING: _on_ping,
        records.PONG: _on_pong,
        records.CHALLENGE: _on_challenge,
        records.PATH_RESPONSE: _on_path_response,
        records.GOODBYE: _on_goodbye,
        records.SEGMENTS: _on_segments,
    }

    def _answering(self, session):
        """What to answer on: the same session, unless it may only be received on."""
        return session if session in (self.ours, self.theirs) else None

    def _challenge(self, now, session, source):
        """Data came from an address that we do not know to be the peer's."""
        if now - self.challenged_at < CHALLENGE_PAUSE_S:
            return
        self.challenged_at = now
        address, token, when = self.challenge or (None, None, now)
        if address != source or now - when > CHALLENGE_LIFE_S:  # else the answer may be under way
            token = os.urandom(8)
            self.challenge = (source, token, now)
        record = records.record(records.CHALLENGE, token)
        self.send(now, record, self._answering(session), to=source)

    # -- sending --------------------------------------------------------------------------------

    def send(self, now, plain, session=None, to=None):
        """Seal @plain (records, made by the caller) into one datagram; that datagram, or None."""
        session, to = session or self.current, to or self.endpoint
        if not session or not to:
            self.node.count("no_session")
            return None
        message = session.seal(plain)
        if message is None:
            return None
        self.node.send(to, message)
        self.sent_to[to] = now
        kinds = {kind for kind, _ in records.parse(plain, lambda name: None)}
        if kinds != {records.SEGMENTS}:  # these alone do not count as sent
            self.sent_at, self.owing_since = now, None
        if kinds & records.ASKING and self.unheard_since is None:
            self.unheard_since = now
        return message

    def queue_frame(self, vlan, frame):
        """A frame that waits for flush(), to share a datagram with others."""
        self.queue.append(records.frame_body(vlan, frame))

    def flush(self, now):
        """Send what is queued; the datagrams."""
        queue, self.queue = self.queue, []
        session = self.current
        packer = records.Packer(session.fragment_id if session else 0)
        for body in queue:
            packer.add_frame(body)
        if session:
            session.fragment_id = packer.next_id
        return [self.send(now, plain) for plain in packer.datagrams if plain]

    def send_frame(self, now, vlan, frame):
        """A frame at once; its datagrams."""
        self.queue_frame(vlan, frame)
        return self.flush(now)

    def _send_hello(self, now, session):
        """The hello of a session; without an endpoint it waits for one."""
        session.hello.waits = not self.endpoint
        if self.endpoint:
            session.hello.sent(self.hello.generation, now)
            self.send(now, records.record(records.HELLO, self.hello.body()), session)

    def change_hello(self, now, **fields):
        """Something in our hello changed: tell it."""
        for name, value in fields.items():
            setattr(self.hello, name, value)
        self.hello.generation += 1
        if self.current:
            self._send_hello(now, self.current)

    def ping(self, now):
        """Send a ping; its token appears in `pongs` when it was answered."""
        self.ping_token = os.urandom(8)
        self.send(now, records.record(records.PING, self.ping_token))
        return self.ping_token

    def goodbye(self, now):
        """Say goodbye and end all sessions."""
        for session in filter(None, (self.ours, self.theirs, self.unconfirmed)):
            self.send(now, records.record(records.GOODBYE), session)
        self.end()

    # -- time -----------------------------------------------------------------------------------

    def poll(self, now):
        """Do what time demands."""
        self._expire(now)
        if self._unheard(now, SILENT_S):
            self.end()
        if self.current and self.endpoint:
            self._keep_alive(now)
        for session in (self.ours, self.theirs):
            if session and session.hello.due(now):
                self._send_hello(now, session)
        reason = self._reason(now)
        again = reason == self.tries.reason
        if self.node.active and self.addresses(now) and self.tries.due(now, reason):
            self.initiate(now)
            if again and reason == "rekey" and self.endpoint:
                self.ping(now)

    def _expire(self, now):
        for session in (self.ours, self.theirs):
            if session and session.expired(now):
                self._forget(session)
        if self.unconfirmed and now - self.unconfirmed.born >= UNCONFIRMED_S:
            self._forget(self.unconfirmed)
        if self.replaced and now - self.replaced[1] >= REPLACED_S:
            self._forget(self.replaced[0])
        self.give_up([one for one in self.outstanding if now - one.started >= HANDSHAKE_LIFE_S])
        self.reassembly.expire(now, self.node.count)

    def _came(self, now, source):
        """It was authentic: did we do anything for it to come in from there?"""
        never = now - self.sent_to.get(source, float("-inf")) >= PROOF_S
        if never and not self.only_seemed_open:
            self.open.add(source)

    def _mapping_died(self):
        """That of a router before us, though we kept it, or thought that there is none."""
        if self.endpoint in self.open:
            self.open, self.only_seemed_open = set(), True
        else:
            self.steps = min(self.steps + 1, PING_STEPS)

    def _wants_ping(self, now):
        if self.endpoint in self.open:
            return self.keeps and now - self.heard_at >= QUIET_S
        return now - self.sent_at >= PING_IDLE_S - self.steps * PING_STEP_S

    def _keep_alive(self, now):
        if self._unheard(now, UNHEARD_S):
            self.open.discard(self.endpoint)
        if self._wants_ping(now):
            self.ping(now)
            self.keeps, self.asked_at = False, now
        elif self.owing_since is not None and now - self.owing_since >= KEEPALIVE_S:
            self.send(now, records.record(records.KEEP_ALIVE))

    def _unheard(self, now, seconds):
        """Was something asked so long ago, and nothing heard since?"""
        return self.unheard_since is not None and now - self.unheard_since >= seconds

    def _reason(self, now):
        """Why an initiation is due, or None."""
        session = self.current
        if not session:
            return "reach"
        if self._unheard(now, UNHEARD_S):
            return "reach"
        limit = REKEY_AFTER_S if session.initiated_by_us else REKEY_RESPONDER_S
        return "rekey" if now - session.born >= limit or session.wants_rekey() else None

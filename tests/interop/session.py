"""session.py - the keys between two agents, from the handshake to their death (PROTOCOL.md 4.5, 8)

Layer: second implementation. Time is passed in; sends nothing itself.
"""

import wire
from wire import Drop

REJECT_AFTER_S = 180.0
REJECT_AFTER_MESSAGES = {wire.CHACHA: 2**64 - 2**13 - 1, wire.AES: 2**26}
REKEY_AFTER_MESSAGES = {wire.CHACHA: 2**60, wire.AES: 2**24}
REPLAY_WINDOW = 8128
HELLO_RETRIES_S = (1, 2, 4, 8, 16)


class ReplayWindow:
    """Accepts each counter once, and only near or above the highest."""

    def __init__(self):
        self.highest = -1
        self.bits = 0  # bit n: highest - n was accepted

    def accept(self, counter):
        """True, and remembered, if @counter is fresh. Call only after the tag verified."""
        ahead = counter - self.highest
        if ahead > 0:
            shifted = self.bits << ahead if ahead <= REPLAY_WINDOW else 0
            self.bits = (shifted | 1) & ((1 << REPLAY_WINDOW + 1) - 1)
            self.highest = counter
            return True
        if -ahead > REPLAY_WINDOW or self.bits >> -ahead & 1:
            return False
        self.bits |= 1 << -ahead
        return True


class HelloSender:
    """When our hello goes out again on a session."""

    def __init__(self):
        self.generation = None
        self.acknowledged = True
        self.waits = False  # for an endpoint
        self.sent_at = 0.0
        self.tries = 0

    def sent(self, generation, now):
        """A hello went out."""
        if generation != self.generation:
            self.generation, self.tries = generation, 0
        self.acknowledged = False
        self.sent_at = now
        self.tries += 1

    def due(self, now):
        """Is it time to send it again?"""
        if self.acknowledged or self.tries > len(HELLO_RETRIES_S):
            return False
        return now - self.sent_at >= HELLO_RETRIES_S[self.tries - 1]

    def ack(self, generation):
        """An ack came."""
        if generation == self.generation:
            self.acknowledged = True
        self.waits = False  # for an endpoint


class Session:
    """Keys and counters of one session."""

    def __init__(self, now, initiated_by_us, cipher, split, handshake_hash):
        keys = [wire.session_key(key, cipher, handshake_hash) for key in split]
        self.send_key, self.receive_key = keys if initiated_by_us else reversed(keys)
        self.initiated_by_us = initiated_by_us
        self.cipher = cipher
        self.born = now
        self.ready_at = now  # completed, or confirmed
        self.local_index = 0
        self.remote_index = 0
        self.handshake = None  # if it is ours
        self.answered_during = []  # if it is the peer's: our handshakes outstanding at the time
        self.answered_to = None  # where our response went
        self.timestamp = b""  # of the initiation, when the peer's
        self.counter = 0
        self.fragment_id = 0
        self.replay = ReplayWindow()
        self.hello = HelloSender()
        self.heard_generation = -1

    def expired(self, now):
        """Is the key dead?"""
        return now - self.born >= REJECT_AFTER_S

    def wants_rekey(self):
        """Have so many messages been sent that a new handshake is due?"""
        return self.counter >= REKEY_AFTER_MESSAGES[self.cipher]

    def seal(self, plain):
        """The next data message, or None if there may be no more."""
        if self.counter >= REJECT_AFTER_MESSAGES[self.cipher]:
            return None
        message = wire.seal_data(
            self.cipher, self.send_key, self.remote_index, self.counter, plain
        )
        self.counter += 1
        return message

    def open(self, message, now):
        """(plain text, is its counter the highest so far) of a data message; Drop."""
        counter = int.from_bytes(message[8:16], "big")
        if self.expired(now) or counter >= REJECT_AFTER_MESSAGES[self.cipher]:
            raise Drop("expired_key")
        plain = wire.open_data(self.cipher, self.receive_key, message)
        highest = counter > self.replay.highest
        if not self.replay.accept(counter):
            raise Drop("replay")
        return plain, highest

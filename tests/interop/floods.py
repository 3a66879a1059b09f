"""floods.py - what a responder keeps against floods (PROTOCOL.md 5)

Layer: second implementation. Time is passed in.
"""

import collections
import ipaddress
import os

import sodium
import wire

SECRET_LIFE_S = 120.0
LOAD_COUNT, LOAD_WINDOW_S, LOAD_CALM_S = 50, 0.1, 1.0
PLACES, RATE, BURST, PLACE_HELD_S = 1024, 20.0, 5.0, 1.0


class Load:
    """Under load or not."""

    def __init__(self):
        self.times = collections.deque(maxlen=LOAD_COUNT + 1)
        self.until = float("-inf")

    def note(self, now):
        """An initiation with a valid mac1 came: are we under load?"""
        self.times.append(now)
        if len(self.times) > LOAD_COUNT and now - self.times[0] <= LOAD_WINDOW_S:
            self.until = now + LOAD_CALM_S
        return now < self.until


class Budgets:
    """So many a second per IPv4 address or IPv6 /64, in a table of fixed size."""

    def __init__(self):
        self.places = {}  # place to (prefix, tokens, time)
        self.salt = os.urandom(16)

    def spend(self, address, now):
        """May this address have one more?"""
        ip = ipaddress.ip_address(address[0])
        prefix = ip.packed if ip.version == 4 else ip.packed[:8]
        place = int.from_bytes(sodium.mac(self.salt, prefix)[:2], "big") % PLACES
        owner, tokens, then = self.places.get(place, (prefix, BURST, now))
        if owner != prefix:
            if now - then < PLACE_HELD_S:
                return False
            tokens, then = BURST, now
        tokens = min(BURST, tokens + (now - then) * RATE)
        spent = tokens >= 1
        self.places[place] = (prefix, tokens - spent, now)
        return spent


class Guard:
    """Cookies, load and budgets of one agent."""

    def __init__(self, public):
        self.public = public
        self.load = Load()
        self.initiations, self.replies = Budgets(), Budgets()
        self.secret, self.secret_born = os.urandom(32), None

    def cookie_for(self, address, now):
        """The cookie of an address; the secret changes from time to time."""
        if self.secret_born is None or now - self.secret_born >= SECRET_LIFE_S:
            self.secret, self.secret_born = os.urandom(32), now
        return sodium.mac(self.secret, wire.address_bytes(address))

    def admit(self, message, source, now):
        """None if this initiation (mac1 is right) may be looked at, else (counter, reply)."""
        if not self.load.note(now):
            return None
        cookie = self.cookie_for(source, now)
        if not wire.mac2_is_right(message, cookie):
            reply = None
            if self.replies.spend(source, now):
                index, nonce = wire.u32_at(message, 4), os.urandom(24)
                reply = wire.seal_cookie(index, nonce, cookie, message, self.public)
            return "bad_mac2", reply
        if not self.initiations.spend(source, now):
            return "rate_limited", None
        return None

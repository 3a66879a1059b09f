"""tries.py - our initiations that wait for an answer, and when the next goes out (PROTOCOL.md 7.3)

Layer: second implementation. Time is passed in; sends nothing itself.
"""

import random

TRY_S, TRY_JITTER_S, TRY_FAST_FOR_S, TRY_SLOWEST_S = 1.0, 0.1, 60.0, 60.0
REKEY_TRY_S, REKEY_JITTER_S = 5.0, 0.333


class Handshake:
    """An initiation of ours that waits for its response."""

    def __init__(self, now, noise, index, ciphers):
        self.noise = noise
        self.index = index
        self.ciphers = ciphers
        self.started = now
        self.mac1 = b""
        self.cookie_seen = False
        self.failures = 0


class Tries:
    """When the next initiation goes out, by the table of 7.3."""

    def __init__(self):
        self.reason = None
        self.began = self.next = 0.0
        self.pause = TRY_S

    def due(self, now, reason):
        """Is one due? @reason is "reach", "rekey" or None; another reason starts again."""
        if reason != self.reason:
            self.reason, self.began, self.next, self.pause = reason, now, now, TRY_S
        return reason is not None and now >= self.next

    def made(self, now):
        """One went out: when is the next?"""
        if self.reason == "rekey":
            self.next = now + REKEY_TRY_S + random.uniform(0, REKEY_JITTER_S)
            return
        if now - self.began >= TRY_FAST_FOR_S:
            self.pause = min(self.pause * 2, TRY_SLOWEST_S)
        self.next = now + self.pause + random.uniform(0, TRY_JITTER_S)

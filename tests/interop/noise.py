"""noise.py - Noise_IKpsk2_25519_ChaChaPoly_SHA256 (PROTOCOL.md 4)

Layer: second implementation. Neither sends nor keeps time; bytes in, bytes out.
"""

import copy
import os

import sodium

PROTOCOL_NAME = b"Noise_IKpsk2_25519_ChaChaPoly_SHA256"
PROLOGUE = b"longwire1"
ZERO_PSK = bytes(32)
KEY_LEN = 32
SEALED_KEY_LEN = KEY_LEN + sodium.TAG_LEN


class KeyPair:
    """An X25519 key pair; random unless the private key is given."""

    def __init__(self, private=None):
        self.private = private or os.urandom(KEY_LEN)
        self.public = sodium.public_of(self.private)


def hkdf(chaining_key, material, count):
    """Noise's HKDF with @count outputs."""
    secret = sodium.hmac_sha256(chaining_key, material)
    outputs, last = [], b""
    for number in range(1, count + 1):
        last = sodium.hmac_sha256(secret, last + bytes([number]))
        outputs.append(last)
    return outputs


def nonce_of(counter):
    """0[4] and a little-endian u64."""
    return bytes(4) + counter.to_bytes(8, "little")


class Symmetric:
    """Noise's SymmetricState."""

    def __init__(self, prologue, responder_public):
        self.h = self.ck = sodium.sha256(PROTOCOL_NAME)
        self.key = None
        self.n = 0
        self.mix_hash(prologue)
        self.mix_hash(responder_public)

    def mix_hash(self, data):
        """MixHash."""
        self.h = sodium.sha256(self.h + data)

    def mix_key(self, material):
        """MixKey."""
        self.ck, self.key = hkdf(self.ck, material, 2)
        self.n = 0

    def mix_key_and_hash(self, material):
        """MixKeyAndHash."""
        self.ck, extra, self.key = hkdf(self.ck, material, 3)
        self.mix_hash(extra)
        self.n = 0

    def mix_ephemeral(self, public):
        """Token e in a handshake with a psk."""
        self.mix_hash(public)
        self.mix_key(public)

    def seal(self, plain):
        """EncryptAndHash."""
        sealed = sodium.chacha_seal(self.key, nonce_of(self.n), plain, self.h)
        self.n += 1
        self.mix_hash(sealed)
        return sealed

    def open(self, sealed):
        """DecryptAndHash; CryptoError."""
        plain = sodium.chacha_open(self.key, nonce_of(self.n), sealed, self.h)
        self.n += 1
        self.mix_hash(sealed)
        return plain

    def split(self):
        """Key initiator to responder, key responder to initiator."""
        return hkdf(self.ck, b"", 2)


class Initiator:
    """The side that writes message 1."""

    def __init__(self, static, responder_public, psk=ZERO_PSK, ephemeral=None, prologue=PROLOGUE):
        self.static = static
        self.responder_public = responder_public
        self.psk = psk
        self.ephemeral = ephemeral or KeyPair()
        self.state = Symmetric(prologue, responder_public)

    def write(self, payload):
        """Message 1."""
        state = self.state
        state.mix_ephemeral(self.ephemeral.public)
        state.mix_key(sodium.dh(self.ephemeral.private, self.responder_public))
        sealed_static = state.seal(self.static.public)
        state.mix_key(sodium.dh(self.static.private, self.responder_public))
        return self.ephemeral.public + sealed_static + state.seal(payload)

    def read(self, message):
        """Read message 2: its payload; CryptoError, and then nothing has changed."""
        state = copy.copy(self.state)
        remote, sealed = message[:KEY_LEN], message[KEY_LEN:]
        state.mix_ephemeral(remote)
        state.mix_key(sodium.dh(self.ephemeral.private, remote))
        state.mix_key(sodium.dh(self.static.private, remote))
        state.mix_key_and_hash(self.psk)
        payload = state.open(sealed)
        self.state = state
        return payload


class Responder:
    """The side that reads message 1; in steps, because what is checked between them counts."""

    def __init__(self, static, ephemeral=None, prologue=PROLOGUE):
        self.static = static
        self.ephemeral = ephemeral or KeyPair()
        self.state = Symmetric(prologue, static.public)
        self.remote_ephemeral = None
        self.remote_static = None

    def read_static(self, message):
        """The initiator's static key; CryptoError."""
        self.remote_ephemeral = message[:KEY_LEN]
        self.state.mix_ephemeral(self.remote_ephemeral)
        self.state.mix_key(sodium.dh(self.static.private, self.remote_ephemeral))
        self.remote_static = self.state.open(message[KEY_LEN : KEY_LEN + SEALED_KEY_LEN])
        return self.remote_static

    def read_payload(self, message):
        """The payload of message 1, after read_static(); CryptoError."""
        self.state.mix_key(sodium.dh(self.static.private, self.remote_static))
        return self.state.open(message[KEY_LEN + SEALED_KEY_LEN :])

    def write(self, payload, psk=ZERO_PSK):
        """Message 2."""
        state = self.state
        state.mix_ephemeral(self.ephemeral.public)
        state.mix_key(sodium.dh(self.ephemeral.private, self.remote_ephemeral))
        state.mix_key(sodium.dh(self.ephemeral.private, self.remote_static))
        state.mix_key_and_hash(psk)
        return self.ephemeral.public + state.seal(payload)

"""sodium.py - the primitives, from libsodium and Python's hashlib

Layer: second implementation. Knows nothing of the protocol but its algorithms (PROTOCOL.md 1).
"""

import ctypes
import hashlib
import hmac

_lib = ctypes.CDLL("libsodium.so.23")
assert _lib.sodium_init() >= 0, "libsodium does not start"

TAG_LEN = 16
HAVE_AES = bool(_lib.crypto_aead_aes256gcm_is_available())


class CryptoError(Exception):
    """A tag does not verify, or a shared secret is all zeros."""


def dh(private, public):
    """X25519; a low-order point is a failure."""
    shared = ctypes.create_string_buffer(32)
    if _lib.crypto_scalarmult_curve25519(shared, private, public) != 0 or not any(shared.raw):
        raise CryptoError("shared secret of zeros")
    return shared.raw


def public_of(private):
    """The public key that belongs to a private one."""
    public = ctypes.create_string_buffer(32)
    _lib.crypto_scalarmult_curve25519_base(public, private)
    return public.raw


def sha256(data):
    """SHA-256."""
    return hashlib.sha256(data).digest()


def hmac_sha256(key, data):
    """HMAC-SHA256."""
    return hmac.new(key, data, hashlib.sha256).digest()


def blake2b_256(data):
    """BLAKE2b, unkeyed, 32 bytes."""
    return hashlib.blake2b(data, digest_size=32).digest()


def mac(key, data):
    """BLAKE2b, keyed, 16 bytes."""
    return hashlib.blake2b(data, key=key, digest_size=16).digest()


def siphash(key, data):
    """SipHash-2-4, 8 bytes."""
    result = ctypes.create_string_buffer(8)
    _lib.crypto_shorthash(result, data, ctypes.c_ulonglong(len(data)), key)
    return result.raw


def same(one, other):
    """Compare in constant time."""
    return hmac.compare_digest(one, other)


def _seal(name, key, nonce, plain, extra):
    out = ctypes.create_string_buffer(len(plain) + TAG_LEN)
    size = ctypes.c_ulonglong()
    function = getattr(_lib, f"crypto_aead_{name}_encrypt")
    function(
        out, ctypes.byref(size), plain, ctypes.c_ulonglong(len(plain)),
        extra, ctypes.c_ulonglong(len(extra)), None, nonce, key,
    )  # fmt: skip
    return out.raw[: size.value]


def _open(name, key, nonce, sealed, extra):
    if len(sealed) < TAG_LEN:
        raise CryptoError("shorter than a tag")
    out = ctypes.create_string_buffer(max(len(sealed) - TAG_LEN, 1))
    size = ctypes.c_ulonglong()
    function = getattr(_lib, f"crypto_aead_{name}_decrypt")
    status = function(
        out, ctypes.byref(size), None, sealed, ctypes.c_ulonglong(len(sealed)),
        extra, ctypes.c_ulonglong(len(extra)), nonce, key,
    )  # fmt: skip
    if status != 0:
        raise CryptoError("tag does not verify")
    return out.raw[: size.value]


def chacha_seal(key, nonce, plain, extra=b""):
    """ChaCha20-Poly1305 of RFC 8439, nonce of 12 bytes."""
    return _seal("chacha20poly1305_ietf", key, nonce, plain, extra)


def chacha_open(key, nonce, sealed, extra=b""):
    """The plain text; CryptoError."""
    return _open("chacha20poly1305_ietf", key, nonce, sealed, extra)


def xchacha_seal(key, nonce, plain, extra=b""):
    """XChaCha20-Poly1305, nonce of 24 bytes."""
    return _seal("xchacha20poly1305_ietf", key, nonce, plain, extra)


def xchacha_open(key, nonce, sealed, extra=b""):
    """The plain text; CryptoError."""
    return _open("xchacha20poly1305_ietf", key, nonce, sealed, extra)


def aes_seal(key, nonce, plain, extra=b""):
    """AES-256-GCM, nonce of 12 bytes; only if HAVE_AES."""
    return _seal("aes256gcm", key, nonce, plain, extra)


def aes_open(key, nonce, sealed, extra=b""):
    """The plain text; CryptoError."""
    return _open("aes256gcm", key, nonce, sealed, extra)

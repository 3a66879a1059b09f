"""cards.py - public keys as text (bech32m of BIP 350) and cards (PROTOCOL.md 2)

Layer: second implementation.
"""

PREFIX = "lw"
CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
CHECK_LEN = 6
BECH32M = 0x2BC830A3
GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def _polymod(values):
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, part in enumerate(GENERATOR):
            check ^= part if top >> bit & 1 else 0
    return check


def _expand(prefix):
    return [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]


def bech32m_encode(prefix, values):
    """Text of 5-bit @values."""
    check = _polymod(_expand(prefix) + values + [0] * CHECK_LEN) ^ BECH32M
    values = values + [check >> 5 * (CHECK_LEN - 1 - i) & 31 for i in range(CHECK_LEN)]
    return prefix + "1" + "".join(CHARSET[value] for value in values)


def bech32m_decode(text):
    """Prefix and 5-bit values of @text; ValueError."""
    if text not in (text.lower(), text.upper()):
        raise ValueError("mixed case")
    prefix, _, data = text.lower().rpartition("1")
    values = [CHARSET.index(character) for character in data]
    if len(values) < CHECK_LEN or not prefix or _polymod(_expand(prefix) + values) != BECH32M:
        raise ValueError("wrong checksum")
    return prefix, values[:-CHECK_LEN]


def key_text(public):
    """A public key as text: 61 characters."""
    bits = int.from_bytes(public, "big") << 4
    return bech32m_encode(PREFIX, [bits >> shift & 31 for shift in range(255, -1, -5)])


def key_bytes(text):
    """The 32 bytes of a key in text; ValueError."""
    prefix, values = bech32m_decode(text)
    if prefix != PREFIX or len(values) != 52:
        raise ValueError("not a longwire key")
    bits = 0
    for value in values:
        bits = bits << 5 | value
    if bits & 15:
        raise ValueError("padding bits")
    return (bits >> 4).to_bytes(32, "big")


def card(name, public, at=None):
    """A card's text."""
    lines = ["[peer]", f"name = {name}", f"key  = {key_text(public)}"]
    return "\n".join(lines + ([f"at   = {at}"] if at else [])) + "\n"


def key_of_card(text):
    """The public key that a card names."""
    for line in text.splitlines():
        word, _, value = line.partition("=")
        if word.strip() == "key":
            return key_bytes(value.strip())
    raise ValueError("no key in the card")

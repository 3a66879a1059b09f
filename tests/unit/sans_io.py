#!/usr/bin/python3
"""sans_io.py NM LIBPROTO LIBSAMPLE - hold proto/ to what it may call, as TAP

proto/ is sans-IO: what is not defined in it must be on the list below. LIBSAMPLE calls what proto/ must
not call, so that this test is known to notice.
"""

import re
import subprocess
import sys

ALLOWED = re.compile(
    r"""^(
    # libsodium; not randombytes: randomness is injected
    crypto_(aead|auth|generichash|hash|scalarmult|shorthash|verify)\w* | sodium_(memzero|memcmp|is_zero)
    | sodium_runtime_has_\w+
    # libipsec-mb: its table of functions is made and freed with the engine
    | (alloc|free)_mb_mgr | init_mb_mgr_auto
    # libcrypto: contexts are made and freed with the engine, and take datagrams in between
    | EVP_(CIPHER_(fetch|free)|CIPHER_CTX_(new|free|get_params)|(En|De)crypt(Init_ex2|Update|Final_ex))
    | OPENSSL_init_crypto | OSSL_PARAM_construct_\w+ | getauxval
    # plain memory and text
    | mem(cpy|set|move|cmp|chr) | bcmp | str(len|nlen|cmp|ncmp|chr)
    | __mem(cpy|set|move)_chk
    # the pure part of common/, and the key types
    | addr_(equal|same_ip|is_set|is_ipv4|is_unicast|is_loopback|from_ipv4)
    | bucket_(init|take) | heap_(init|set|next_ns|pop_due) | keyed_hash
    | mac_is_\w+ | public_key_(equal|is_low_order) | secret_key_public | key_wipe
    # what compilers and sanitizers put in
    | __assert_fail | __stack_chk_fail | _GLOBAL_OFFSET_TABLE_
    | __(asan|ubsan|tsan|msan|lsan|sanitizer|sancov|gcov|llvm)_\w+ | llvm_gcda_\w+
    )$""",
    re.VERBOSE,
)

# What the sample calls, and proto/ never may.
SAMPLE = {"malloc", "free", "time", "clock_gettime", "socket", "printf", "uv_now", "log_write",
          "randombytes_buf", "getenv"}


def symbols(nm, library):
    """What a library calls and does not define itself"""
    lines = subprocess.run([nm, "-P", library], check=True, capture_output=True, text=True).stdout
    defined, called = set(), set()
    for line in lines.splitlines():
        words = line.split()
        if len(words) < 2 or words[0].endswith(":"):
            continue
        (called if words[1] in "Uw" else defined).add(words[0])
    return called - defined


def refused(nm, library):
    return sorted(s for s in symbols(nm, library) if not ALLOWED.match(s))


def main():
    nm, proto, sample = sys.argv[1:]
    found = refused(nm, proto)
    # _FORTIFY_SOURCE turns printf into __printf_chk.
    noticed = {re.sub(r"^__(\w+)_chk$", r"\1", s) for s in refused(nm, sample)}
    missed = sorted(SAMPLE - noticed)
    print("1..2")
    for name in found:
        print(f"# proto/ calls {name}: not on the list of {sys.argv[0]}")
    print("not ok" if found or not symbols(nm, proto) else "ok",
          "1 - proto_calls_neither_allocator_nor_clock_nor_socket_nor_output")
    for name in missed:
        print(f"# the sample calls {name}, and that was not noticed")
    print("not ok" if missed else "ok", "2 - a_library_that_does_is_noticed")
    return bool(found or missed)


if __name__ == "__main__":
    sys.exit(main())

"""targets.py - what longwire has to reach, row by row, and whether it does"""

import collections

from figures import added, added_to_same_round, best, cpu_both, memory_mb, ratios, small_kpps, udp_mbps

Target = collections.namedtuple("Target", "work against values at_least at_most unit")
Target.__doc__ = "One row: values are {round: ratio or value}; one of the two bounds is None."

NOT_MORE = 1.1
RIVAL = "best Ethernet tunnel"
LONGWIRE = "longwire"
DIRECTIONS = (("A to B", "ab_mbps"), ("B to A", "ba_mbps"))


def at_least(work, against, values, bound):
    """A ratio that may not be lower."""
    return Target(work, against, values, bound, None, " ×")


def at_most(work, against, values, bound):
    """A ratio that may not be higher."""
    return Target(work, against, values, None, bound, " ×")


def against_rivals(results, of, get, pick):
    """longwire against the best rival of each round."""
    ours = results.of(("tap", of, LONGWIRE), get)
    return ratios(ours, best(results, "tap", of, get, pick))


def tap(results):
    """TAP to TAP: rates."""
    rows = []
    for way, column in DIRECTIONS:
        rows.append(
            at_least(f"TCP {way}", RIVAL, against_rivals(results, "normal", column, max), 5)
        )
    for way, column in DIRECTIONS:
        ours, limit = (
            results.of(("tap", "normal", name), column) for name in (LONGWIRE, "limit-super-gcm")
        )
        rows.append(at_least(f"TCP {way}", "limit-super-gcm", ratios(ours, limit), 0.8))
    for way, column in DIRECTIONS:
        values = against_rivals(results, "nic", column, max)
        rows.append(at_least(f"TCP {way}, wire without UDP segmentation", RIVAL, values, 3))
    rows.append(
        at_most(
            "CPU seconds per gigabyte", RIVAL, against_rivals(results, "normal", cpu_both, min), 0.2
        )
    )
    rows.append(
        at_least(
            "packets of 64 bytes", RIVAL, against_rivals(results, "normal", small_kpps, max), 2.5
        )
    )
    rows.append(
        at_least("UDP 1400 bytes", RIVAL, against_rivals(results, "normal", udp_mbps, max), 2)
    )
    return rows


def hub(results):
    """Hub to hub."""
    rows = []

    def pair(of, get):
        return ratios(*(results.of(("hub", of, name), get) for name in (LONGWIRE, "socat")))

    for of in (64, 1514):
        rows.append(
            at_least(f"hub to hub, {of}-byte frames a second", "socat", pair(of, "max_pps"), 3)
        )
    for of in (64, 1514):
        rows.append(
            at_most(
                f"CPU per {of}-byte frame, each at its best rate",
                "socat",
                pair(of, "bridge_us"),
                0.2,
            )
        )
    for of in (64, 1514):
        for word, column in (("median", "lat_p50"), ("99th percentile", "lat_p99")):
            values = pair(of, added(results, ("hub", of, "hub-limit"), column))
            rows.append(
                at_most(
                    f"added latency of {of}-byte frames at half socat's rate, {word}",
                    "socat",
                    values,
                    NOT_MORE,
                )
            )
    return rows


def guests(results):
    """Real machines."""
    rows = []
    for way, column in (("to the server", "tcp_mbps"), ("from the server", "tcp_back_mbps")):
        ours, theirs = (results.of(("guests", 0, name), column) for name in (LONGWIRE, "dgram"))
        rows.append(
            at_least(
                f"iperf3 between real machines, {way}", "-netdev dgram", ratios(ours, theirs), 0.9
            )
        )
    return rows


def round_trips(results):
    """TAP to TAP: round trips and memory."""
    rows = []
    for word, column in (("median", "rtt_med"), ("99th percentile", "rtt_p99")):
        get = added_to_same_round(results, ("idle", 0, "raw"), column)
        ours = results.of(("idle", 0, LONGWIRE), get)
        values = ratios(ours, best(results, "idle", 0, get, min))
        rows.append(at_most(f"round trip added, idle, {word}", RIVAL, values, NOT_MORE))
    values = against_rivals(results, "normal", "rttl_p99", min)
    rows.append(at_most("round trip under TCP, 99th percentile", RIVAL, values, NOT_MORE))
    memory = results.of(("tap", "normal", LONGWIRE), memory_mb)
    rows.append(Target("peak memory of an agent", "–", memory, None, 16, " MB"))
    return rows


def all_targets(results):
    """In the order of the tables."""
    return tap(results) + hub(results) + guests(results) + round_trips(results)


def holds(target, middle):
    """True, False, or None where nothing was measured."""
    if middle is None:
        return None
    return middle >= target.at_least if target.at_least is not None else middle <= target.at_most

"""tables.py - results as Markdown"""

from figures import added_to_same_round, cpu_both, median, memory_mb, ratios, small_kpps, spread, udp_mbps
from targets import all_targets, holds
from tunnels import TUNNELS

HEAD_LINES = 2  # of a table
VERDICT = {True: "yes", False: "**no**", None: "not measured"}


def table(head, rows):
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]) + "\n"


def targets_table(results):
    """What has to hold."""
    rows = []
    for target in all_targets(results):
        bound = target.at_least if target.at_least is not None else target.at_most
        word = "at least" if target.at_least is not None else "at most"
        verdict = VERDICT[holds(target, median(target.values))]
        figure = spread(target.values, unit=target.unit)
        rows.append(
            (
                target.work,
                target.against,
                f"{word} {bound}{target.unit}",
                figure,
                len(target.values),
                verdict,
            )
        )
    return table(("work", "against", "wanted", "longwire, median [range]", "rounds", "holds"), rows)


def columns(results, of):
    """Title, value and form of each column about tunnels."""
    common = [
        ("TCP A to B, Mbit/s", "ab_mbps", "{:.0f}"),
        ("B to A", "ba_mbps", "{:.0f}"),
        ("CPU s/GB, both", cpu_both, "{:.2f}"),
        ("under TCP: round trip ms, median", "rttl_med", "{:.1f}"),
        ("p99", "rttl_p99", "{:.1f}"),
    ]
    if of == "nic":
        return common
    return common + [
        ("UDP 1400, Mbit/s", udp_mbps, "{:.0f}"),
        ("64 bytes, thousand/s", small_kpps, "{:.1f}"),
        ("memory MB", memory_mb, "{:.1f}"),
    ]


def tap_table(results, of):
    """The tunnels on one kind of wire."""
    wanted = columns(results, of)
    rows = []
    for name, tunnel in TUNNELS.items():
        key = ("tap", of, name)
        if results.rounds(key):
            rows.append(
                [tunnel.title] + [spread(results.of(key, get), form) for _, get, form in wanted]
            )
    return table(["", *(title for title, _, _ in wanted)], rows)


def ratio_table(results, of):
    """longwire divided by each of the others, round by round."""
    wanted = columns(results, of)
    rows = []
    for name, tunnel in TUNNELS.items():
        key = ("tap", of, name)
        if name in ("longwire", "raw") or not results.rounds(key):
            continue
        cells = [
            ratios(results.of(("tap", of, "longwire"), get), results.of(key, get))
            for _, get, _ in wanted
        ]
        rows.append([f"longwire / {tunnel.title}", *map(spread, cells)])
    return table(["", *(title for title, _, _ in wanted)], rows)


def idle_table(results):
    """Round trips without any other traffic."""
    raw, longwire = ("idle", 0, "raw"), ("idle", 0, "longwire")
    both = [added_to_same_round(results, raw, column) for column in ("rtt_med", "rtt_p99")]
    rows = []
    for name, tunnel in TUNNELS.items():
        key = ("idle", 0, name)
        if name == "raw" or not results.rounds(key):
            continue
        cells = [spread(results.of(key, get), "{:.3f}") for get in both]
        cells += [spread(ratios(results.of(longwire, get), results.of(key, get))) for get in both]
        rows.append([tunnel.title, *cells])
    head = ("", "added ms, median", "p99", "longwire / it, median", "p99")
    return table(head, rows)


def hub_table(results):
    """Hub to hub."""
    wanted = (
        ("thousand frames/s at < 1 % loss", lambda row: row["max_pps"] / 1000, "{:.1f}"),
        ("CPU µs a frame, both, at that rate", "bridge_us", "{:.1f}"),
        ("at half of socat's rate: CPU µs a frame", "half_us", "{:.1f}"),
        ("latency µs, median", "lat_p50", "{:.0f}"),
        ("p99", "lat_p99", "{:.0f}"),
    )
    rows = []
    for size in (64, 1514):
        for name in ("socat", "longwire", "hub-limit"):
            key = ("hub", size, name)
            if results.rounds(key):
                rows.append(
                    [f"{name}, {size} bytes"]
                    + [spread(results.of(key, get), form) for _, get, form in wanted]
                )
    return table(["", *(title for title, _, _ in wanted)], rows)


def guests_table(results):
    """Real machines."""
    wanted = (
        ("TCP to the server, Mbit/s", "tcp_mbps", "{:.0f}"),
        ("from the server", "tcp_back_mbps", "{:.0f}"),
        ("UDP 1400, Mbit/s", "udp_mbps", "{:.0f}"),
        ("round trip ms", "rtt_ms", "{:.1f}"),
    )
    dgram = ("guests", 0, "dgram")
    compared = ("tcp_mbps", "tcp_back_mbps")
    rows = []
    for name in ("hub", "dgram", "limit-bridge", "longwire", "socat"):
        key = ("guests", 0, name)
        if results.rounds(key):
            row = [name] + [spread(results.of(key, get), form) for _, get, form in wanted]
            for get in compared:
                row.append(spread(ratios(results.of(key, get), results.of(dgram, get))))
            rows.append(row)
    titles = [title for title, _, _ in wanted]
    return table(["", *titles, "TCP to the server / dgram", "from the server / dgram"], rows)


def shared_table(results):
    """Frames that N peers share."""
    wanted = (
        ("sender's CPU µs a frame at 10,000 a second", "a_us", "{:.1f}"),
        ("messages a frame", "messages", "{:.2f}"),
        ("CPU µs at 30,000", "busy_a_us", "{:.1f}"),
        ("messages", "busy_messages", "{:.2f}"),
        ("thousand frames/s at < 1 % loss", lambda row: row["max_pps"] / 1000, "{:.1f}"),
        ("CPU µs a frame there, sender", "best_a_us", "{:.1f}"),
        ("all receivers", "best_b_us", "{:.1f}"),
        ("messages a frame there", "best_messages", "{:.2f}"),
    )
    return curves_table(results, "shared", wanted)


def broadcast_table(results):
    """Frames for N peers."""
    wanted = (
        ("sender's CPU µs a broadcast", "a_us", "{:.1f}"),
        ("for each peer", lambda row: row["a_us"] / row["of"], "{:.1f}"),
        ("part that arrived", "arrived", "{:.3f}"),
    )
    return curves_table(results, "broadcast", wanted)


def curves_table(results, kind, wanted):
    """Cost by number of peers."""
    counts = sorted(of for work, of, name in results.rows if (work, name) == ("curves", kind))
    rows = []
    for count in counts:
        key = ("curves", count, kind)
        rows.append([count, *(spread(results.of(key, get), form) for _, get, form in wanted)])
    return table(["peers", *(title for title, _, _ in wanted)], rows)


def about(results):
    """Where and when."""
    a = results.about
    rounds = results.rounds(("tap", "normal", "longwire"))
    quick = " **A trial run with --quick: the figures mean nothing.**" if a.get("quick") else ""
    place = f"{a.get('cpus')} × {a.get('cpu')}, Linux {a.get('kernel')}"
    return f"{rounds} rounds, {place}, commit {a.get('commit')}, {a.get('when', '')[:10]}.{quick}\n"


def everything(results):
    """All tables that have rows, with headings."""
    parts = [
        (None, about(results)),
        ("What has to hold", targets_table(results)),
        ("Tunnels", tap_table(results, "normal")),
        ("The same as ratios within a round", ratio_table(results, "normal")),
        ("Tunnels on a wire without UDP segmentation", tap_table(results, "nic")),
        ("Round trip, idle", idle_table(results)),
        ("Hub to hub", hub_table(results)),
        ("Real machines", guests_table(results)),
        ("Peers that share 64-byte frames", shared_table(results)),
        ("Broadcasts", broadcast_table(results)),
    ]
    measured = [part for part in parts if not part[0] or part[1].count("\n") > HEAD_LINES]
    return "\n".join((f"### {title}\n\n" if title else "") + text for title, text in measured)

"""work_tap.py - TAP to TAP through a tunnel: TCP, UDP, round trips, CPU time, memory

One run per tunnel and round, each on two hosts made for it. Rates of UDP are the highest at which
less than 1 % is lost: tools/udpgen.c searches.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import threading
import time

from place import Place, machine_cpu_s, sh
from tunnels import TUNNELS

FIRST_PING_TRIES = 400  # about 20 s
IPERF_SPARE_S = 8
SINK_PORT = 7000
SEARCH_LIMIT_S = 60
HEADERS = 28  # of IPv4 and UDP
FULL, SMALL = 1400, 64  # bytes of UDP payload
TIME = re.compile(r"time=([\d.]+) ms")


class Times:
    """How long each part takes, in seconds."""

    tcp, tcp_back, probe, confirm = 10, 5, 0.6, 2

    def __init__(self, quick):
        if quick:
            self.tcp, self.tcp_back, self.probe, self.confirm = 4, 2, 0.1, 0.2


def first_ping(place, since):
    """Seconds from @since to the first answered ping, or None."""
    command = place.a.command("ping", "-n", "-q", "-c1", "-W", "0.05", place.b.ip)
    for _ in range(FIRST_PING_TRIES):
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return round(time.time() - since, 3)
    return None


def ping(place, *words):
    """The round trips of a ping from A to B, in ms."""
    said = place.a.run("ping", "-n", *words, place.b.ip, check=False)
    return sorted(float(found) for found in TIME.findall(said))


def quantiles(name, times):
    """Median and 99th percentile, as columns."""
    last = len(times) - 1
    return {
        f"{name}_med": times[len(times) // 2] if times else None,
        f"{name}_p99": times[min(last, int(len(times) * 0.99))] if times else None,
        f"{name}_n": len(times),
    }


def iperf(sender, receiver, seconds):
    """TCP from one side to the other. Return: (bits a second, bytes, segments sent again)"""
    server = receiver.popen("iperf3", "-s", "-1", "-B", receiver.ip)
    time.sleep(0.4)
    limit = ["timeout", str(seconds + IPERF_SPARE_S)]
    said = sender.run(*limit, "iperf3", "-c", receiver.ip, "-t", seconds, "-J", check=False)
    server.terminate()
    server.wait()
    receiver.others.remove(server)
    try:
        end = json.loads(said)["end"]
        got = end["sum_received"]
        return got["bits_per_second"], got["bytes"], end["sum_sent"].get("retransmits", 0)
    except (ValueError, KeyError):
        return 0, 0, 0


@contextlib.contextmanager
def pings_meanwhile(place, seconds, into):
    """Ping from A to B while something else runs, but for its first and last second."""

    def run():
        time.sleep(1)
        into.extend(ping(place, "-i", "0.01", "-c", str(int((seconds - 2) * 100)), "-W", "1"))

    thread = threading.Thread(target=run)
    thread.start()
    yield
    thread.join()


def measure_tcp(place, times):
    """TCP both ways; round trips and CPU time during the first."""
    loaded, a, b = [], place.a, place.b
    before = (a.cpu_s(), b.cpu_s(), machine_cpu_s())
    with pings_meanwhile(place, times.tcp, loaded):
        rate, count, again = iperf(a, b, times.tcp)
    after = (a.cpu_s(), b.cpu_s(), machine_cpu_s())
    back, _, back_again = iperf(b, a, times.tcp_back)
    cpu = [round((late - early) / max(count, 1) * 1e9, 3) for early, late in zip(before, after)]
    return {
        "ab_mbps": rate / 1e6,
        "ba_mbps": back / 1e6,
        "ab_retr": again,
        "ba_retr": back_again,
        "cpuA_s_per_GB": cpu[0],
        "cpuB_s_per_GB": cpu[1],
        "sys_s_per_GB": cpu[2],
        **quantiles("rttl", sorted(loaded)),
    }


def search(place, tools, payload, times):
    """The highest rate at which less than 1 % is lost, as udpgen says it; None if it fails."""
    words = ["search", place.b.ip, SINK_PORT, payload, times.probe, times.confirm]
    said = place.a.run("timeout", str(SEARCH_LIMIT_S), tools["udpgen"], *words, check=False)
    return json.loads(said) if said else None


def measure_udp(place, tools, mtu, times):
    """UDP of full and of small packets."""
    sink = place.b.popen(tools["udpgen"], "sink", SINK_PORT)
    time.sleep(0.2)
    full = search(place, tools, min(mtu - HEADERS, FULL), times)
    small = search(place, tools, SMALL, times)
    sink.terminate()
    return {"udp": full, "pps64": small}


def measure(name, wire, context):
    """One row: a tunnel on a wire. On wire "nic" TCP only: that is what segmentation changes."""
    times = Times(context.quick)
    with Place(wire, context.rps) as place:
        tunnel = TUNNELS[name](place, context.tools)
        tunnel.prepare()
        since = time.time()
        tunnel.up()
        start_s = first_ping(place, since)
        if start_s is None:
            return {"failed": True, "log": place.a.log_text()[-500:] + place.b.log_text()[-500:]}
        time.sleep(1)
        row = {"start_s": start_s, "mtu": tunnel.mtu}
        row.update(measure_tcp(place, times))
        if wire == "normal":
            row.update(measure_udp(place, context.tools, tunnel.mtu, times))
        row.update({f"rss{side.letter}_kb": side.peak_kb() for side in place.sides})
        return row


def missing(names):
    """The programs that these tunnels need and that are not there."""
    wanted = {program for name in names for program in TUNNELS[name].needs if program != "minitun"}
    return sorted(program for program in wanted if not shutil.which(program))


def wire_works():
    """Can namespaces be made here? Return: None, or why not"""
    if os.geteuid() != 0:
        return "needs root, for network namespaces"
    try:
        sh("ip", "netns", "list")
    except (RuntimeError, FileNotFoundError) as error:
        return str(error)
    return None

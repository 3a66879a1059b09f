"""work_idle.py - round trips of tunnels that carry nothing else

What a computer needs for one ping differs by more from minute to minute than the tunnels differ from each other. So
here all of them are up at the same time, each between two hosts of its own on the same two CPUs, and take turns of
half a second, in an order that is drawn anew each time.
"""

import contextlib
import random
import time

from place import Place
from tunnels import TUNNELS
from work_tap import first_ping, ping, quantiles

INTERVAL_S = 0.005
SETTLE_S = 2


def measure(names, context):
    """All of them. Return: {name: row}"""
    turns, pings = (2, 20) if context.quick else (20, 100)
    times = {name: [] for name in names}
    with contextlib.ExitStack() as places:
        up = {name: places.enter_context(Place(rps=context.rps)) for name in names}
        failed = {name: row for name, place in up.items() if (row := start(name, place, context))}
        time.sleep(SETTLE_S)
        for _ in range(turns):
            for name in random.sample(names, len(names)):
                if name not in failed:
                    times[name] += ping(up[name], "-i", INTERVAL_S, "-c", pings)
    return {name: failed.get(name) or quantiles("rtt", sorted(times[name])) for name in names}


def start(name, place, context):
    """A tunnel. Return: None, or the row of one that does not work"""
    tunnel = TUNNELS[name](place, context.tools)
    tunnel.prepare()
    tunnel.up()
    if first_ping(place, time.time()) is not None:
        return None
    return {"failed": True, "log": place.a.log_text()[-500:] + place.b.log_text()[-500:]}

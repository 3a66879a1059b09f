"""figures.py - results.jsonl as medians, ranges and paired ratios

A paired ratio compares two rows of one round only; what is told is the median over rounds, and the
range.
"""

import json
import statistics

from tunnels import ETHERNET, TUNNELS

RIVALS = [
    name for name, tunnel in TUNNELS.items() if tunnel.kind == ETHERNET and name != "longwire"
]


class Results:
    """All rows of a file; the last one counts where a round was measured twice."""

    def __init__(self, path):
        self.about, self.rows = {}, {}
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                self._take(line)

    def _take(self, line):
        try:
            row = json.loads(line)
        except ValueError:
            return  # the end of a run that was killed
        if row["work"] == "about":
            self.about = row
        elif not row.get("failed"):
            self.rows.setdefault((row["work"], row["of"], row["name"]), {})[row["round"]] = row

    def of(self, key, get):
        """{round: value} of one key; @get: a function of the row, or a column."""
        if isinstance(get, str):
            column = get
            get = lambda row: row.get(column)  # noqa: E731
        values = {number: get(row) for number, row in self.rows.get(key, {}).items()}
        return {number: value for number, value in values.items() if value is not None}

    def rounds(self, key):
        """How many rounds there are of it."""
        return len(self.rows.get(key, {}))

    def base(self, key, column):
        """What is there without any tunnel: the median over rounds, 0 if it was not measured."""
        return median(self.of(key, column)) or 0


def median(values):
    """Of a {round: value}; None if it is empty."""
    return statistics.median(values.values()) if values else None


def ratios(ours, theirs):
    """{round: ours / theirs} where both are there and mean something."""
    return {n: ours[n] / theirs[n] for n in ours if n in theirs and theirs[n] > 0}


def best(results, work, of, get, pick):
    """{round: the best rival's value in it}; @pick: max or min."""
    found = {}
    for name in RIVALS:
        for number, value in results.of((work, of, name), get).items():
            found.setdefault(number, []).append(value)
    return {number: pick(values) for number, values in found.items()}


def spread(values, form="{:.2f}", unit=""):
    """Median and range, for people."""
    if not values:
        return "–"
    low, high = min(values.values()), max(values.values())
    return f"{form.format(median(values))}{unit} [{form.format(low)}–{form.format(high)}]"


# ---- columns that are computed


def cpu_both(row):
    """CPU seconds per gigabyte of both agents."""
    if not row.get("cpuA_s_per_GB"):
        return None
    return row["cpuA_s_per_GB"] + row["cpuB_s_per_GB"]


def udp_mbps(row):
    """UDP of 1400 bytes."""
    return (row.get("udp") or {}).get("mbps")


def small_kpps(row):
    """Thousand packets of 64 bytes a second."""
    pps = (row.get("pps64") or {}).get("pps")
    return None if pps is None else pps / 1000


def memory_mb(row):
    """The larger one of the two agents."""
    peak = max(row.get("rssA_kb", 0), row.get("rssB_kb", 0))
    return peak / 1024 if peak else None


def added_to_same_round(results, base_key, column):
    """A function of a row: how much more than without a tunnel in the same round."""
    base = results.of(base_key, column)

    def more(row):
        if row.get(column) is None or row["round"] not in base:
            return None
        return row[column] - base[row["round"]]

    return more


def added(results, base_key, column):
    """A function of a row: how much more than without a tunnel."""
    base = results.base(base_key, column)
    return lambda row: None if row.get(column) is None else row[column] - base

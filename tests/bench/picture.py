"""picture.py - three bar charts of the tunnels as one SVG, for the README

Its colours follow the reader's light or dark theme.
"""

from xml.sax.saxutils import escape

from figures import cpu_both, median, small_kpps
from tunnels import CLEAR, LIMIT, TUNNELS

WIDTH, LEFT, RIGHT = 860, 190, 130
TOP, TITLE, BAR, GAP, AXIS, BETWEEN = 16, 30, 18, 7, 40, 18
TICKS = 7
PANELS = (
    (
        "TCP through the tunnel, one core on each side",
        "Mbit/s, more is better",
        "ab_mbps",
        "{:.0f}",
    ),
    (
        "Small packets: 64 bytes, less than 1 % lost",
        "thousand packets a second, more is better",
        small_kpps,
        "{:.0f}",
    ),
    ("CPU time of both ends", "seconds per gigabyte of TCP, less is better", cpu_both, "{:.1f}"),
)
STYLE = """
 .back { fill: #ffffff } text { fill: #1f2328; font: 13px sans-serif }
 .title { font-weight: bold; font-size: 15px }
 .small { font-size: 11px; fill: #59636e } .grid { stroke: #d1d9e0 } .range { stroke: #1f2328 }
 .own { fill: #1a7f37 } .rival { fill: #6e7781 } .clear { fill: #9a6700 } .limit { fill: #b6c2cf }
 @media (prefers-color-scheme: dark) {
  .back { fill: #0d1117 } text { fill: #e6edf3 }
  .small { fill: #9198a1 } .grid { stroke: #3d444d } .range { stroke: #e6edf3 }
  .own { fill: #3fb950 } .rival { fill: #8b949e } .clear { fill: #d29922 } .limit { fill: #444c56 }
 }
"""


def kind_of(name):
    """A bar's class."""
    if name == "longwire":
        return "own"
    return {LIMIT: "limit", CLEAR: "clear"}.get(TUNNELS[name].kind, "rival")


def bars_of(results, get):
    """[(name, {round: value})] of what was measured, longwire first."""
    names = ["longwire", *(name for name in TUNNELS if name not in ("longwire", "raw"))]
    found = [(name, results.of(("tap", "normal", name), get)) for name in names]
    return [(name, values) for name, values in found if values]


def step_for(highest):
    """A round number between two ticks."""
    step = 1
    while highest / step > TICKS:
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2
    return step


def text(x, y, words, style="", anchor="start"):
    """A text element."""
    place = f'x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}"'
    return f'<text class="{style}" {place}>{escape(words)}</text>'


def bar(name, values, y, scale, form):
    """One row of a chart."""
    middle, low, high = median(values), min(values.values()), max(values.values())
    center = y + BAR / 2
    out = [
        text(LEFT - 8, y + BAR - 4, TUNNELS[name].title, "", "end"),
        f'<rect class="{kind_of(name)}" x="{LEFT}" y="{y}" '
        f'width="{max(1, middle * scale):.1f}" height="{BAR}"/>',
        f'<path class="range" d="M{LEFT + low * scale:.1f} {center}H{LEFT + high * scale:.1f}"/>',
    ]
    told = form.format(middle)
    if len(values) > 1:
        told += f" [{form.format(low)}–{form.format(high)}]"
    out.append(text(LEFT + max(high, middle) * scale + 6, y + BAR - 4, told, "small"))
    return out


def panel(results, y, title, unit, get, form):
    """One chart. Return: (elements, its lower edge)"""
    # pylint: disable=too-many-arguments,too-many-positional-arguments
    bars = bars_of(results, get)
    highest = max((max(values.values()) for _, values in bars), default=1)
    scale = (WIDTH - LEFT - RIGHT) / highest
    top, height = y + TITLE, len(bars) * (BAR + GAP)
    out = [text(LEFT, y + 16, title, "title")]
    step = step_for(highest)
    for tick in range(0, int(highest) + 1, step):
        x = LEFT + tick * scale
        out.append(f'<path class="grid" d="M{x:.1f} {top - 4}V{top + height}"/>')
        out.append(text(x, top + height + 14, str(tick), "small", "middle"))
    for number, (name, values) in enumerate(bars):
        out += bar(name, values, top + number * (BAR + GAP), scale, form)
    out.append(text(LEFT, top + height + 30, unit, "small"))
    return out, top + height + AXIS + BETWEEN


def draw(results):
    """The whole picture."""
    y, out = TOP, []
    for title, unit, get, form in PANELS:
        elements, y = panel(results, y, title, unit, get, form)
        out += elements
    note = "Medians and ranges over rounds. All but socat encrypt. "
    note += "Limits are minimal programs without handshake, peers or checks."
    out.append(text(16, y, note, "small"))
    y += 14
    size = f'viewBox="0 0 {WIDTH} {y:.0f}" width="{WIDTH}" height="{y:.0f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
    about = "<title>longwire and other Ethernet tunnels: TCP, small packets, CPU time</title>"
    back = '<rect class="back" width="100%" height="100%" rx="6"/>'
    return "\n".join([head, about, f"<style>{STYLE}</style>", back, *out, "</svg>\n"])

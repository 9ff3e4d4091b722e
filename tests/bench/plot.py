# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cost against the numbers of interfaces, other taps, rules and callers, as SVG."""
import math
from xml.sax.saxutils import escape

PANELS = [("sets", "interfaces of one request"), ("others", "other taps on the host"), ("rules", "rules of the policy"), ("callers", "callers at once")]
COLOURS = ["#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad", "#b8860b"]
WIDTH, HEIGHT, LEFT, TOP, PLOT_WIDTH, PLOT_HEIGHT = 520, 330, 70, 40, 420, 220


def ticks(low, high):
    """Powers of ten and their halves on a logarithmic axis."""
    return [step * 10 ** power for power in range(int(math.log10(low)) - 1, int(math.log10(high)) + 2) for step in (1, 2, 5)
            if low <= step * 10 ** power <= high]


def panel(title, lines):
    """LINES: {name: [(count, milliseconds)]}"""
    points = [point for line in lines.values() for point in line]
    x_of = lambda count: math.log10(count + 1)  # noqa: E731
    right = max(x_of(count) for count, _ in points) or 1
    low, high = min(y for _, y in points) * 0.8, max(y for _, y in points) * 1.25
    px = lambda count: LEFT + PLOT_WIDTH * x_of(count) / right  # noqa: E731
    py = lambda y: TOP + PLOT_HEIGHT * (1 - math.log(y / low) / math.log(high / low))  # noqa: E731
    out = [f'<text x="{LEFT}" y="24" font-size="14" font-weight="bold">{escape(title)}</text>',
           f'<rect x="{LEFT}" y="{TOP}" width="{PLOT_WIDTH}" height="{PLOT_HEIGHT}" fill="none" stroke="#888"/>']
    for y in ticks(low, high):
        out.append(f'<path d="M{LEFT} {py(y):.1f}h{PLOT_WIDTH}" stroke="#ddd"/>'
                   f'<text x="{LEFT - 6}" y="{py(y) + 4:.1f}" text-anchor="end">{y:g} ms</text>')
    for count in sorted({count for count, _ in points}):
        out.append(f'<text x="{px(count):.1f}" y="{TOP + PLOT_HEIGHT + 16}" text-anchor="middle">{count}</text>')
    for n, (name, line) in enumerate(lines.items()):
        colour, path = COLOURS[n % len(COLOURS)], " ".join(f"{px(x):.1f},{py(y):.1f}" for x, y in sorted(line))
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{px(x):.1f}" cy="{py(y):.1f}" r="3" fill="{colour}"/>' for x, y in line]
        out.append(f'<text x="{LEFT + 210 * (n % 2)}" y="{TOP + PLOT_HEIGHT + 36 + 15 * (n // 2)}" fill="{colour}">{escape(name)}</text>')
    return "\n".join(out)


def write(path, rows):
    panels = []
    for group, title in PANELS:
        lines = {}
        for row in rows:
            if row["group"] == group and "count" in row:
                lines.setdefault(row["kind"], []).append((row["count"], row["end_us"]["median"] / 1000))
        if lines:
            panels.append(panel(title, lines))
    places = [(WIDTH * (n % 2), HEIGHT * (n // 2)) for n in range(len(panels))]
    body = "\n".join(f'<g transform="translate({x} {y})">\n{text}\n</g>' for (x, y), text in zip(places, panels))
    with open(path, "w") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * WIDTH}" height="{HEIGHT * ((len(panels) + 1) // 2)}" '
                   f'font-family="sans-serif" font-size="11">\n<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n')

"""Make ``expectations/report/outlines.json`` from us-atlas: California's counties as SVG paths. Run once; not part of `make docs`.

    npm pack us-atlas@3.0.1 && tar xzf us-atlas-3.0.1.tgz
    .venv/bin/python -m docs.outlines package/counties-10m.json

The outlines are the Census Bureau's cartographic boundaries of 2017 (public domain), redistributed as TopoJSON by us-atlas (ISC). They are
projected as the State does (EPSG:3310: Albers, equal areas, parallels 34° and 40.5°, meridian -120°) on a sphere, and rounded to whole
units. An arc that two counties share is one line for both, so that there are neither gaps nor overlaps.
"""

import hashlib
import itertools
import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

OUT = Path(__file__).parents[1] / "expectations" / "report" / "outlines.json"
WIDE = 1000  # units, from the westernmost to the easternmost point
STATE = "06"
_FIRST, _SECOND, _MERIDIAN = math.radians(34), math.radians(40.5), -120.0
_FINE = 4  # units: steps in which the place of a text is sought

Point = tuple[float, float]


def projected(longitude: float, latitude: float) -> Point:
    """A place in degrees on the plane, in Earth radii, y downwards (Snyder 1987, p. 100)."""
    n = (math.sin(_FIRST) + math.sin(_SECOND)) / 2
    c = math.cos(_FIRST) ** 2 + 2 * n * math.sin(_FIRST)
    rho = math.sqrt(c - 2 * n * math.sin(math.radians(latitude))) / n
    theta = n * math.radians(longitude - _MERIDIAN)
    return rho * math.sin(theta), rho * math.cos(theta)


def arcs_of(topology: dict[str, Any]) -> list[list[Point]]:
    """Every arc of a TopoJSON, its steps added up, projected."""
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    found = list[list[Point]]()
    for arc in topology["arcs"]:
        x = y = 0
        line = list[Point]()
        for dx, dy in arc:
            x, y = x + dx, y + dy
            line.append((x * sx + tx, y * sy + ty))
        found.append([projected(*point) for point in line])
    return found


def rings(geometry: dict[str, Any], arcs: list[list[Point]]) -> Iterator[list[Point]]:
    """The rings of a polygon or of several, each closed."""
    polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
    for ring in (ring for polygon in polygons for ring in polygon):
        points = list[Point]()
        for at in ring:
            points += (arcs[at] if at >= 0 else arcs[~at][::-1])[bool(points) :]
        yield points


def path(ring: list[tuple[int, int]]) -> str:
    """A closed ring as an SVG path: the first point, then steps."""
    points = [p for p, before in zip(ring, [None, *ring], strict=False) if p != before]
    steps = [f"{b[0] - a[0]} {b[1] - a[1]}" for a, b in itertools.pairwise(points)]
    return f"M{points[0][0]} {points[0][1]}l" + " ".join(steps).replace(" -", "-") + "z"


def area(ring: list[tuple[int, int]]) -> float:
    """Of a closed ring, in square units."""
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(ring))) / 2


def place_of_text(ring: list[tuple[int, int]]) -> tuple[int, int, int]:
    """The point of a ring that is farthest from its edge, and how far that is."""
    xs, ys = [p[0] for p in ring], [p[1] for p in ring]
    best = (-1.0, 0, 0)
    for x in range(min(xs), max(xs) + 1, _FINE):
        for y in range(min(ys), max(ys) + 1, _FINE):
            if _inside(x, y, ring):
                best = max(
                    best,
                    (min(_far(x, y, a, b) for a, b in itertools.pairwise(ring)), x, y),
                )
    return best[1], best[2], int(best[0])


def _inside(x: float, y: float, ring: list[tuple[int, int]]) -> bool:
    crossed = False
    for (ax, ay), (bx, by) in itertools.pairwise(ring):
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            crossed = not crossed
    return crossed


def _far(x: float, y: float, a: tuple[int, int], b: tuple[int, int]) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    long = dx * dx + dy * dy
    t = max(0.0, min(1.0, ((x - a[0]) * dx + (y - a[1]) * dy) / long)) if long else 0.0
    return math.hypot(x - a[0] - t * dx, y - a[1] - t * dy)


def main(source: Path) -> None:
    """Write the outlines."""
    raw = source.read_bytes()
    topology = json.loads(raw)
    arcs = arcs_of(topology)
    counties = [
        g for g in topology["objects"]["counties"]["geometries"] if g["id"].startswith(STATE)
    ]
    drawn = {g["id"]: list(rings(g, arcs)) for g in counties}
    points = [p for found in drawn.values() for ring in found for p in ring]
    left, top = min(x for x, _ in points), min(y for _, y in points)
    scale = WIDE / (max(x for x, _ in points) - left)
    counties_out = dict[str, dict[str, object]]()
    for code, found in sorted(drawn.items()):
        rounded = [
            [(round((x - left) * scale), round((y - top) * scale)) for x, y in ring]
            for ring in found
        ]
        seen = [ring for ring in rounded if area(ring) >= 1]  # a rock is no point
        x, y, room = place_of_text(max(seen, key=area))
        counties_out[code[2:]] = {"path": "".join(map(path, seen)), "text": [x, y], "room": room}
    tall = math.ceil((max(y for _, y in points) - top) * scale)
    body = {
        "source": "US Census Bureau, cartographic boundaries of counties, 2017 (public domain), by us-atlas 3.0.1 (ISC); docs/outlines.py",
        "sha256": hashlib.sha256(raw).hexdigest(),
        "size": [WIDE, tall],
        "counties": counties_out,
    }
    lines = json.dumps(body, indent=1)
    OUT.write_text(lines + "\n", "ascii")
    print(len(counties_out), "counties,", OUT.stat().st_size, "bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

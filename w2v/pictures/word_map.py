"""The picture of a map of words, drawn from what plane.py says of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2v.errors import counted
from w2v.pictures import fonts, labels, looks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

WIDTH, HEIGHT, DOTS = 10.0, 9.0, 125  # inches, and dots in one of them
BELOW = 0.75  # inches, for the legend
MARGIN = 0.05  # of the map, around its points
ROUNDING = 1e-6  # of directions in float32: points that are no further apart are one
LETTERS = 8  # their size, in points
LONGEST = 24  # letters of a word; the rest is cut off
MARK = 5.0  # points across
NEAR, FAR = (2.0, 8.0), (2.0, 8.0, 14.0, 20.0, 28.0, 36.0)  # points between a mark and its name
CLUSTERS = tuple(zip((*looks.COLOURS, looks.SKY), looks.MARKS, strict=False))
RINGS = (0.02, 0.05, 0.1, 0.2, 0.5)  # differences of cosine between them
MOST_RINGS = 3
FAINT = "#CCCCCC"
LED = 5.0  # points; a name further from its point has a line to it
LEGEND_LETTERS = 40


def figure(
    words: Sequence[str],
    points: Sequence[Sequence[float]],
    clusters: Sequence[int],
    names: Sequence[Sequence[str]],
    cosines: Sequence[float] | None,
    caption: str,
) -> tuple[Figure, list[str]]:
    """Words as points with their names; the first of them have their names before all others.

    Args:
        words, points, clusters, names, cosines: as in plane.Plane.
        caption: what it shows, in a line.
    Returns:
        the figure, and lines that the user should see.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    texts = [looks.cut(word, LONGEST) for word in words]
    families, remarks = fonts.families_for([*texts, caption])
    drawn = Figure(figsize=(WIDTH, HEIGHT), dpi=DOTS)
    FigureCanvasAgg(drawn)
    axes = drawn.add_axes((0, BELOW / HEIGHT, 1, 1 - BELOW / HEIGHT))
    axes.set_axis_off()
    where = np.asarray(points, float).reshape(-1, 2)
    if cosines is None:
        (left, right), (bottom, top) = _limits(where.min(axis=0), where.max(axis=0))
    else:  # all of the outermost ring that there may be
        farthest = np.full(2, 1 - min(cosines))
        (left, right), (bottom, top) = _limits(-farthest, farthest)
    axes.set(xlim=(left, right), ylim=(bottom, top))
    rings = [] if cosines is None else _draw_edges(axes, where, cosines)
    for number in range(len(names)):
        colour, mark = CLUSTERS[number % len(CLUSTERS)]
        x, y = where[np.asarray(clusters) == number].T
        axes.plot(x, y, ls="", marker=mark, ms=MARK, color=colour, zorder=3)
    how: dict[str, Any] = {"fontfamily": families, "fontsize": LETTERS, "va": "bottom"}
    how["parse_math"] = False  # a $ is a $
    named = [
        axes.text(x, y, text, **how, zorder=4) for (x, y), text in zip(where, texts, strict=True)
    ]
    _halo([*rings, *named])
    if cosines is not None:  # no ring or edge runs through a name
        for text in named:
            text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.5})
    if cosines is None:
        _place(axes, named, NEAR)
    else:
        _place(axes, named, FAR, where, rings)
    if n_left_out := sum(not text.get_visible() for text in named):
        some = f"{n_left_out:,} of {counted(len(words), 'word')}"
        has = "has no room for its name" if n_left_out == 1 else "have no room for their names"
        remarks.append(f"{some} {has}; each point is there")
    _draw_legend(axes, names, families)
    drawn.text(0.5, 0.01, looks.cut(caption, 120), ha="center", **how)
    return drawn, remarks


def _limits(low: npt.NDArray[np.float64], high: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(2, 2): left and right, bottom and top around (2,) corners; both axes have one scale."""
    inches = np.array([WIDTH, HEIGHT - BELOW])
    span = ((high - low) / inches).max()
    per_inch = span * (1 + 2 * MARGIN) if span > ROUNDING else 1.0
    middle = (low + high) / 2
    return np.stack([middle - per_inch * inches / 2, middle + per_inch * inches / 2], axis=1)


def _draw_edges(
    axes: Axes, points: npt.NDArray[np.float64], cosines: Sequence[float]
) -> list[Text]:
    """Edges from the first point to all others, and rings that tell their cosines; their labels."""
    from matplotlib.patches import Circle

    for point in points[1:]:
        axes.plot(*zip(points[0], point, strict=True), color=FAINT, lw=0.8, zorder=1)
    nearest, farthest = 1 - max(cosines[1:], default=1.0), 1 - min(cosines)
    step = next((step for step in RINGS if (farthest - nearest) / step < MOST_RINGS), 1.0)
    first, last = math.floor(nearest / step + 1e-9), math.floor(farthest / step + 1e-9)
    between = math.pi / max(1, len(points) - 1)  # two spokes
    how: dict[str, Any] = {"fontsize": LETTERS, "color": looks.GREY, "ha": "center", "va": "center"}
    found = []
    for number in range(max(1, first), last + 1):  # none, where all words are alike
        radius = number * step
        axes.add_patch(Circle((0, 0), radius, fill=False, ls=":", lw=0.8, ec=looks.GREY, zorder=0))
        x, y = radius * math.cos(between), radius * math.sin(between)
        found.append(axes.text(x, y, f"{1 - radius:.2f}", zorder=2, **how))
    return found


def _halo(texts: Sequence[Text]) -> None:
    """Have white around letters, so that they can be read on lines."""
    from matplotlib.patheffects import withStroke

    for text in texts:
        text.set_path_effects([withStroke(linewidth=2, foreground="white")])


def _place(
    axes: Axes,
    texts: Sequence[Text],
    reach: Sequence[float],
    outward: npt.NDArray[np.float64] | None = None,
    others: Sequence[Text] = (),
) -> None:
    """Move each text from its point to where it covers nothing, or hide it where it cannot."""
    canvas: Any = axes.figure.canvas
    renderer, dots = canvas.get_renderer(), axes.figure.dpi / 72
    sizes = np.array([text.get_window_extent(renderer).size for text in texts])
    points = axes.transData.transform([text.get_position() for text in texts])
    frame = np.array(axes.get_window_extent(renderer).extents)
    distances, covered = [far * dots for far in reach], [_box(text, renderer) for text in others]
    corners = labels.place(points, sizes, frame, MARK / 2 * dots, distances, outward, covered)
    for text, point, size, corner in zip(texts, points, sizes, corners, strict=True):
        if corner is None:
            text.set_visible(False)
            continue
        inverse = axes.transData.inverted()
        x, y = inverse.transform(corner)
        text.set_position((float(x), float(y)))
        nearest = np.clip(point, corner, corner + size)
        if np.hypot(*(nearest - point)) > LED * dots:
            ends = inverse.transform([point, nearest])
            axes.plot(*ends.T, color=looks.GREY, lw=0.5, zorder=2)


def _box(text: Text, renderer: Any) -> tuple[float, ...]:
    return tuple(text.get_window_extent(renderer).extents)


def _draw_legend(axes: Axes, names: Sequence[Sequence[str]], families: Sequence[str]) -> None:
    """What the clusters are, below the map: by their most central words."""
    entries = []
    for number, central in enumerate(names):
        colour, mark = CLUSTERS[number % len(CLUSTERS)]
        label = looks.cut(central[0], LONGEST)
        for word in central[1:]:
            longer = f"{label}, {looks.cut(word, LONGEST)}"
            if looks.width(longer) > LEGEND_LETTERS:
                break
            label = longer
        entries.append((label, {"ls": "", "marker": mark, "ms": MARK, "color": colour}))
    looks.legend(axes, entries, families, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=3)

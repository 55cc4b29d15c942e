"""How all pictures look: colours, marks, and legends."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from w2v.errors import shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.legend import Legend

# Okabe and Ito's colours, which the colour-blind tell apart, but for yellow, too light on white.
# Marks and dashes tell without colour what is what.
BLUE, ORANGE, BLACK, PURPLE, GREEN = "#0072B2", "#D55E00", "#000000", "#CC79A7", "#009E73"
SKY, GREY = "#56B4E9", "#666666"
COLOURS = (BLUE, ORANGE, BLACK, PURPLE, GREEN)
MARKS = ("o", "^", "D", "v", "P", "X", "*")
SMALL = 9  # letters of a legend, in points
LINE = 0.2  # of a legend, in inches
PADDING: dict[str, Any] = {
    "borderpad": 0.1,
    "borderaxespad": 0.2,
    "columnspacing": 1.4,
    "handlelength": 2.4,
}


def legend(
    axes: Axes,
    entries: Sequence[tuple[str, dict[str, Any]]],
    families: Sequence[str],
    **where: Any,
) -> Legend:
    """A legend without a frame.

    Args:
        entries: a label, whatever it holds, and how its line looks.
        families: of fonts.
        where: what Matplotlib's legend takes of places and columns.
    """
    from matplotlib.lines import Line2D

    lines = [Line2D([], [], **looks) for _, looks in entries]
    font: Any = {"family": list(families), "size": SMALL}
    # Matplotlib leaves out what begins with _, and takes $ for the beginning of a formula.
    made = axes.legend(lines, ["."] * len(lines), prop=font, frameon=False, **PADDING, **where)
    for text, (label, _) in zip(made.get_texts(), entries, strict=True):
        text.set_parse_math(False)
        text.set_text(label)
    return made


def cut(text: str, n_letters: int) -> str:
    """Text from outside as a label: what does not print is escaped, and its end cut off.

    Letters of double width, as those of Chinese, count twice.
    """
    text = shown(text)
    if width(text) <= n_letters:
        return text
    while width(text) >= n_letters:
        text = text[:-1]
    return text + "…"


def width(text: str) -> int:
    """How many columns text takes: letters of double width, as those of Chinese, take two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)

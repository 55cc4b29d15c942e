"""The picture of a confusion matrix: which labels are taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from w2v.pictures import fonts, looks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CELL, MARGIN, MOST = 0.55, 2.2, 30.0  # inches: of a label's row, beside all of them, in all
DOTS = 125
FEW = 4  # labels, which fit beside each other
LETTERS = 20  # of a label
DARK = 0.6  # share of a row, from which its shade asks for white letters


def figure(
    labels: Sequence[str], counts: Sequence[Sequence[int]], macro_f1: float
) -> tuple[Figure, list[str]]:
    """A row for each true label, a column for each predicted one; the shade is the share of a row.

    Args:
        labels: C names.
        counts: (C, C), how many texts.
    Returns:
        the figure, and lines that the user should see.
    """
    from matplotlib.figure import Figure

    side = min(MARGIN + CELL * len(labels), MOST)
    drawn = Figure(figsize=(side + 0.4, side), dpi=DOTS, layout="constrained")
    axes = drawn.add_subplot()
    shares = [[count / max(sum(row), 1) for count in row] for row in counts]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i, row in enumerate(counts):
        for j, count in enumerate(row):
            colour = "white" if shares[i][j] > DARK else looks.BLACK
            axes.text(j, i, f"{count}", ha="center", va="center", color=colour)
    names = [looks.cut(label, LETTERS) for label in labels]
    families, remarks = fonts.families_for(names)
    how: Any = {"family": list(families), "parse_math": False}
    axes.set_xticks(range(len(names)), names, **how)
    if len(names) > FEW:  # each ends below its column
        for label in axes.get_xticklabels():
            label.set(rotation=60, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), names, **how)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(f"macro-F1 {macro_f1:.3f}; shade: share of the row", fontsize=looks.SMALL)
    return drawn, remarks

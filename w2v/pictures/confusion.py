"""The picture of a confusion matrix: which labels a classifier takes for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from w2v.pictures import fonts, looks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIDE, LABEL, MOST = 2.0, 0.55, 30.0  # inches: without labels, of each label, in all
DARK = 0.6  # share of a row from which its number is white
LONGEST_LABEL = 30  # letters


def figure(
    labels: Sequence[str], confusion: Sequence[Sequence[int]], macro_f1: float
) -> tuple[Figure, list[str]]:
    """Counts of texts: true labels downwards, predicted ones across.

    Args:
        labels: n strings.  confusion: (n, n) counts, a row for each true label.
    Returns:
        the figure, and lines that the user should see.
    """
    from matplotlib.figure import Figure

    names = [looks.cut(label, LONGEST_LABEL) for label in labels]
    families, remarks = fonts.families_for(names)
    side = min(SIDE + LABEL * max(3, len(names)), MOST)
    drawn = Figure(figsize=(side + LABEL, side), dpi=120, layout="constrained")
    axes = drawn.add_subplot()
    shares = [[count / max(sum(row), 1) for count in row] for row in confusion]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i, row in enumerate(confusion):
        for j, count in enumerate(row):
            color = "white" if shares[i][j] > DARK else "black"
            axes.text(j, i, f"{count:,}", ha="center", va="center", color=color)
    looks_of_names: dict[str, Any] = {"family": families, "parse_math": False}
    slant = 45 if len(names) > 4 else 0
    axes.set_xticks(range(len(names)), names, rotation=slant, **looks_of_names)
    axes.set_yticks(range(len(names)), names, **looks_of_names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(f"macro-F1 {macro_f1:.3f}; shade: share of the row", fontsize="medium")
    return drawn, remarks

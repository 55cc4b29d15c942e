"""Drawing the picture of a training run: a program of its own, which reads a metrics.csv.

It imports Matplotlib while the training is at work, and then waits to be asked.
"""

import csv
import io
import json
import os
import sys
from itertools import groupby
from typing import BinaryIO

MOST_LABELLED = 12  # epochs whose losses are all written beside the curve
BELOW = (0, -14)  # points; above a loss is mostly its validation loss


def main() -> None:
    """Asked for `[epochs, metrics.csv, staging.png, loss.png]`: draw to the third, and rename it.

    It is asked by a line of JSON on stdin, and ends without one when whoever started it has ended.
    """
    import matplotlib.backends.backend_agg
    import matplotlib.figure
    import matplotlib.ticker  # noqa: F401 (they are all that `draw` needs)

    asked = sys.stdin.readline()
    if not asked.endswith("\n"):
        return
    epochs, metrics, staging, picture = json.loads(asked)
    drawn = io.BytesIO()
    draw(metrics, epochs, drawn)
    with open(staging, "wb") as file:
        file.write(drawn.getbuffer())
    os.replace(staging, picture)


def draw(metrics: str, epochs_done: int, picture: BinaryIO) -> None:
    """Draw the loss against the epochs as a PNG image.

    A thin line is the mean since its epoch began; a dot is a whole epoch's loss, a square its
    validation loss.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(6.4, 4.0), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    ends: list[dict[str, float]] = []
    for _, group in groupby(_numbers(metrics), key=lambda row: row["epoch"]):
        rows = list(group)
        label = None if ends else "mean since the epoch began"
        progress = [row["progress"] for row in rows]
        axes.plot(progress, [row["loss"] for row in rows], color="tab:blue", lw=1, label=label)
        ends.append(rows[-1])
    ends = [row for row in ends if row["epoch"] <= epochs_done]  # the last may be under way
    losses = [row["loss"] for row in ends]
    axes.plot([row["epoch"] for row in ends], losses, "o-", color="tab:orange", label="whole epoch")
    validated = [(row["epoch"], row[key]) for row in ends if (key := "validation_loss") in row]
    if validated:
        epochs, losses = map(list, zip(*validated, strict=True))
        axes.plot(epochs, losses, "s--", color="tab:green", label="validation")
    for row in ends if len(ends) <= MOST_LABELLED else ends[-1:]:
        where = row["epoch"], row["loss"]
        axes.annotate(
            f"{row['loss']:.3f}",
            where,
            BELOW,
            textcoords="offset points",
            ha="center",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5},
        )
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss (mean BCE per center, nats)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.margins(y=0.15)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(picture, format="png")


def _numbers(metrics: str) -> list[dict[str, float]]:
    """The rows of a metrics.csv, without what they leave empty."""
    wanted = ("epoch", "loss", "progress", "validation_loss")
    with open(metrics, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [{name: float(row[name]) for name in wanted if row[name]} for row in rows]

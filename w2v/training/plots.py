"""The picture of a training run."""

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from w2v.training.metrics import Metrics

MOST_LABELLED = 12  # epochs whose losses are all written beside the curve
BELOW = (0, -14)  # points; above a loss is mostly its validation loss


def plot_loss(metrics: Iterable[Metrics], path: Path) -> None:
    """Draw the loss against the epochs as a PNG file at `path`.

    A thin line is the mean since its epoch began; a dot is a whole epoch's loss, a square its
    validation loss.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(6.4, 4.0), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    ends: list[Metrics] = []
    for _, group in groupby(metrics, key=lambda row: row.epoch):
        rows = list(group)
        label = None if ends else "mean since the epoch began"
        progress = [row.progress for row in rows]
        axes.plot(progress, [row.loss for row in rows], color="tab:blue", lw=1, label=label)
        ends.append(rows[-1])
    losses = [row.loss for row in ends]
    axes.plot([row.epoch for row in ends], losses, "o-", color="tab:orange", label="whole epoch")
    validated = [(row.epoch, x) for row in ends if (x := row.validation_loss) is not None]
    if validated:
        epochs, losses = map(list, zip(*validated, strict=True))
        axes.plot(epochs, losses, "s--", color="tab:green", label="validation")
    for row in ends if len(ends) <= MOST_LABELLED else ends[-1:]:
        axes.annotate(
            f"{row.loss:.3f}",
            (row.epoch, row.loss),
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
    figure.savefig(path)

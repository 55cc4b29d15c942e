"""Pictures of a training run."""

from itertools import groupby


def plot_loss(metrics, path):
    """Draw the loss against the epochs as a PNG file at `path`.

    Args:
        metrics: rows of w2v.metrics.Metrics. A thin line is the mean since its epoch began; a dot
            is a whole epoch's loss, a square its validation loss.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(6.4, 4.0), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    ends = []
    for number, (_, rows) in enumerate(groupby(metrics, key=lambda row: row.epoch)):
        rows = list(rows)
        label = "mean since the epoch began" if number == 0 else None
        progress = [row.progress for row in rows]
        axes.plot(progress, [row.loss for row in rows], color="tab:blue", lw=1, label=label)
        ends.append(rows[-1])
    whole = [row.loss for row in ends]
    axes.plot([row.epoch for row in ends], whole, "o-", color="tab:orange", label="whole epoch")
    held_out = [row for row in ends if row.validation_loss is not None]
    if held_out:
        losses = [row.validation_loss for row in held_out]
        axes.plot(
            [row.epoch for row in held_out], losses, "s--", color="tab:green", label="validation"
        )
    for row in ends if len(ends) <= 12 else ends[-1:]:
        at = (row.epoch, row.loss)
        below = (0, -14)  # validation losses are mostly above
        axes.annotate(f"{row.loss:.3f}", at, below, textcoords="offset points", ha="center")
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss (mean BCE per window, nats)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.margins(y=0.15)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(path)

"""The picture of the loss: of one run, or of several beside each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from w2v.errors import W2VError, counted
from w2v.pictures import fonts, looks
from w2v.pictures.looks import COLOURS, GREY, LINE, MARKS, ORANGE, SKY
from w2v.storage import metrics
from w2v.storage.metrics import Metrics

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend

# In inches, but for the dots in one of them. They are fixed, so that a picture that is drawn again
# and again stands still; and it takes half the time of a layout that Matplotlib computes.
WIDTH, DOTS = 6.4, 125
LEFT, RIGHT, BOTTOM, GAP = 0.85, 0.1, 0.52, 0.15
LOSS, PANEL = 3.2, 0.95  # heights: of the loss, and of each panel below it
LETTER = 0.085  # width of one, in a legend

DASHES = ("-", "--", ":", "-.")
MOST_MARKS = 20  # on a line
LONGEST_NAME = 60  # letters, in the legend
OF_STRETCHES, OF_EPOCHS, OF_VALIDATION = "training", "epoch mean", "validation"

Entries = list[tuple[str, dict[str, Any]]]  # of a legend: a label, and how its line looks


class Run(NamedTuple):
    """A run in the picture: its name in the legend, what was measured, and its looks."""

    name: str
    rows: list[Metrics]
    colour: str
    mark: str


def figure(runs: Sequence[tuple[str, str]]) -> tuple[Figure, list[str]]:
    """The loss against the epochs; below it the learning rate, and the scores where there are any.

    A light line is the loss of each stretch between two rows of metrics.csv; a mark is the mean of
    a whole epoch, in its middle. Validation loss and scores stand where they are measured, at its
    end.

    Args:
        runs: (name, path of a metrics.csv) of each; the name of a single one is not shown.
    Returns:
        the figure, and lines that the user should see.
    Raises:
        W2VError: a metrics.csv is damaged, or holds no loss.
    """
    shown_runs = [
        Run(name, _read(path), COLOURS[i % len(COLOURS)], MARKS[i % len(MARKS)])
        for i, (name, path) in enumerate(runs)
    ]
    tests = list(
        dict.fromkeys(test for run in shown_runs for row in run.rows for test in row.scores)
    )
    names, n_columns = _names(shown_runs)
    lines = math.ceil(len(names) / n_columns)  # none, of a single run
    heights = [LOSS, *[PANEL + LINE] * bool(tests), PANEL]
    drawn, panels = _panels(heights, (1 + lines) * LINE + 0.1)
    loss, rate = panels[0], panels[-1]
    for run in shown_runs:
        _draw_loss(loss, run, is_alone=len(runs) == 1)
        rate.plot(*_points((row.progress, row.lr) for row in run.rows), color=run.colour, lw=1.5)
    families, remarks = fonts.families_for([*(name for name, _ in names), *tests])
    for run, (_, path) in zip(shown_runs, runs, strict=True):
        if n_gaps := sum(not math.isfinite(row.loss) for row in run.rows):
            remarks.append(f"{path} has {counted(n_gaps, 'row')} without a finite loss: a gap")
    if names:
        loss.add_artist(_legend(loss, names, families, n_columns))
    _legend(loss, _roles(shown_runs), families, lines_below=lines)
    loss.set_ylabel("loss (nats per center)")
    if tests:
        _legend(panels[1], _draw_scores(panels[1], shown_runs, tests), families)
    rate.set_ylabel("learning rate")
    rate.set_ylim(bottom=0)
    rate.set_xlabel("epochs")
    rate.set_xlim(0, 1.02 * math.ceil(max(run.rows[-1].progress for run in shown_runs)))
    return drawn, remarks


def _read(path: str) -> list[Metrics]:
    try:
        rows = metrics.read_csv(path)
    except OSError as error:
        raise W2VError(f"cannot read {path}: {error.strerror}") from error
    if not any(math.isfinite(row.loss) for row in rows):
        raise W2VError(f"{path} holds no loss yet")
    return rows


def _panels(heights: Sequence[float], top: float) -> tuple[Figure, list[Axes]]:
    """A figure with panels below each other, which share the epochs; (heights, top in inches)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    height = BOTTOM + sum(heights) + GAP * (len(heights) - 1) + top
    drawn = Figure(figsize=(WIDTH, height), dpi=DOTS)
    FigureCanvasAgg(drawn)
    panels: list[Axes] = []
    bottom = height - top
    for inches in heights:
        bottom -= inches
        # A panel that has a legend of its own, above it, is lower.
        own = inches - LINE if panels and inches > PANEL else inches
        box = LEFT / WIDTH, bottom / height, 1 - (LEFT + RIGHT) / WIDTH, own / height
        axes = drawn.add_axes(box, sharex=panels[0] if panels else None)
        axes.grid(alpha=0.25)
        axes.ticklabel_format(useOffset=False)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelbottom=False)
        panels.append(axes)
        bottom -= GAP
    panels[-1].tick_params(labelbottom=True)
    panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    drawn.align_ylabels()
    return drawn, panels


def _draw_loss(axes: Axes, run: Run, is_alone: bool) -> None:
    light = {"color": SKY} if is_alone else {"color": run.colour, "alpha": 0.4}
    axes.plot(*_points(metrics.stretches(run.rows)), lw=1, **light)
    axes.plot(*_points(_losses(run.rows)), **_line(run, OF_EPOCHS, is_alone))
    axes.plot(*_points(_validation_losses(run.rows)), **_line(run, OF_VALIDATION, is_alone))


def _draw_scores(axes: Axes, runs: Sequence[Run], tests: Sequence[str]) -> Entries:
    """Of a single run, each test set has its colour and mark; of several, its dashes.

    Returns: the entries of the legend.
    """
    entries = []
    for i, test in enumerate(tests):
        line: dict[str, Any] = {"ls": DASHES[i % len(DASHES)], "ms": 5}
        for run in runs:
            line |= {"color": run.colour, "marker": run.mark}
            if len(runs) == 1:
                line |= {"color": COLOURS[i % len(COLOURS)], "marker": MARKS[i % len(MARKS)]}
            points = [(row.epoch, row.scores[test]) for row in run.rows if test in row.scores]
            axes.plot(*_points(points), markevery=_every(points), **line)
        if len(runs) > 1:
            line |= {"color": GREY, "marker": ""}
        entries.append((looks.cut(test, LONGEST_NAME), line))
    axes.set_ylabel("scores")
    axes.margins(y=0.15)
    return entries


def _line(run: Run, role: str, is_alone: bool) -> dict[str, Any]:
    """How a line of a run looks, for Matplotlib."""
    colour, mark = run.colour, run.mark
    if role == OF_EPOCHS:
        points = _losses(run.rows)
        return {"color": colour, "marker": mark, "ms": 5, "lw": 1.8, "markevery": _every(points)}
    if is_alone:
        colour, mark = ORANGE, "s"
    every = _every(_validation_losses(run.rows))
    dashed = {"ls": "--", "marker": mark, "ms": 6, "mfc": "white", "lw": 1.4}
    return {"color": colour, "markevery": every, **dashed}


def _roles(runs: Sequence[Run]) -> Entries:
    """The entries of the legend that tell what the lines are; of a single run, its last losses."""
    is_alone = len(runs) == 1
    run = runs[0] if is_alone else Run("", [], GREY, "o")
    light = {"color": SKY} if is_alone else {"color": GREY, "alpha": 0.4}
    entries: Entries = [(OF_STRETCHES, {"lw": 1, **light})]
    for role, points_of in ((OF_EPOCHS, _losses), (OF_VALIDATION, _validation_losses)):
        if points := [point for each in runs for point in points_of(each.rows)]:
            label = f"{role}, last {points[-1][1]:.4f}" if is_alone else role
            entries.append((label, _line(run, role, is_alone)))
    return entries


def _names(runs: Sequence[Run]) -> tuple[Entries, int]:
    """The entries of the legend that name several runs, and in how many columns they stand."""
    if len(runs) == 1:
        return [], 1
    entries = [(looks.cut(run.name, LONGEST_NAME), _line(run, OF_EPOCHS, False)) for run in runs]
    widest = max(len(name) for name, _ in entries) * LETTER + 0.6
    return entries, max(1, min(3, int((WIDTH - LEFT) / widest)))


def _legend(
    axes: Axes,
    entries: Entries,
    families: Sequence[str],
    n_columns: int | None = None,
    lines_below: int = 0,
) -> Legend:
    """A legend above a panel, where no line can be."""
    height = axes.get_window_extent().height / axes.figure.dpi
    place = 0, 1 + lines_below * LINE / height
    where = {"loc": "lower left", "bbox_to_anchor": place, "ncols": n_columns or len(entries)}
    return looks.legend(axes, entries, families, **where)


def _losses(rows: Sequence[Metrics]) -> list[tuple[float, float]]:
    """(middle, loss) of the epochs that are done; the last may be under way."""
    last = metrics.last_rows(rows)
    done = [row for row in last if row is not last[-1] or row.progress == row.epoch]
    return [(row.epoch - 0.5, _or_gap(row.loss)) for row in done]


def _validation_losses(rows: Sequence[Metrics]) -> list[tuple[float, float]]:
    measured = ((row.epoch, row.validation_loss) for row in rows)
    return [(epoch, _or_gap(loss)) for epoch, loss in measured if loss is not None]


def _or_gap(loss: float) -> float:
    """NaN, where Matplotlib leaves a gap, for a loss that is not finite."""
    return loss if math.isfinite(loss) else math.nan


def _points(pairs: Any) -> tuple[list[float], list[float]]:
    """xs, ys of (x, y) pairs."""
    pairs = list(pairs)
    return [x for x, _ in pairs], [y for _, y in pairs]


def _every(points: Sequence[Any]) -> int:
    """Which of the points have a mark: each, every second, …"""
    return math.ceil(len(points) / MOST_MARKS) or 1

"""The picture of the loss: of one run, or of several beside each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from w2v.errors import W2VError, shown
from w2v.storage import metrics
from w2v.storage.metrics import Metrics

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

# In inches, but for the dots in one of them. They are fixed, so that a picture that is drawn again
# and again stands still; and it takes half the time of a layout that Matplotlib computes.
WIDTH, DOTS = 6.4, 125
LEFT, RIGHT, BOTTOM, GAP = 0.85, 0.1, 0.52, 0.15
LOSS, PANEL = 3.2, 0.95  # heights: of the loss, and of each panel below it
LINE, LETTER = 0.2, 0.085  # of a legend

# Okabe and Ito's colours, which the colour-blind tell apart, but for yellow, too light for a line.
# Marks and dashes tell without colour what is what.
BLUE, ORANGE, BLACK, PURPLE, GREEN = "#0072B2", "#D55E00", "#000000", "#CC79A7", "#009E73"
SKY, GREY = "#56B4E9", "#666666"
COLOURS = (BLUE, ORANGE, BLACK, PURPLE, GREEN)
MARKS = ("o", "^", "D", "v", "P", "X", "*")
DASHES = ("-", "--", ":", "-.")
MOST_MARKS = 20  # on a line
LONGEST_NAME = 60  # letters, in the legend
OF_STRETCHES, OF_EPOCHS, OF_VALIDATION = "training", "epoch mean", "validation"


class Run(NamedTuple):
    """A run in the picture: its name in the legend, what was measured, and its looks."""

    name: str
    rows: list[Metrics]
    colour: str
    mark: str


def figure(runs: Sequence[tuple[str, str]]) -> Figure:
    """The loss against the epochs; below it the learning rate, and the scores where there are any.

    A light line is the loss of each stretch between two rows of metrics.csv; a mark is the mean of
    a whole epoch, in its middle. Validation loss and scores stand where they are measured, at its
    end.

    Args:
        runs: (name, path of a metrics.csv) of each; the name of a single one is not shown.
    Raises:
        W2VError: a metrics.csv is damaged, or holds no loss.
    """
    shown_runs = [
        Run(name, _read(path), COLOURS[i % len(COLOURS)], MARKS[i % len(MARKS)])
        for i, (name, path) in enumerate(runs)
    ]
    tests = list(dict.fromkeys(test for run in shown_runs for row in run.rows for test in row.scores))
    names, n_columns = _names(shown_runs)
    lines = math.ceil(len(names) / n_columns)  # none, of a single run
    heights = [LOSS, *[PANEL + LINE] * bool(tests), PANEL]
    drawn, panels = _panels(heights, (1 + lines) * LINE + 0.1)
    loss, rate = panels[0], panels[-1]
    for run in shown_runs:
        _draw_loss(loss, run, is_alone=len(runs) == 1)
        rate.plot(*_points((row.progress, row.lr) for row in run.rows), color=run.colour, lw=1.5)
    if names:
        loss.add_artist(_legend(loss, names, n_columns))
    _legend(loss, _roles(shown_runs), lines_below=lines)
    loss.set_ylabel("loss (nats per center)")
    if tests:
        _draw_scores(panels[1], shown_runs, tests)
    rate.set_ylabel("learning rate")
    rate.set_ylim(bottom=0)
    rate.set_xlabel("epochs")
    rate.set_xlim(0, 1.02 * math.ceil(max(run.rows[-1].progress for run in shown_runs)))
    return drawn


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


def _draw_scores(axes: Axes, runs: Sequence[Run], tests: Sequence[str]) -> None:
    """Of a single run, each test set has its colour and mark; of several, its dashes."""
    entries = []
    for i, test in enumerate(tests):
        looks: dict[str, Any] = {"ls": DASHES[i % len(DASHES)], "color": GREY, "label": _cut(test)}
        for run in runs:
            looks |= {"color": run.colour, "marker": run.mark}
            if len(runs) == 1:
                looks |= {"color": COLOURS[i % len(COLOURS)], "marker": MARKS[i % len(MARKS)]}
            points = [(row.epoch, row.scores[test]) for row in run.rows if test in row.scores]
            axes.plot(*_points(points), ms=5, markevery=_every(points), **looks)
        if len(runs) > 1:
            looks |= {"color": GREY, "marker": ""}
        entries.append(_entry(**looks))
    axes.set_ylabel("scores")
    axes.margins(y=0.15)
    _legend(axes, entries)


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


def _roles(runs: Sequence[Run]) -> list[Line2D]:
    """The entries of the legend that tell what the lines are; of a single run, its last losses."""
    is_alone = len(runs) == 1
    run = runs[0] if is_alone else Run("", [], GREY, "o")
    light = {"color": SKY} if is_alone else {"color": GREY, "alpha": 0.4}
    entries = [_entry(label=OF_STRETCHES, lw=1, **light)]
    for role, points_of in ((OF_EPOCHS, _losses), (OF_VALIDATION, _validation_losses)):
        if points := [point for each in runs for point in points_of(each.rows)]:
            label = f"{role}, last {points[-1][1]:.4f}" if is_alone else role
            entries.append(_entry(label=label, **_line(run, role, is_alone)))
    return entries


def _names(runs: Sequence[Run]) -> tuple[list[Line2D], int]:
    """The entries of the legend that name several runs, and in how many columns they stand."""
    if len(runs) == 1:
        return [], 1
    names = [_cut(run.name) for run in runs]
    widest = max(map(len, names)) * LETTER + 0.6
    looks = zip(names, runs, strict=True)
    entries = [_entry(label=name, **_line(run, OF_EPOCHS, False)) for name, run in looks]
    return entries, max(1, min(3, int((WIDTH - LEFT) / widest)))


def _entry(**looks: Any) -> Line2D:
    from matplotlib.lines import Line2D

    return Line2D([], [], **looks)


def _legend(
    axes: Axes, entries: list[Line2D], n_columns: int | None = None, lines_below: int = 0
) -> Any:
    """A legend above a panel, where no line can be."""
    height = axes.get_position().height * axes.figure.get_size_inches()[1]
    return axes.legend(
        handles=entries,
        ncols=n_columns or len(entries),
        loc="lower left",
        bbox_to_anchor=(0, 1 + lines_below * LINE / height),
        frameon=False,
        fontsize=9,
        borderpad=0.1,
        borderaxespad=0.2,
        columnspacing=1.4,
        handlelength=2.4,
    )


def _losses(rows: Sequence[Metrics]) -> list[tuple[float, float]]:
    """(middle, loss) of the epochs that are done; the last may be under way."""
    last = metrics.last_rows(rows)
    done = [row for row in last if row is not last[-1] or row.progress == row.epoch]
    return [(row.epoch - 0.5, row.loss) for row in done if math.isfinite(row.loss)]


def _validation_losses(rows: Sequence[Metrics]) -> list[tuple[float, float]]:
    measured = ((row.epoch, row.validation_loss) for row in rows)
    return [(epoch, loss) for epoch, loss in measured if loss is not None and math.isfinite(loss)]


def _points(pairs: Any) -> tuple[list[float], list[float]]:
    """xs, ys of (x, y) pairs."""
    pairs = list(pairs)
    return [x for x, _ in pairs], [y for _, y in pairs]


def _every(points: Sequence[Any]) -> int:
    """Which of the points have a mark: each, every second, …"""
    return math.ceil(len(points) / MOST_MARKS) or 1


def _cut(name: str) -> str:
    name = shown(name).replace("$", r"\$")  # no formula
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"

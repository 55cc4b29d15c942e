"""What the picture of the loss shows: taken from Matplotlib's own lines, texts and boxes."""

import dataclasses
import math

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from w2v.errors import W2VError
from w2v.pictures import curves, loss
from w2v.storage import layout
from w2v.storage.metrics import Metrics, read_csv, stretches, write_csv

# Two epochs of 400 centers. After 100 centers the mean is 0.6, after 400 it is 0.45: so that of the
# 300 between them is (0.45 · 400 - 0.6 · 100) / 300 = 0.4. In the second: 0.4, then
# (0.35 · 400 - 0.4 · 200) / 200 = 0.3.
ROWS = [
    Metrics(1, 1, 0.6, 0.3, 100.0, 1.0, 0.25),
    Metrics(1, 4, 0.45, 0.2, 200.0, 2.0, 1.0, 0.5, {"pairs": 0.1}),
    Metrics(2, 2, 0.4, 0.1, 50.0, 6.0, 1.5),
    Metrics(2, 4, 0.35, 0.0, 50.0, 10.0, 2.0, 0.55, {"pairs": 0.3}),
]
STRETCHES = [(0.125, 0.6), (0.625, 0.4), (1.25, 0.4), (1.75, 0.3)]


def test_stretches_are_what_lies_between_the_rows():
    assert [pytest.approx(pair) for pair in stretches(ROWS)] == STRETCHES


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_no_number_is_a_gap_between_stretches(bad, draw):
    rows = [ROWS[0], *ROWS[2:]]
    rows.insert(1, Metrics(1, 2, bad, 0.2, 150.0, 1.5, 0.5))
    rows.insert(2, ROWS[1])
    gap = [STRETCHES[0], (0.5, math.nan), *STRETCHES[1:]]
    assert [pytest.approx(pair, nan_ok=True) for pair in stretches(rows)] == gap
    above, *_ = draw({"a": rows}, ["has 1 row without a finite loss: a gap"]).axes
    assert np.isnan(above.get_lines()[0].get_ydata()).tolist() == [False, True, False, False, False]
    rows[2] = dataclasses.replace(rows[2], loss=bad)  # and of an epoch's mean
    above, *_ = draw({"a": rows}, ["has 2 rows without a finite loss: a gap"]).axes
    assert np.isnan(above.get_lines()[1].get_ydata()).tolist() == [True, False]


def test_metrics_are_read_as_they_were_written(tmp_path):
    write_csv(ROWS, tmp_path / "metrics.csv")
    assert read_csv(tmp_path / "metrics.csv") == ROWS


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (b"epoch,", b"epcoh,", "it has no column epoch"),
        (b"0.45,", b"x,", "line 3 has 'x' where a number belongs"),
        (b"0.45,", b",", "line 3 has no loss"),
        (b"\n1,4,", b"\n1,inf,", "line 3 has the batch inf"),
        (b"\n2,4,", b"\n7,4,", "line 5 has epoch 7 and progress 2"),
        (b"0.45", b"\xff", "codec can't decode byte 0xff"),
        (b"0.45,", b"0.45,1,2,3,4,5,", "line 3 has"),
        (b"0.45,0.2,200.0,2.0,1.0,0.5,0.1", b"0.45", "line 3 has no lr"),
    ],
)
def test_damaged_metrics_are_refused_with_their_line(old, new, what, tmp_path):
    write_csv(ROWS, tmp_path / "metrics.csv")
    content = (tmp_path / "metrics.csv").read_bytes()
    assert old in content
    (tmp_path / "metrics.csv").write_bytes(content.replace(old, new, 1))
    with pytest.raises(W2VError, match=rf"metrics\.csv is damaged: .*{what}"):
        read_csv(tmp_path / "metrics.csv")


@pytest.fixture
def draw(tmp_path):
    """Draws {name: rows}; gives the figure, rendered."""

    def draw(runs, expected=()):
        for name, rows in runs.items():
            write_csv(rows, tmp_path / f"{name}.csv")
        figure, remarks = loss.figure([(name, str(tmp_path / f"{name}.csv")) for name in runs])
        assert [remark.split(".csv ")[1] for remark in remarks] == list(expected)
        figure.canvas.draw()
        return figure

    return draw


def lines(axes):
    """The points of each line."""
    return [line.get_xydata().tolist() for line in axes.get_lines()]


def legends(axes):
    return [legend for legend in axes.get_children() if type(legend).__name__ == "Legend"]


def labels(axes):
    return [text.get_text() for legend in legends(axes) for text in legend.get_texts()]


def test_picture_shows_stretches_epochs_validation_scores_and_rate(draw):
    above, scores, rate = draw({"a": ROWS}).axes
    light, epochs, validation = lines(above)
    assert [pytest.approx(pair) for pair in light] == [list(pair) for pair in STRETCHES]
    assert epochs == [[0.5, 0.45], [1.5, 0.35]]  # a mean stands in the middle of what it is of
    assert validation == [[1, 0.5], [2, 0.55]]
    assert lines(scores) == [[[1, 0.1], [2, 0.3]]]
    assert lines(rate) == [[[0.25, 0.3], [1.0, 0.2], [1.5, 0.1], [2.0, 0.0]]]
    assert labels(above) == ["training", "epoch mean, last 0.3500", "validation, last 0.5500"]
    assert labels(scores) == ["pairs"]


def test_epoch_under_way_has_no_mean_yet(draw):
    above, *_ = draw({"a": ROWS[:3]}).axes
    assert lines(above)[1] == [[0.5, 0.45]]
    above, *_ = draw({"a": ROWS[:1]}).axes
    assert lines(above)[1] == []
    assert labels(above) == ["training"]


def many(n_epochs, name="pairs"):
    return [
        Metrics(n, 1, 0.5 - n / 1e4, 0.1, 1.0, float(n), float(n), 0.5, {name: 0.1})
        for n in range(1, n_epochs + 1)
    ]


CASES = {
    "alone": {"a": ROWS},
    "one epoch": {"a": ROWS[:2]},
    "no validation": {"a": [Metrics(1, 1, 0.6, 0.3, 1.0, 1.0, 1.0)]},
    "NaN": {"a": [Metrics(1, 1, math.nan, 0.3, 1.0, 1.0, 0.5), *ROWS[1:]]},
    "300 epochs": {"a": many(300)},
    "several": {"window 2": ROWS, "epochs 30": many(30), "x" * 70: many(3, "other")},
    "nine": {f"window {n}, negative {n}": many(n) for n in range(1, 10)},
    "formulas": {"$x^$": many(2, "_$y^"), "_": ROWS},
}


@pytest.mark.parametrize("case", CASES)
def test_nothing_covers_a_line_or_leaves_the_picture(case, draw):
    gap = ["has 1 row without a finite loss: a gap"] if case == "NaN" else []
    figure = draw(CASES[case], gap)
    renderer = figure.canvas.get_renderer()
    frame = figure.bbox
    for axes in figure.axes:  # with all that belongs to them
        box = axes.get_tightbbox(renderer)
        assert frame.x0 <= box.x0 < box.x1 <= frame.x1
        assert frame.y0 <= box.y0 < box.y1 <= frame.y1
    boxes = [legend.get_window_extent(renderer) for axes in figure.axes for legend in legends(axes)]
    for number, box in enumerate(boxes):
        assert not any(box.overlaps(axes.get_window_extent()) for axes in figure.axes)
        assert not any(box.overlaps(other) for other in boxes[:number])


def luminance(colour):
    return sum(w * x for w, x in zip((0.299, 0.587, 0.114), to_rgb(colour), strict=True))


def test_runs_and_roles_differ_without_colour(draw):
    above, *_ = draw({f"window {n}": many(3) for n in range(7)}).axes
    drawn = [line for line in above.get_lines() if line.get_marker() not in ("", "None")]
    looks = [
        (line.get_marker(), line.get_linestyle(), line.get_markerfacecolor()) for line in drawn
    ]
    assert len(set(looks)) == len(looks) == 14
    assert all(luminance(line.get_color()) < 0.7 for line in above.get_lines())  # on white


def test_metrics_without_a_loss_are_told(draw):
    for rows in ([], [Metrics(1, 1, math.nan, 0.3, 1.0, 1.0, 0.5)]):
        with pytest.raises(W2VError, match=r"a\.csv holds no loss yet"):
            draw({"a": rows})


def test_legend_names_only_what_differs(tmp_path):
    shared = '"epochs": 5, "workers": {}, "out": "{}", "lr": {}'
    for name, workers, lr in (("a", 1, "0.5"), ("b", 2, "1.25"), ("c", 1, "1.25")):
        (tmp_path / name).mkdir()
        about = (
            f'{{"settings": {{{shared.format(workers, name, lr)}}}, "corpus": {{"name": "ptb"}}}}'
        )
        (tmp_path / name / layout.CONFIG).write_text(about)
    runs = [tmp_path / name for name in "abc"]
    assert curves.names(runs[:2]) == ["lr 0.5", "lr 1.25"]
    assert curves.names(runs[1:]) == [str(run) for run in runs[1:]]
    assert curves.names(runs) == ["lr 0.5", str(runs[1]), str(runs[2])]  # most have 1.25
    text = (tmp_path / "a" / layout.CONFIG).read_text()
    for name in "de":
        (tmp_path / name).mkdir()
        (tmp_path / name / layout.CONFIG).write_text(text)
    four = [tmp_path / name for name in "abde"]
    assert curves.names(four)[1] == "lr 1.25"
    (tmp_path / "d" / layout.CONFIG).write_text(text.replace("0.5", "2"))
    (tmp_path / "e" / layout.CONFIG).write_text(text.replace("0.5", "2"))
    assert curves.names(four) == ["lr 0.5", "lr 1.25", f"{four[2]}: lr 2", f"{four[3]}: lr 2"]
    (tmp_path / "under way").mkdir()
    assert curves.names([runs[0], tmp_path / "under way"]) == [
        "epochs 5, lr 0.5, corpus ptb",
        str(tmp_path / "under way"),
    ]
    long = "x" * loss.LONGEST_NAME  # in the legend the two are cut to the same
    for name in "de":
        what = text.replace('"ptb"', f'"{long}{name}"').replace("0.5", "2")
        (tmp_path / name / layout.CONFIG).write_text(what)
    assert curves.names([runs[0], *four[2:]])[1:] == [
        f"{run}: corpus {long}{run.name}" for run in four[2:]
    ]
    text = (tmp_path / "b" / layout.CONFIG).read_text()
    (tmp_path / "b" / layout.CONFIG).write_text(text.replace("ptb", "reviews"))
    assert curves.names(runs[:2]) == ["lr 0.5, corpus ptb", "lr 1.25, corpus reviews"]

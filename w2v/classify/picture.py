"""The confusion matrix as a picture, drawn by a process of its own; see training/plots."""

import json
import os
import subprocess
import sys
from pathlib import Path

from w2v import processes
from w2v.classify.scores import Scores
from w2v.errors import W2VError
from w2v.training.plots import ENOUGH, SETTINGS


def draw(scores: Scores, path: Path) -> None:
    """Draw the confusion matrix as a PNG file. Raises: W2VError: it cannot be drawn, and why."""
    asked = [scores.labels, scores.confusion.tolist(), scores.macro_f1, str(path.absolute())]
    try:
        process = processes.start(
            __name__,
            folder=os.path.dirname(__file__),  # where nobody has a matplotlibrc
            settings=SETTINGS,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            _, said = process.communicate(json.dumps(asked).encode(), timeout=ENOUGH)
        finally:
            process.kill()
            process.wait()
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise W2VError(f"cannot draw {path.name}: {error}") from error
    if process.returncode:
        lines = said.decode(errors="backslashreplace").strip().split("\n")
        raise W2VError(f"cannot draw {path.name}: {lines[-1] or process.returncode}")


def main() -> None:
    """The process: draws what it is asked for on stdin."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    labels, confusion, macro_f1, path = json.load(sys.stdin)
    n_labels = len(labels)
    side = min(max(3.6, 0.55 * n_labels + 2), 30)  # inches
    figure = Figure(figsize=(side + 0.6, side), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    shares = [[count / max(sum(row), 1) for count in row] for row in confusion]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i, row in enumerate(confusion):
        for j, count in enumerate(row):
            color = "white" if shares[i][j] > 0.6 else "black"
            axes.text(j, i, count, ha="center", va="center", color=color, parse_math=False)
    axes.set_xticks(range(n_labels), labels, rotation=45 if n_labels > 4 else 0, parse_math=False)
    axes.set_yticks(range(n_labels), labels, parse_math=False)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_title(f"macro-F1 {macro_f1:.3f}; shade: share of the row", fontsize="medium")
    figure.savefig(path, format="png")

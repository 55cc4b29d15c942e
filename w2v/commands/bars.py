"""Answers as people see them at a terminal: neighbours with a bar for each cosine."""

import sys
from typing import Any

from w2v.commands.questions import as_lines

WIDTH = 10  # letters, of a cosine of 1
BLOCKS = "▏▎▍▌▋▊▉█"  # an eighth, two, …


def lines_with_bars(answer: dict[str, Any]) -> list[str]:
    """The lines that show an answer; the words stand below each other, whatever their script."""
    if "neighbours" not in answer:
        return as_lines(answer)
    return [
        f"{near['cosine']:6.3f} {_bar(near['cosine']):{WIDTH}} {near['word']}"
        for near in answer["neighbours"]
    ]


def _bar(cosine: float) -> str:
    """_bar(0.75) == "███████▌"; nothing for a cosine that is not positive."""
    whole, eighths = divmod(round(max(0.0, cosine) * WIDTH * len(BLOCKS)), len(BLOCKS))
    bar = whole * BLOCKS[-1] + (BLOCKS[eighths - 1] if eighths else "")
    try:
        bar.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return round(max(0.0, cosine) * WIDTH) * "="
    return bar

"""The program that draws: it imports Matplotlib at once, and then does what it is asked to."""

import gc
import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

from w2v.errors import W2VError
from w2v.pictures import confusion, loss, word_map
from w2v.pictures.drawing import REMARK

PICTURES: dict[str, Callable[..., Any]] = {
    "loss": loss.figure,
    "map": word_map.figure,
    "confusion": confusion.figure,
}
SEED_OF_IDS = "w2v"  # of an SVG file's: the same picture has the same bytes
READ = 2**16  # bytes at a time, of what is asked


def main() -> None:
    """Draw what lines on stdin ask for, see `drawing.order`, until they end.

    Of several lines that are there at once, only the newest counts. The status is that of the last
    picture; what went wrong is on stderr.
    """
    import matplotlib.backends.backend_agg
    import matplotlib.figure
    import matplotlib.ticker

    gc.freeze()  # what was imported stays: to look through it for garbage takes a while, at the end
    matplotlib.rcParams["svg.hashsalt"] = SEED_OF_IDS
    status, asked = 0, b""
    while said := os.read(sys.stdin.fileno(), READ):
        asked += said
        if asked.endswith(b"\n"):
            status = _drawn(asked.strip().rpartition(b"\n")[2])
            asked = b""
    sys.exit(status)


def _drawn(line: bytes) -> int:
    try:
        picture, what, form, staging, target = json.loads(line)
        drawn, remarks = PICTURES[picture](**what)
        # No date in it: the same picture has the same bytes.
        dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
        drawn.savefig(staging, format=form, metadata=dates.get(form))
        os.replace(staging, target)
        for remark in remarks:
            sys.stderr.write(f"{REMARK}{remark}\n")
    except W2VError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except Exception:
        traceback.print_exc()
        return 1
    return 0

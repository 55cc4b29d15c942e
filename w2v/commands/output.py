"""Whatever a command prints: every line passes here, so none can harm a terminal or a log."""

import codecs
import json
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from w2v.errors import W2VError, escaped, shown


def tell(line: object = "", to_errors: bool = False) -> None:
    """Print a line for people, on stdout or on stderr, wherever these go."""
    stream = sys.stderr if to_errors else sys.stdout
    if stream is not None:  # closed before we began; print would take stdout for it
        print(shown(line), file=stream, flush=True)


def check_open() -> None:
    """Raises: W2VError: stdout was closed before we began, so an answer would go nowhere."""
    if sys.__stdout__ is None:
        raise W2VError("the standard output is closed; the answer needs one, such as a file")


def answer(lines: Iterable[str]) -> None:
    """Print lines that a program may read: as they are, but for a terminal as `tell` does."""
    printed = map(shown, lines) if _is_terminal(sys.stdout) else lines
    print("\n".join(printed), flush=True)


def answer_json(value: Any) -> None:
    """Print one JSON object in a line; in UTF-8 where stdout has it, never cut."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    is_ascii = codecs.lookup(encoding).name != "utf-8"
    line = json.dumps(value, ensure_ascii=is_ascii, allow_nan=False)
    print(escaped(line) if _is_terminal(sys.stdout) else line, flush=True)


def is_seen() -> bool:
    """Whether what is printed on stdout goes to a terminal."""
    return _is_terminal(sys.stdout)


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()

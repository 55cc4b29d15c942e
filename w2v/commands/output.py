"""Whatever a command prints: every line passes here, so none can harm a terminal or a log.

Words, file names and a server's text come from outside. They may hold what clears a screen, names a
window or turns the direction of writing, and a word may be a megabyte long.
"""

import codecs
import json
import sys
from collections.abc import Iterable
from typing import Any, TextIO

LONGEST = 1000  # characters shown of a line, twelve lines of a terminal
_JOINERS = "\u200c\u200d"  # invisible, but part of the spelling of Persian, Hindi and emoji


def shown(text: object) -> str:
    """Text from outside as one line that is safe to look at: escaped, and cut in the middle.

    What does not print, line ends and marks of direction too, is escaped as JSON does it.

    shown("a\\x1b[2Jb") == r"a\\u001b[2Jb"
    """
    line = str(text)
    if len(line) > LONGEST:
        first, last = line[: LONGEST // 2], line[-LONGEST // 2 :]
        line = f"{first} … {len(line) - LONGEST:,} characters … {last}"
    return _escaped(line)


def tell(line: object = "", to_errors: bool = False) -> None:
    """Print a line for people, on stdout or on stderr, wherever these go."""
    stream = sys.stderr if to_errors else sys.stdout
    if stream is not None:  # closed before we began; print would take stdout for it
        print(shown(line), file=stream, flush=True)


def answer(lines: Iterable[str]) -> None:
    """Print lines that a program may read: as they are, but for a terminal as `tell` does."""
    printed = map(shown, lines) if _is_terminal(sys.stdout) else lines
    print("\n".join(printed), flush=True)


def answer_json(value: Any) -> None:
    """Print one JSON object in a line; in UTF-8 where stdout has it, never cut."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    is_ascii = codecs.lookup(encoding).name != "utf-8"
    line = json.dumps(value, ensure_ascii=is_ascii, allow_nan=False)
    print(_escaped(line) if _is_terminal(sys.stdout) else line, flush=True)


def _escaped(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(
        char if char.isprintable() or char in _JOINERS else json.dumps(char)[1:-1] for char in line
    )


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()

"""What users see when something is wrong: one line that says what to do, and does no harm."""

import json
import os

LONGEST = 1000  # characters shown of a line, twelve lines of a terminal
_END = 480  # of a longer one, at each end
_JOINERS = "\u200c\u200d"  # invisible, but part of the spelling of Persian, Hindi and emoji


def shown(text: object) -> str:
    """Text from outside as one line that is safe to look at: escaped, and cut in the middle.

    Words, file names and a server's text may hold what clears a screen, names a window or turns the
    direction of writing, and be a megabyte long. What does not print, line ends and marks of
    direction too, is escaped as JSON does it. What is shown already stays as it is.

    shown("a\\x1b[2Jb") == r"a\\u001b[2Jb"
    """
    line = str(text)
    start, end = escaped(line[:LONGEST]), escaped(line[-LONGEST:])
    if max(len(line), len(start)) <= LONGEST:
        return start
    return f"{start[:_END]} … of {len(line):,} characters … {end[-_END:]}"


def escaped(line: str) -> str:
    """The line without what does not print."""
    if line.isprintable():
        return line
    return "".join(
        char if char.isprintable() or char in _JOINERS else json.dumps(char)[1:-1] for char in line
    )


def counted(n: int, what: str) -> str:
    """How many, for people: 1 → "1 text", 2000 → "2,000 texts"."""
    return f"{n:,} {what}{'s' * (n != 1)}"


class W2VError(Exception):
    """A failure that the user can act on; its message is one line and says what to do."""

    def __str__(self) -> str:  # tracebacks and logs show it
        return shown(" ".join(super().__str__().splitlines()))


class UsageError(W2VError, ValueError):
    """A setting that is not allowed; the command line exits with 2."""


class Interrupted(KeyboardInterrupt):
    """Training stopped on a signal, after saving its state.

    signal: its number.
    """

    def __init__(self, message: str, number: int) -> None:
        super().__init__(shown(message))
        self.signal = number


def damaged(path: str | os.PathLike[str], what: str | Exception) -> W2VError:
    """The error for a file whose content is not what it should be."""
    return W2VError(f"{path} is damaged: {what}")

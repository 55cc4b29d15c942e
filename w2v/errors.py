"""What users see when something is wrong: one line that says what to do."""

import os


class W2VError(Exception):
    """A failure that the user can act on; its message is one line and says what to do."""


class UsageError(W2VError, ValueError):
    """A setting that is not allowed; the command line exits with 2."""


class Interrupted(KeyboardInterrupt):
    """Training stopped on a signal, after saving its state.

    signal: its number.
    """

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.signal = number


def damaged(path: str | os.PathLike[str], what: str | Exception) -> W2VError:
    """The error for a file whose content is not what it should be."""
    return W2VError(f"{path} is damaged: {what}")

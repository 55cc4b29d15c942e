"""What all commands share: one-line errors, exit statuses, a quiet end when a pipe is closed."""

import argparse
import difflib
import io
import os
import re
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from w2v.commands import output
from w2v.errors import Interrupted, UsageError, W2VError

OK, FAILURE, USAGE, INTERRUPTED = 0, 1, 2, 130  # 130 = 128 + SIGINT, as shells have it


class Parser(argparse.ArgumentParser):
    """An argparse parser whose usage errors are one line, and whose flags are never abbreviated."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        say(message + self._hint(message))
        self.exit(USAGE)

    def _hint(self, message: str) -> str:
        """For a flag that is unknown, such as -minus: the one that is spelled like it."""
        unknown = re.match("unrecognized arguments: (-[^ =]*)", message)
        if unknown is None:
            return ""
        spelled = "--" + unknown[1].lstrip("-")
        if near := difflib.get_close_matches(spelled, self._option_string_actions, 1):
            return f"; did you mean {near[0]}?"
        takes_words = bool(self._get_positional_actions())
        return "; what begins with - and is no flag goes after --" if takes_words else ""


def say(error: object) -> None:
    """Print one line, `error: …`, on stderr."""
    output.tell("error: " + " ".join(str(error).splitlines()), to_errors=True)


def run(main: Callable[[], int | None], unread: int = OK) -> int:
    """Call `main()` and turn whatever users may meet into an exit status, without a traceback.

    Args:
        main: takes nothing; returns an exit status, or None for success.
        unread: the status when the reader of our output has gone away (`| head`).
    Returns:
        That status; 2 for a UsageError and 1 for any other W2VError, after its one line on stderr;
        130 when interrupted (143 by SIGTERM); `unread` when nobody reads our output any more.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None where it was closed before we began
            stream.reconfigure(errors="backslashreplace")  # words that the terminal cannot show
    try:
        try:
            return main() or OK
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()
        return unread
    except Interrupted as stopped:
        output.tell(stopped, to_errors=True)
        return 128 + stopped.signal
    except KeyboardInterrupt:
        return INTERRUPTED
    except MemoryError as error:
        say(
            f"out of memory ({error}); train with a lower --vector-size or --batch-size, "
            "or read fewer words with --limit"
        )
        return FAILURE
    except W2VError as error:
        say(error)
        return USAGE if isinstance(error, UsageError) else FAILURE
    except OSError as error:  # such as a full disk below stdout
        _discard_output()
        say(": ".join(filter(None, (error.filename, error.strerror))) or error)
        return FAILURE


def _discard_output() -> None:
    """Drop what is still to be printed, or Python would complain about it on exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, AttributeError):
            if stream is not None:
                os.dup2(nowhere, stream.fileno())
    os.close(nowhere)

"""What all commands share: one-line errors, exit statuses, a quiet end when a pipe is closed."""

import argparse
import contextlib
import difflib
import io
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from w2v.commands import output
from w2v.errors import Interrupted, UsageError, W2VError

OK, FAILURE, USAGE = 0, 1, 2
INTERRUPTED, UNREAD = 130, 141  # 128 + SIGINT and 128 + SIGPIPE, as shells have it


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


def run(main: Callable[[], int | None]) -> int:
    """Call `main()` and turn whatever users may meet into an exit status, without a traceback.

    Args:
        main: takes nothing; returns an exit status, or None for success.
    Returns:
        That status; 2 for a UsageError and 1 for any other W2VError, after its one line on stderr;
        130 when interrupted (143 by SIGTERM); 141, in silence, when nobody reads our output any
        more (`| head`), as of a program that SIGPIPE ends.
    """
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # words that the terminal cannot show
    try:
        with _hearing_interrupts():
            try:
                return main() or OK
            finally:
                sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()
        return UNREAD
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


def _open_closed_streams() -> None:
    """Have the null device where a standard stream was closed before we began (`2>&-`).

    Otherwise the next file that is opened, a run's even, would get that stream's number, and all
    that libraries print there.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            handle = os.open(os.devnull, os.O_RDWR)
            if handle != number:
                os.dup2(handle, number)
                os.close(handle)
        if mode == "w" and getattr(sys, name) is None:  # w2v query says that its input is closed
            stream = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)


@contextlib.contextmanager
def _hearing_interrupts() -> Iterator[None]:
    """`with _hearing_interrupts():` a Ctrl-C is a KeyboardInterrupt, also in the scripts.

    While those are imported, and while Python ends, it ends the process at once, in silence.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextlib.contextmanager
def dying_of_interrupts() -> Iterator[None]:
    """`with dying_of_interrupts():` import much; a Ctrl-C ends the process at once, in silence.

    Libraries that are being imported turn a KeyboardInterrupt into errors of theirs, or lose it.
    """
    is_main = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGINT)
    if not is_main or handler is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


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

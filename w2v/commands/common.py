"""What the scripts share: one-line errors, exit codes, and a quiet end when a pipe is closed."""

import argparse
import os
import sys

from w2v.errors import Interrupted, UsageError, W2VError

OK, FAILURE, USAGE, INTERRUPTED = 0, 1, 2, 130  # 130 = 128 + SIGINT, as shells have it


class Parser(argparse.ArgumentParser):
    """An argparse parser whose usage errors are one line, and whose flags are never abbreviated."""

    def __init__(self, **settings):
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message):
        say(message)
        self.exit(USAGE)


def say(error):
    """Print one line, `error: …`, on stderr."""
    print("error:", " ".join(str(error).splitlines()), file=sys.stderr)


def run(main, unread=OK):
    """Call `main()` and turn all that users may meet into an exit status, with no traceback.

    Args:
        main: takes nothing; returns an exit status, or None for success.
        unread: the status when whoever reads our output wants no more of it (`| head`).
    Returns:
        That status; 2 for a UsageError and 1 for any other W2VError, after its one line on stderr;
        130 when interrupted (143 by SIGTERM); `unread` when our output has no reader any more.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # closed before we began
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
        print(stopped, file=sys.stderr)
        return 128 + stopped.signal
    except KeyboardInterrupt:
        return INTERRUPTED
    except MemoryError as error:
        say(f"out of memory; lower --vector-size, --batch-size or --window ({error})")
        return FAILURE
    except W2VError as error:
        say(error)
        return USAGE if isinstance(error, UsageError) else FAILURE
    except OSError as error:  # the disk that stdout goes to is full, say
        _discard_output()
        say(": ".join(filter(None, (error.filename, error.strerror))) or error)
        return FAILURE


def _discard_output():
    """Let what is still to be printed vanish, or Python would complain of it as it exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, AttributeError):
            if stream is not None:
                os.dup2(nowhere, stream.fileno())
    os.close(nowhere)

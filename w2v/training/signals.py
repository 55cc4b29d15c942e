"""Ctrl-C, SIGTERM and SIGHUP: while training noted, and acted upon where that can stop."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from w2v.errors import Interrupted

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # the last is not on Windows


@contextlib.contextmanager
def raised() -> Iterator[None]:
    """`with raised():` SIGTERM and SIGHUP are an Interrupted, as Ctrl-C is a KeyboardInterrupt.

    So what is half done is cleared away; the system would end the process as it is.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        raise Interrupted(f"stopped by {name} before training began: nothing is written", number)

    is_main = threading.current_thread() is threading.main_thread()
    numbers = [getattr(signal, name) for name in NAMES[1:] if is_main and hasattr(signal, name)]
    ours = [number for number in numbers if signal.getsignal(number) == signal.SIG_DFL]
    try:
        for number in ours:
            signal.signal(number, stop)
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


@contextlib.contextmanager
def heard() -> Iterator[list[int]]:
    """`with heard() as signals:` the first signal is only put into that list; a second one acts.

    Only the main thread can hear signals: elsewhere the list stays empty.
    """
    signals: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield signals
        return
    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    handlers = {number: signal.getsignal(number) for number in numbers}
    untouched = (signal.SIG_IGN, None)  # `nohup … &` ignores; None was not set by Python
    before = {number: handlers[number] for number in numbers if handlers[number] not in untouched}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def hear(number: int, frame: FrameType | None) -> None:
        signals.append(number)
        restore()

    try:
        for number in before:
            signal.signal(number, hear)
        yield signals
    finally:
        restore()

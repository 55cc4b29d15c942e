"""Ctrl-C, SIGTERM and SIGHUP, heard but not obeyed until training stands at a place to stop."""

import contextlib
import signal
import threading

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # the last is not on Windows


@contextlib.contextmanager
def heard():
    """`with heard() as signals:` signals that arrive are put in that list; a second one is obeyed.

    Only the main thread can hear signals: elsewhere the list stays empty.
    """
    signals = []
    if threading.current_thread() is not threading.main_thread():
        yield signals
        return
    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    for number, handler in list(before.items()):
        if handler in (signal.SIG_IGN, None):  # `nohup … &` ignores; None is not Python's to touch
            del before[number]

    def restore():
        for number, handler in before.items():
            signal.signal(number, handler)

    def hear(number, frame):
        signals.append(number)
        restore()

    try:
        for number in before:
            signal.signal(number, hear)
        yield signals
    finally:
        restore()

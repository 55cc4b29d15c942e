"""Ctrl-C and SIGTERM, heard but not obeyed until training stands at a place to stop."""

import contextlib
import signal
import threading


class Interrupted(KeyboardInterrupt):
    """Training stopped on a signal, after saving its state.

    signal: its number.
    """

    def __init__(self, message, number):
        super().__init__(message)
        self.signal = number


@contextlib.contextmanager
def heard():
    """`with heard() as signals:` signals that arrive are put in that list; a second one is obeyed.

    Only the main thread can hear signals: elsewhere the list stays empty.
    """
    signals = []
    if threading.current_thread() is not threading.main_thread():
        yield signals
        return
    numbers = [signal.SIGINT, signal.SIGTERM]
    before = {number: signal.getsignal(number) for number in numbers}

    def hear(number, frame):
        signals.append(number)
        for each in numbers:
            signal.signal(each, before[each])

    try:
        for number in numbers:
            if before[number] != signal.SIG_IGN:  # `nohup … &` means that
                signal.signal(number, hear)
        yield signals
    finally:
        for number in numbers:
            signal.signal(number, before[number])

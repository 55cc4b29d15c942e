"""Train word vectors from a checkout, as `w2v train` does: `python train.py --epochs 5`."""

import signal
import sys

if __name__ == "__main__":
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a Ctrl-C while Python imports: no traceback
    from w2v.commands import train

    sys.exit(train.main("train.py"))

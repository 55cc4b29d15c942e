"""Ask word vectors from a checkout, as `w2v query` does: `python query.py chip -k 3`."""

import signal
import sys

if __name__ == "__main__":
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a Ctrl-C while Python imports: no traceback
    from w2v.commands import query

    sys.exit(query.main("query.py"))

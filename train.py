"""Train word vectors from a checkout, as `w2v train` does: `python train.py --epochs 5`."""

import sys

from w2v.commands import train

if __name__ == "__main__":
    sys.exit(train.main("train.py"))

"""Train word vectors: `python train.py --epochs 5`."""

import sys

from w2v import cli
from w2v.config import add_flags, from_recipe

EPILOG = "exit status: 0 trained; 1 a failure, such as no corpus; 2 wrong usage; 130 interrupted."


def main():
    return cli.run(_train, unread=cli.FAILURE)  # there is no run then


def _train():
    parser = cli.Parser(
        prog="train.py",
        description="Train word2vec vectors (skip-gram with negative sampling) on a text, "
        "by default the Penn Treebank.",
        epilog=EPILOG,
    )
    add_flags(parser)
    config = from_recipe(**vars(parser.parse_args()))

    from w2v.console import Console  # only now: --help need not wait for NumPy and Numba
    from w2v.trainer import train_run

    with Console() as console:
        run = train_run(config, console)
    console.report(run)


if __name__ == "__main__":
    sys.exit(main())

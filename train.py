"""Train word vectors: `python train.py --epochs 5`."""

import sys

from w2v.commands import common
from w2v.commands.flags import add_flags
from w2v.config import from_recipe

EPILOG = (
    "exit status: 0 trained; 1 a failure, such as no corpus; 2 wrong usage; 130 "
    "interrupted and 143 terminated, with the state saved for --resume if training had begun."
)


def main():
    return common.run(_train, unread=common.FAILURE)  # there is no run then


def _train():
    parser = common.Parser(
        prog="train.py",
        description="Train word2vec vectors (skip-gram with negative sampling) on a text, "
        "by default the Penn Treebank.",
        epilog=EPILOG,
    )
    add_flags(parser)
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on from the checkpoint in the run folder; from the beginning if there is none",
    )
    asked = vars(parser.parse_args())
    resume = asked.pop("resume")
    config = from_recipe(**asked)

    from w2v.commands.console import Console
    from w2v.training.train import train_run

    with Console() as console:
        run = train_run(config, console, resume)
    console.report(run)


if __name__ == "__main__":
    sys.exit(main())

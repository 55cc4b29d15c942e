"""`w2v train`: train word vectors on a text."""

import contextlib
import gc
from collections.abc import Iterator, Sequence

from w2v.commands import common
from w2v.commands.flags import add_flags
from w2v.errors import W2VError
from w2v.files import gone
from w2v.recipes import from_recipe

EPILOG = (
    "exit status: 0 trained; 1 a failure, such as no corpus; 2 wrong usage; 130 "
    "interrupted, 143 terminated, 141 nobody reads the output any more: with the state saved for "
    "--resume if training had begun."
)


def main(prog: str, arguments: Sequence[str] | None = None) -> int:
    """Run the command; see common.run for the exit status that it returns.

    Args:
        prog: what the command is called, for its help.
        arguments: those after that name; sys.argv's if None.
    """
    return common.run(lambda: _train(prog, arguments))


def _train(prog: str, arguments: Sequence[str] | None) -> None:
    parser = common.Parser(
        prog=prog,
        description="Train word2vec vectors (skip-gram with negative sampling) on a text, "
        "by default the Penn Treebank.",
        epilog=EPILOG,
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on from the checkpoint in the run folder; from the beginning if there is none",
    )
    add_flags(parser)
    asked = vars(parser.parse_args(arguments))
    resume = asked.pop("resume")
    config = from_recipe(**asked)
    if what := gone():
        raise W2VError(what)  # where libraries cannot even be imported

    from w2v.pictures.drawing import Drawing
    from w2v.training import torchrun

    leads = torchrun.leads()
    with Drawing(leads) as drawing:  # begun first: it imports Matplotlib while we import the rest
        with common.dying_of_interrupts(), _no_garbage():
            from w2v.commands.console import Console  # late: --help and wrong usage need none of it
            from w2v.compiled import leave_out_linear_algebra
            from w2v.training.train import train_and_draw

            leave_out_linear_algebra()

        with Console() as console:
            run = train_and_draw(config, console, resume, drawing)
        if leads:
            console.report(run)


@contextlib.contextmanager
def _no_garbage() -> Iterator[None]:
    """`with _no_garbage():` import what stays until the process ends.

    So Python need not look through it for garbage, as it would several times, and once more as it
    ends: 0.5 s of a short training.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()

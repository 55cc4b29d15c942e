"""The command `w2v`, and `python -m w2v`: the first word says which of its commands is meant."""

import importlib
import signal
import sys

# Each is a module of w2v.commands, which is imported only when it is asked for.
COMMANDS = {
    "train": "train word vectors on a text",
    "query": "print the words nearest to a word, or answer other questions",
    "export": "write vectors in a format that other programs read",
    "explore": "write a page with all words, to explore in a browser",
    "evaluate": "score vectors on word pairs, analogies and pairs of sentences",
    "similar": "tell how similar two sentences are",
    "embed": "write the vectors of a text's sentences",
    "search": "print the sentences nearest to a query",
    "pairs": "print the most similar pairs of sentences",
    "classify": "train a classifier of texts, and label texts with it",
    "plot": "draw the loss of runs",
    "map": "draw words in two dimensions",
    "cache": "list the texts kept on the disk, or clear them away",
}


def main() -> int:
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a Ctrl-C while Python imports: no traceback
    from w2v.commands import common

    return common.run(_run_command)


def _run_command() -> int:
    from w2v.commands import common, output

    parser = common.Parser(
        prog="w2v",
        description="Train, query, explore, evaluate, export and draw word vectors; and compare "
        "sentences.",
        epilog="`w2v COMMAND --help` describes a command.",
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    for name, line in COMMANDS.items():
        commands.add_parser(name, help=line, add_help=False)
    asked = parser.parse_args(sys.argv[1:2])  # the rest is the command's
    if asked.version:
        from w2v.version import __version__

        output.tell(f"w2v {__version__}")
        return common.OK
    if asked.command is None:
        parser.error(f"no command is given; it must be one of {', '.join(COMMANDS)}")
    with common.dying_of_interrupts():
        command = importlib.import_module(f"w2v.commands.{asked.command}")
    return command.main(f"w2v {asked.command}", sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())

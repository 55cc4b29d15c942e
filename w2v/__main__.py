"""`python -m w2v COMMAND`; `python -m w2v --help` lists the commands."""

import sys

from w2v.commands import common, evaluate, export


def main():
    return common.run(_command)


def _command():
    parser = common.Parser(prog="python -m w2v", description="What can be done with word vectors.")
    commands = parser.add_subparsers(required=True, dest="command", metavar="COMMAND")
    export.add_command(commands)
    evaluate.add_command(commands)
    asked = parser.parse_args()
    return asked.run(asked)


if __name__ == "__main__":
    sys.exit(main())

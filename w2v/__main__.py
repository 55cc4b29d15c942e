"""`python -m w2v COMMAND`; `python -m w2v --help` lists the commands."""

import sys

from w2v import cli, evaluating, exporting


def main():
    return cli.run(_command)


def _command():
    parser = cli.Parser(prog="python -m w2v", description="What can be done with word vectors.")
    commands = parser.add_subparsers(required=True, dest="command", metavar="COMMAND")
    exporting.add_command(commands)
    evaluating.add_command(commands)
    asked = parser.parse_args()
    return asked.run(asked)


if __name__ == "__main__":
    sys.exit(main())

"""`python -m w2v COMMAND`: what there is to do with vectors, beside asking them."""

import sys

from w2v import cli, evaluating


def main():
    return cli.run(_run)


def _run():
    parser = cli.Parser(prog="python -m w2v", description="Do something with word vectors.")
    commands = parser.add_subparsers(required=True, dest="command", metavar="COMMAND")
    evaluating.add_command(commands)
    asked = parser.parse_args()
    return asked.run(asked)


if __name__ == "__main__":
    sys.exit(main())

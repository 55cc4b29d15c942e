"""`w2v` and `python -m w2v`: which command is meant."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import w2v
from w2v.__main__ import COMMANDS, main

ROOT = Path(__file__).parent.parent


@pytest.fixture
def w2v_command(monkeypatch, capsys):
    """The command, in this process; gives exit status, stdout and stderr."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["w2v", *arguments])
        try:
            status = main()
        except SystemExit as end:
            status = end.code
        return status, *capsys.readouterr()

    yield call
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a script ends without it


def test_help_has_a_line_for_each_command(w2v_command):
    status, out, err = w2v_command("--help")
    assert (status, err) == (0, "")
    assert dict(re.findall(r"^    (\w+) +(.+)$", out, re.M)) == COMMANDS
    assert set(COMMANDS) == {
        "train", "query", "export", "explore", "evaluate", "plot", "map",
        "similar", "embed", "search", "pairs", "classify", "cache",
    }  # fmt: skip


def test_version_is_the_packages(w2v_command):
    assert w2v_command("--version") == (0, f"w2v {w2v.__version__}\n", "")


@pytest.mark.parametrize("command", COMMANDS)
def test_command_answers_by_its_own_name(w2v_command, command):
    status, out, err = w2v_command(command, "--help")
    assert (status, err) == (0, "")
    assert out.startswith(f"usage: w2v {command} ")
    status, out, err = w2v_command(command, "--no-such-flag", "x", "y")
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no command is given; it must be one of " + ", ".join(COMMANDS)),
        (["quary", "chip"], "invalid choice: 'quary'"),
        (["--vers"], "unrecognized arguments: --vers"),
    ],
)
def test_wrong_usage_is_one_line(w2v_command, arguments, message):
    status, out, err = w2v_command(*arguments)
    assert (status, out) == (2, "")
    assert re.fullmatch(rf"error: .*{message}.*\n", err)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["train", "--help"], ["query", "--help"]]
)
def test_help_imports_no_numpy(arguments):
    code = (
        f"import sys; sys.argv[1:] = {arguments}\n"
        "from w2v.__main__ import main\n"
        "try:\n    main()\n"
        "finally:\n    print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(done.stderr.split())
    assert not {"numpy", "tqdm", "numba", "torch"} & loaded
    assert not {"w2v.commands.console", "w2v.storage", "w2v.training"} & loaded


def test_query_imports_nothing_of_training():
    code = "import sys; from w2v.commands import query; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    ours = {name for name in done.stdout.split() if name.startswith("w2v")}
    assert ours == {
        *("w2v", "w2v.config", "w2v.setting", "w2v.errors", "w2v.files", "w2v.commands"),
        *(f"w2v.commands.{name}" for name in ("bars", "common", "output", "query", "questions")),
    }


def test_names_for_type_checkers_are_the_public_ones():
    source = (ROOT / "w2v" / "__init__.py").read_text()
    imported = re.findall(r"^    from w2v\.([\w.]+) import (\w+) as \2$", source, re.M)
    assert {name: home for home, name in imported} == w2v._HOMES

"""query.py as people run it, and the package's front door: each in a process of its own."""

import json
import math
import os
import re
import runpy
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from w2v.commands import common
from w2v.errors import UsageError, W2VError
from w2v.storage import layout
from w2v.vectors.saving import save_vectors

ROOT = Path(__file__).parents[1]
QUERY = [sys.executable, str(ROOT / "query.py")]
EVALUATE = [sys.executable, "-m", "w2v", "evaluate", "runs/tiny", "--pairs", "pairs.txt"]

# With "chip": chips 4/5 = 0.8, intel 3/5 = 0.6, 日本 0, soap −1.
WORDS = ["<unk>", "chip", "chips", "intel", "日本", "soap"]
TABLE = [[9, 9], [1, 0], [4, 3], [3, -4], [0, 2], [-5, 0]]
KEYS = {"run", "vectors", "results", "word", "words", "minus", "among", "neighbours", "cosine"}
ABOUT_CHIP = """\
cosine sim=0.800: chips
cosine sim=0.600: intel
cosine sim=0.000: 日本
cosine sim=-1.000: soap
"""


@pytest.fixture
def folder(tmp_path):
    """A folder in which the run runs/tiny was trained last."""
    (tmp_path / "runs" / "tiny").mkdir(parents=True)
    table = np.array(TABLE, float)
    save_vectors(tmp_path / "runs" / "tiny", WORDS, range(6), table, table)
    (tmp_path / "runs" / "last").write_text("runs/tiny\n")
    (tmp_path / "lost").symlink_to("nowhere")
    return tmp_path


def query(folder, *arguments, **settings):
    return subprocess.run(
        [*QUERY, *arguments],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
        **settings,
    )


@pytest.fixture
def ask(folder, monkeypatch, capsys):
    """As `query`, in this process; gives exit status, stdout and stderr."""

    def ask(*arguments):
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["query.py", *map(os.fsdecode, arguments)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(ROOT / "query.py"), run_name="__main__")
        return end.value.code, *capsys.readouterr()

    return ask


def modules_after(code, *arguments):
    """The names of all modules that a new Python has loaded once it has run `code`."""
    code = f"import sys\n{code}\nprint(*sys.modules, file=sys.stderr)"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_query_prints_the_lines_of_the_textbook(folder):
    done = query(folder, "chip")
    assert (done.returncode, done.stdout, done.stderr) == (0, ABOUT_CHIP, "")


def test_query_k_is_how_many(ask):
    assert ask("chip", "-k", "3")[1].splitlines() == ABOUT_CHIP.splitlines()[:3]
    assert ask("chip", "-k", "1000") == (0, ABOUT_CHIP, "")


def test_query_heads_the_blocks_of_several_words(folder):
    done = query(folder, "chip", "日本", "-k", "1")
    assert done.stdout == "chip\ncosine sim=0.800: chips\n\n日本\ncosine sim=0.600: chips\n"


def test_query_json_is_one_object(folder):
    done = query(folder, "日本", "chip", "-k", "1", "--json")
    assert len(done.stdout.splitlines()) == 1
    answer = json.loads(done.stdout)
    assert answer == {
        "run": "runs/tiny",
        "results": [
            {"word": "日本", "neighbours": [{"word": "chips", "cosine": pytest.approx(0.6)}]},
            {"word": "chip", "neighbours": [{"word": "chips", "cosine": pytest.approx(0.8)}]},
        ],
    }


def test_query_run_names_another_folder(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    done = query(elsewhere, "chip", "--json", "--run", folder / "runs" / "tiny")
    assert json.loads(done.stdout)["run"] == str(folder / "runs" / "tiny")


def test_query_answers_the_known_words_and_fails(folder):
    done = query(folder, "chipp", "chip", "<unk>", "-k", "1")
    assert done.returncode == 1
    assert done.stdout == "chip\ncosine sim=0.800: chips\n"
    assert done.stderr.splitlines() == [
        "error: the vocabulary has no word 'chipp'; did you mean 'chip', 'chips'?",
        "error: <unk> stands for all rare words, so it has no direction: ask another",
    ]
    done = query(folder, "chipp", "--json")
    assert (done.returncode, json.loads(done.stdout)["results"]) == (1, [])


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (
            ["--minus", "soap"],
            2,
            "--minus has no word before it; ask as in: king woman --minus man",
        ),
        (["chip", "--minus"], 2, "--minus: expected at least one argument"),
        (["--similarity", "chip"], 2, "--similarity takes 2 words, and is given 1"),
        (["--similarity", "chip", "soap", "chips"], 2, "takes 2 words, and is given 3"),
        (["chip", "--similarity", "chip", "soap"], 2, "'chip' is not among the words of --sim"),
        (["--odd-one-out", "chip", "soap"], 2, "takes 3 or more different words, and is given 2"),
        (["--odd-one-out", "chip", "soap", "soap"], 2, "3 or more different words, and is given 2"),
        (
            ["chip", "--minus", "a", "--similarity", "b", "c"],
            2,
            "--minus and --similarity are both",
        ),
        (["--similarity", "chip", "soap", "-k", "3"], 2, "-k is how many neighbours"),
        (["chip", "--run", "a", "--vectors", "b"], 2, "--run and --vectors are both given"),
        (["chip", "-k"], 2, "-k: expected one argument"),
        (["chip", "-k", "0"], 2, "-k: '0' is not a whole number above 0"),
        (["chip", "-k", "-3"], 2, "-k: '-3' is not a whole number above 0"),
        (["chip", "-k", "few"], 2, "-k: 'few' is not a whole number above 0"),
        (["chip", "--jso"], 2, "unrecognized arguments: --jso"),
        (["-minus"], 2, r"unrecognized arguments: -minus; did you mean --minus\?"),
        (["chip", "-json"], 2, r"unrecognized arguments: -json; did you mean --json\?"),
        (["chip", "-xyzzy"], 2, "-xyzzy; what begins with - and is no flag goes after --"),
        (["--", "--json"], 1, "no word '--json'"),
        (["--", "--"], 1, "no word '--'"),
        (["-k", "1", "--", "-minus"], 1, "no word '-minus'"),
        (["--similarity", "--", "--json", "chip"], 1, "no word '--json'"),
        (["--similarity", "chip", "--", "--json"], 2, "--similarity takes 2 words, and is given 1"),
        (["chip", "--minus", "--", "--json"], 1, "no word '--json'"),
        (["chip", "--a\nb"], 2, "unrecognized arguments: --a b"),
        (["chip", "--run", "nowhere"], 1, "nowhere is no run: there is no such folder"),
        (["chip", "--run", ""], 1, "cannot read '': it must not be empty"),
        (["chip", "--vectors", ""], 1, "cannot read '': it must not be empty"),
        (["chip", "--run", "runs/last"], 1, "runs/last is no run: it is no folder; w2v train"),
        (["chip", "--run", "lost"], 1, "lost is no run: lost is a link to nowhere, which is not"),
        (["chip", "--vectors", "lost"], 1, "lost is a link to nowhere, which is not there"),
        (["--among", "soap"], 2, "--among has no word before it; ask as in: chip --among intel"),
        (["chip", "--among", "soap", "soup"], 1, "no word 'soup'; did you mean 'soap'"),
        (["--odd-one-out", "a", "b", "c", "--among", "d"], 2, "--among and --odd-one-out are both"),
        (["chip", "--run", "runs"], 1, r"runs is no run: there is no vectors\.safetensors"),
        (["xyzzy"], 1, "no word 'xyzzy'; no word is spelled like it"),
        (["a\nb"], 1, r"no word 'a\\nb'"),
        ([b"\xff"], 1, r"no word '\\udcff'"),
    ],
)
def test_query_errors_are_one_line(ask, arguments, status, message):
    *ended, stderr = ask(*arguments)
    assert ended == [status, ""]
    assert re.fullmatch(rf"error: [^\n]*{message}[^\n]*\n", stderr)


def test_query_without_a_run_says_what_to_do(ask, folder):
    (folder / "runs" / "last").unlink()
    *ended, stderr = ask("chip")
    assert ended == [1, ""]
    assert re.fullmatch(r"error: no run [^\n]*train\.py[^\n]*--run\n", stderr)


def test_query_names_a_damaged_file(folder):
    table = folder / "runs" / "tiny" / layout.VECTORS
    table.write_bytes(table.read_bytes()[:-1])
    done = query(folder, "chip")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"error: runs/tiny/vectors\.safetensors is damaged: [^\n]*\n", done.stderr)


def test_query_help_documents_json_and_statuses(tmp_path):
    done = query(tmp_path, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    for key in (*KEYS, "odd_one_out"):
        assert f'"{key}"' in done.stdout
    assert "exit status" in done.stdout


@pytest.mark.parametrize("arguments", [["chip"], ["--help"]])
def test_query_ends_quietly_when_nobody_reads(folder, arguments):
    reader, writer = os.pipe()
    os.close(reader)  # as `| head` does when it has seen enough
    # Unbuffered, argparse itself passes over a --help that nobody reads.
    environment = {key: os.environ[key] for key in os.environ.keys() - {"PYTHONUNBUFFERED"}}
    with os.fdopen(writer, "wb") as closed:
        done = subprocess.run(
            [*QUERY, *arguments],
            cwd=folder,
            env=environment,
            stdout=closed,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, b"")


@pytest.mark.parametrize("command", [[*QUERY, "chip"], EVALUATE])
def test_answers_to_a_closed_output_fail(folder, command):
    (folder / "pairs.txt").write_text("chip chips 1\nchip soap 2\n")
    shell = ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *command]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(shell, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert re.fullmatch("error: the standard output is closed[^\n]*\n", done.stderr)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_query_says_when_its_output_cannot_be_written(folder):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*QUERY, "chip"], cwd=folder, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (1, b"error: No space left on device\n")


def test_query_prints_what_the_terminal_cannot_show(folder):
    done = query(folder, "chip", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == ABOUT_CHIP.replace("日本", r"\u65e5\u672c")


def test_query_interrupted_ends_with_130(folder):
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(QUERY, cwd=folder, **pipes) as asking:
        asking.stdin.write(b"chip\n")
        asking.stdin.flush()
        assert asking.stdout.readline()  # so it waits for another line now
        asking.send_signal(signal.SIGINT)
        _, errors = asking.communicate(timeout=30)
    assert (asking.returncode, errors) == (130, b"")


def test_query_minus_makes_all_words_one_question(folder):
    # (4, 3)/5 + (3, −4)/5 − (−5, 0)/5 = (2.4, −0.2); chip is (1, 0), 日本 (0, 2).
    length = math.hypot(2.4, 0.2)
    done = query(folder, "chips", "intel", "--minus", "soap", "--json")
    assert json.loads(done.stdout)["results"] == [
        {
            "words": ["chips", "intel"],
            "minus": ["soap"],
            "neighbours": [
                {"word": "chip", "cosine": pytest.approx(2.4 / length)},
                {"word": "日本", "cosine": pytest.approx(-0.2 / length)},
            ],
        }
    ]
    assert query(folder, "chips", "--minus", "intel", "soap", "-k", "1").stdout.startswith("cosine")


def test_query_similarity_is_the_cosine(folder):
    done = query(folder, "--similarity", "chip", "intel")
    assert (done.returncode, done.stdout) == (0, "cosine sim=0.600\n")
    done = query(folder, "--similarity", "chip", "intel", "--json")
    assert json.loads(done.stdout) == {
        "run": "runs/tiny",
        "results": [{"words": ["chip", "intel"], "cosine": pytest.approx(0.6)}],
    }


def test_query_odd_one_out_is_the_one_furthest_from_the_mean(folder):
    words = ["soap", "chip", "chips"]
    assert query(folder, "--odd-one-out", *words).stdout == "soap\n"
    done = query(folder, "--odd-one-out", *words, "--json")
    assert json.loads(done.stdout)["results"] == [{"words": words, "odd_one_out": "soap"}]


def test_query_among_ranks_the_words_after_it(ask):
    lines = "cosine sim=0.600: intel\ncosine sim=-1.000: soap\n"
    assert ask("chip", "--among", "soap", "intel") == (0, lines, "")
    assert ask("chip", "-k", "1", "--among", "soap", "intel") == (0, lines.splitlines(True)[0], "")
    _, both, _ = ask("chip", "chips", "--among", "soap")
    assert both.splitlines()[::3] == ["chip --among soap", "chips --among soap"]
    _, shown, _ = ask("chips", "intel", "--minus", "soap", "--among", "chip", "soap", "--json")
    (answer,) = json.loads(shown)["results"]
    cosine = pytest.approx(2.4 / math.hypot(2.4, 0.2))  # as with --minus above
    assert answer == {
        "words": ["chips", "intel"],
        "minus": ["soap"],
        "among": ["chip", "soap"],
        "neighbours": [{"word": "chip", "cosine": cosine}],
    }


def test_query_in_a_removed_folder_says_so(folder, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for words, said in (
        ([*QUERY, "chip"], "error: cannot read runs/last: the current folder was removed"),
        ([*QUERY, "chip", "--run", "x"], "error: cannot read x: the current folder was removed"),
        ([sys.executable, str(ROOT / "train.py")], "error: the current folder was removed; go to"),
        ([*QUERY, "chip", "--run", str(folder / "runs/tiny")], ""),
    ):
        place = tmp_path / "place"
        place.mkdir()
        shell = ["/bin/sh", "-c", 'cd place && rmdir ../place && exec "$@"', "sh", *words]
        done = subprocess.run(shell, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.stderr.startswith(said)
        assert done.stderr.count("\n") == bool(said)
        assert done.returncode == bool(said)


def test_query_vectors_names_a_file_of_any_format(folder):
    pytest.importorskip("w2v.formats")
    (folder / "some.txt").write_text("3 2\nchip 1 0\nchips 4 3\nsoap -5 0\n")
    done = query(folder, "chip", "--vectors", "some.txt", "--json")
    assert json.loads(done.stdout) == {
        "vectors": "some.txt",
        "results": [
            {
                "word": "chip",
                "neighbours": [
                    {"word": "chips", "cosine": pytest.approx(0.8)},
                    {"word": "soap", "cosine": -1.0},
                ],
            }
        ],
    }


def test_query_answers_lines_as_it_answers_arguments(folder):
    piped = query(folder, "-k", "2", input="chip\n\n \t\n日本 soap\r\nintel")
    asked = query(folder, "chip", "日本", "soap", "intel", "-k", "2")
    assert (piped.returncode, piped.stdout, piped.stderr) == (0, asked.stdout, "")
    one = query(folder, input="chip\n").stdout
    assert one == "chip\n" + ABOUT_CHIP


def test_query_lines_hold_the_same_flags(folder):
    lines = "chip --minus soap\n--similarity chip intel\n--odd-one-out soap chip chips\n"
    done = query(folder, "--json", input=lines)
    answers = [json.loads(line)["results"] for line in done.stdout.splitlines()]
    assert [sorted(answer[0]) for answer in answers] == [
        ["minus", "neighbours", "words"],
        ["cosine", "words"],
        ["odd_one_out", "words"],
    ]
    assert query(folder, input=lines).stdout.split("\n\n")[1:] == [
        "--similarity chip intel\ncosine sim=0.600",
        "--odd-one-out soap chip chips\nsoap\n",
    ]


def test_query_lines_that_fail_leave_the_others_answered(folder):
    lines = b"chipp\nchip\n--minus chip\n\xff\n"
    done = subprocess.run(
        [*QUERY, "--json", "-k", "1"], cwd=folder, input=lines, capture_output=True, check=False
    )
    assert done.returncode == 1
    found = [[each["word"] for each in json.loads(x)["results"]] for x in done.stdout.splitlines()]
    assert found == [[], ["chip"], [], []]
    errors = done.stderr.decode().splitlines()
    assert [error[:6] for error in errors] == ["error:"] * 3
    assert "no word 'chipp'" in errors[0]
    assert "--minus has no word before it" in errors[1]
    assert r"no word '\udcff'" in errors[2]


def test_query_without_lines_answers_nothing(folder):
    done = query(folder, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_query_with_a_closed_input_says_what_to_give(folder):
    command = ["/bin/sh", "-c", 'exec "$@" <&-', "sh", *QUERY]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch("error: no word is given[^\n]*\n", done.stderr)


def test_query_answers_each_line_before_the_next_is_written(folder):
    with subprocess.Popen(
        [*QUERY, "--json"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as asking:
        for word in ("chip", "soap", "xyzzy"):
            asking.stdin.write(word.encode() + b"\n")
            answer = json.loads(asking.stdout.readline())  # waits for ever if it is not flushed
            assert [each["word"] for each in answer["results"]] == [word] * (word != "xyzzy")
        asking.stdin.close()
        assert asking.wait(timeout=30) == 1


def test_query_answers_words_after_two_dashes(folder):
    for arguments in (["--", "chip"], ["chip", "--"], ["-k", "4", "--", "chip"]):
        assert query(folder, *arguments).stdout == ABOUT_CHIP
    done = query(folder, "--", "--minus", "chip", "-k", "--", stdin=subprocess.DEVNULL)
    assert done.stdout == "chip\n" + ABOUT_CHIP
    for word in ("--minus", "-k", "--"):
        assert f"error: the vocabulary has no word {word!r}" in done.stderr
    done = query(folder, input="-- --minus\n--\n-- chip\n")
    assert done.stdout == "chip\n" + ABOUT_CHIP
    assert done.stderr.count("\n") == 2
    assert "no word '--minus'" in done.stderr
    assert "no word '--'" in done.stderr


def test_query_json_keeps_the_letters_of_every_script(folder):
    done = query(folder, "日本", "-k", "1", "--json")
    assert '"word": "日本"' in done.stdout


def test_query_imports_no_heavy_library(folder):
    code = """
import runpy
try:
    runpy.run_path("query.py", run_name="__main__")
except SystemExit as end:
    assert end.code == 0
"""
    loaded = modules_after(code, "chip", "--run", folder / "runs" / "tiny")
    assert {"numpy", "w2v.vectors.saving"} <= loaded
    heavy = {
        "torch",
        "numba",
        "matplotlib",
        "safetensors",
        "tqdm",
        "w2v.text.vocab",
        "w2v.training.train",
    }
    assert not heavy & loaded


def test_package_alone_imports_nothing():
    loaded = modules_after("import w2v")
    assert "w2v" in loaded
    assert not {"numpy", "torch", "w2v.config"} & loaded


def test_package_names_come_from_where_they_are_defined():
    import w2v
    from w2v import config, errors, recipes
    from w2v.formats import convert
    from w2v.vectors import wordvectors

    assert w2v.export is convert.export
    assert w2v.WordVectors is wordvectors.WordVectors
    assert w2v.Config is config.Config
    assert w2v.from_recipe is recipes.from_recipe
    assert w2v.W2VError is errors.W2VError
    assert set(w2v.__all__) <= set(dir(w2v))
    with pytest.raises(AttributeError, match="has no attribute 'lode'"):
        w2v.lode  # noqa: B018


def test_package_version_is_the_one_in_pyproject():
    import w2v

    (written,) = re.findall(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.M)
    assert w2v.__version__ in (written, "0+unknown")


@pytest.mark.parametrize(
    ("failure", "status", "stderr"),
    [
        (W2VError("so\nso"), 1, "error: so so\n"),
        (UsageError("no"), 2, "error: no\n"),
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(), 141, ""),
        (OSError(28, "No space left", "x"), 1, "error: x: No space left\n"),
    ],
)
def test_cli_run_turns_errors_into_statuses(capsys, failure, status, stderr):
    def fail():
        raise failure

    assert common.run(fail) == status
    assert capsys.readouterr() == ("", stderr)


def test_cli_run_passes_on_what_main_returns():
    assert common.run(lambda: None) == 0
    assert common.run(lambda: 3) == 3


def test_cli_run_lets_a_bug_be_seen():
    with pytest.raises(ZeroDivisionError):
        common.run(lambda: 1 / 0)

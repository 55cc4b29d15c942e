"""README, docs/ and the READMEs of folders: what they name exists, and what they show runs."""

import argparse
import inspect
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from torch.distributed.run import get_args_parser as torchruns_parser

import w2v
from test_reuse import Classifier
from w2v import __main__ as command_line

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
README_BYTES = 10_000
FOLDERS = ("benchmarks", "data", "tests")
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [README, *DOCS, *(ROOT / folder / "README.md" for folder in FOLDERS)]

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
INLINE = re.compile(r"`([^`]+)`")  # may go over the end of a line

SCRIPTS = {"train.py": "train", "query.py": "query"}
COMMANDS = tuple(command_line.COMMANDS)
PROGRAMS = (*("python", "w2v", "pip", "."), *("python3", ".venv/bin/python", ".venv/bin/pip"))

SENTENCE = (
    "the chip and a microprocessor intel oil gas friday monday japan king woman man good film"
)

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def prose(page):
    """A page without its blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def blocks(page, language=""):
    found = FENCE.findall(page.read_text(encoding="utf-8"))
    return [block for its_language, block in found if its_language == language]


def spans(page):
    """What stands in a page's sentences as code."""
    return [" ".join(span.split()) for span in INLINE.findall(prose(page))]


def links(page):
    return [link for link in LINK.findall(prose(page)) if "://" not in link]


def anchors(page):
    """The names that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(page):
    """The command lines in a page's blocks and sentences, each a list of words."""
    lines = "\n".join(blocks(page)).splitlines() + spans(page)
    for command in " && ".join(line.partition("#")[0] for line in lines).split("&&"):
        program, _, arguments = command.strip().partition(" ")
        if program == "torchrun":  # its own flags stand before the script
            _, script, rest = arguments.partition("train.py")
            program, arguments = "python", script + rest
        if program in PROGRAMS and arguments:
            program = program.removeprefix(".venv/bin/").removesuffix("3")
            yield [program, *shlex.split(arguments.partition(" < ")[0])]


@pytest.fixture(scope="module")
def known_flags():
    """The flags of our commands, which their help lists, and of the benchmarks."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "benchmarks").glob("*.py")]
    for command in [*COMMANDS, "classify train", "classify predict"]:
        arguments = [sys.executable, "-m", "w2v", *command.split(), "--help"]
        texts.append(subprocess.check_output(arguments, cwd=ROOT, text=True))
    texts.append(torchruns_parser().format_help())
    return set(re.findall(r"--[a-z][a-z-]*", " ".join(texts)))


def test_readme_is_short():
    assert len(README.read_bytes()) <= README_BYTES


@each_page
def test_links_lead_to_files_and_headings(page):
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_relative_to(ROOT), link
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_readme_links_to_every_page():
    linked = {(ROOT / link.partition("#")[0]).resolve() for link in links(README)}
    assert set(PAGES) - {README} <= linked


def test_rooms_are_those_of_the_package():
    rooms = re.findall(r"^\| `(\w+)/` \|", prose(README), re.MULTILINE)
    assert sorted(rooms) == sorted(path.parent.name for path in ROOT.glob("w2v/*/__init__.py"))


@each_page
def test_python_files_exist(page):
    for name in re.findall(r"[\w./-]+\.py\b", " ".join(spans(page))):
        assert any((place / name).is_file() for place in (ROOT, page.parent, ROOT / "tests")), name


@each_page
def test_flags_exist(page, known_flags):
    assert set(re.findall(r"--[a-z][a-z-]*", " ".join(spans(page)))) <= known_flags


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(command, id=f"{page.relative_to(ROOT)}: {shlex.join(command)}")
        for page in PAGES
        for command in commands(page)
    ],
)
def test_command_exists_and_takes_its_arguments(command, monkeypatch):
    program, *arguments = command
    if program == "w2v":
        parse(arguments, monkeypatch)
    elif program == "python" and arguments[0] in SCRIPTS:
        assert (ROOT / arguments[0]).is_file()
        parse([SCRIPTS[arguments[0]], *arguments[1:]], monkeypatch)
    elif program == "python" and arguments[0] == "-m":
        module = ROOT / (arguments[1].replace(".", "/") + ".py")
        assert module.is_file() or arguments[1] in ("venv", "pytest")
    elif program == "python":
        source = (ROOT / arguments[0]).read_text(encoding="utf-8")
        assert all(f'"{flag}"' in source for flag in arguments if flag.startswith("-"))
    elif program == "pip":
        (extra,) = re.fullmatch(r"install (?:-\w )*\.(?:\[(\w+)\])?", " ".join(arguments)).groups()
        assert not extra or f"\n{extra} = [" in (ROOT / "pyproject.toml").read_text()
    else:
        assert arguments == [".venv/bin/activate"]


class Parsed(BaseException):
    """A command line was understood; what it asks for is not done."""


def parse(arguments, monkeypatch):
    """Parse the arguments of `w2v`, and no more; those of a command alone ask for its help."""

    def only(parse_args):
        def parse(parser, *args, **settings):
            asked = parse_args(parser, *args, **settings)
            if parser.prog == "w2v":  # its command's parser comes next
                return asked
            raise Parsed

        return parse

    for name in ("parse_args", "parse_intermixed_args"):
        method = getattr(argparse.ArgumentParser, name)
        monkeypatch.setattr(argparse.ArgumentParser, name, only(method))
    help_flag = ["--help"] if len(arguments) == 1 else []
    monkeypatch.setattr(sys, "argv", ["w2v", *arguments, *help_flag])
    with pytest.raises((Parsed, SystemExit)) as stopped:
        command_line.main()
    assert stopped.type is Parsed or stopped.value.code == 0  # after --help


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with runs/ptb, trained on next to nothing, and a text reviews.txt."""
    folder = tmp_path_factory.mktemp("docs")
    text = folder / "reviews.txt"
    text.write_text(f"{SENTENCE}\n" * 50)
    w2v.train(corpus=str(text), out=str(folder / "runs/ptb"), engine="cpu", epochs=1, sample=0.0)
    return folder


@each_page
def test_python_of_a_page_runs(page, folder, monkeypatch):
    monkeypatch.chdir(folder)
    names = {}
    for block in blocks(page, "python"):
        exec(compile(block, page.name, "exec"), names)


def test_classifier_is_the_one_that_is_tested():
    (block,) = blocks(ROOT / "docs" / "classifier.md", "python")
    assert inspect.getsource(Classifier) in block


def test_start_prints_what_the_readme_shows(ptb_dir, tmp_path):
    shown = "".join(block for block in blocks(README) if block.startswith(("corpus:", "cosine")))
    train = ["train.py", "--epochs", "5", "--engine", "cpu", "--data-dir", str(ptb_dir)]
    printed = ""
    for script, *arguments in (train, ["query.py", "chip", "-k", "3"]):
        command = [sys.executable, str(ROOT / script), *arguments]
        printed += subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout
    assert shape(printed) == shape(shown)


def shape(output):
    """The lines of an output without what the machine's speed, rounding or folders decide."""
    output = re.sub(r"^expected time.*\n", "", output, flags=re.MULTILINE)
    output = re.sub(r"^(near|cosine).*: .*", r"\1", output, flags=re.MULTILINE)
    for pattern, mask in ((r"'.*'", "PATH"), (r"\b[0-9a-f]{64}\b", "SHA"), (r"\d[\d,.]*", "N")):
        output = re.sub(pattern, mask, output)
    return output.splitlines()

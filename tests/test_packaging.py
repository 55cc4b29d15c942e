"""The wheel and the sdist: built without a network, installed, and run away from the checkout."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from w2v.__main__ import COMMANDS

pytest.importorskip("pip", reason="there is no pip to build and to install with")
pytest.importorskip("flit_core", reason="the build backend is in the extra `test`")

ROOT = Path(__file__).parent.parent
# What is imported has to be what was installed.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def run(*command, cwd):
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def pip(*arguments, cwd):
    return run(sys.executable, "-m", "pip", "--quiet", *arguments, cwd=cwd)


def build(what, source, folder):
    """The path of an "sdist" or an "editable" wheel, from the backend, as pip asks it for one."""
    code = f"from flit_core import buildapi; print(buildapi.build_{what}({str(folder)!r}))"
    return folder / run(sys.executable, "-c", code, cwd=source).strip()


def build_wheel(source, folder):
    """The path of the wheel that pip makes of a folder or of an sdist."""
    flags = ["--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir"]
    pip("wheel", *flags, folder, source, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(wheel, folder):
    """Install into a new environment; gives the folder of its commands.

    It finds the libraries that a wheel needs in the environment of the tests, after its own.
    """
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    pip("--python", python, "install", "--no-deps", "--no-index", wheel, cwd=folder)
    where = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder)
    libraries = {path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")}
    Path(where.strip(), "libraries.pth").write_text("\n".join(sorted(libraries)))
    return scripts


def files_of(package):
    """The files below a folder, as they should be shipped: all but what Python or Numba cached."""
    return {
        path.relative_to(package.parent).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build_wheel(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    return build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))


def test_wheel_holds_the_package_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        about = archive.read(metadata).decode()
    beside = {name for name in names if not name.startswith("w2v/")}
    assert names - beside == files_of(ROOT / "w2v")
    assert "w2v/py.typed" in names
    assert {name.split("/", 1)[1] for name in beside} == {
        "METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE",
    }  # fmt: skip
    assert (ROOT / "README.md").read_text() in about


def test_sdist_holds_the_sources_and_tests_but_no_data(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames()}
    assert files_of(ROOT / "w2v") < names
    assert {path.relative_to(ROOT).as_posix() for path in ROOT.glob("tests/*.py")} < names
    assert {"README.md", "LICENSE", "pyproject.toml", "train.py", "query.py"} < names
    assert {name for name in names if name.startswith(("data", "runs"))} == {"data/README.md"}
    assert not any("__pycache__" in name for name in names)


def test_sdist_builds_the_same_wheel(sdist, wheel, tmp_path):
    contents = []
    for path in (wheel, build_wheel(sdist, tmp_path)):
        with zipfile.ZipFile(path) as archive:
            contents.append({name: archive.read(name) for name in archive.namelist()})
    assert contents[0] == contents[1]


def test_installed_wheel_trains_and_answers_in_another_folder(wheel, tmp_path):
    scripts = install(wheel, tmp_path / "fresh")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    where = run(scripts / "python", "-c", "import w2v; print(w2v.__file__)", cwd=elsewhere)
    assert (tmp_path / "fresh") in Path(where).parents
    version = re.search(r"-([\d.]+)-py3", wheel.name)[1]
    for command in ([scripts / "w2v"], [scripts / "python", "-m", "w2v"]):
        assert run(*command, "--version", cwd=elsewhere) == f"w2v {version}\n"
        listed = run(*command, "--help", cwd=elsewhere)
        assert re.findall(r"^    (\w+) +\w", listed, re.M) == list(COMMANDS)
    out = ["--epochs", 1, "--out", "new/run"]
    told = run(scripts / "w2v", "train", "--corpus", "sample", *out, cwd=elsewhere)
    assert "written: new/run" in told
    lines = run(scripts / "w2v", "query", "chip", "-k", 3, cwd=elsewhere).splitlines()
    assert len(lines) == 3
    assert all(re.fullmatch(r"cosine sim=0\.\d{3}: \S+", line) for line in lines)
    run(scripts / "w2v", "export", "new/run", "--to", "glove", "glove.txt", cwd=elsewhere)
    assert (elsewhere / "glove.txt").exists()
    run(scripts / "w2v", "explore", "new/run", cwd=elsewhere)
    assert (elsewhere / "explore.html").exists()


def test_editable_install_is_found_beside_a_folder_of_its_name(tmp_path):
    """As where the checkout is called w2v, and Python starts in the folder above it."""
    checkout = tmp_path / "w2v"
    shutil.copytree(ROOT / "w2v", checkout / "w2v")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, checkout)
    (tmp_path / "wheels").mkdir()
    scripts = install(build("editable", checkout, tmp_path / "wheels"), tmp_path / "fresh")
    assert run(scripts / "python", "-m", "w2v", "--version", cwd=tmp_path).startswith("w2v ")
    where = run(
        scripts / "python", "-c", "import w2v; w2v.train; print(w2v.__file__)", cwd=tmp_path
    )
    assert Path(where.strip()) == checkout / "w2v" / "__init__.py"

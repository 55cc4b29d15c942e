import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def caches(folder, *changed):
    """The cache folders made by importing a copy of the package after changing files of it."""
    package = folder / "w2v"
    if not package.exists():
        package.mkdir()
        for path in (ROOT / "w2v").rglob("*.py"):
            copy = package / path.relative_to(ROOT / "w2v")
            copy.parent.mkdir(exist_ok=True)
            copy.write_text(path.read_text())
    for name in changed:
        with open(package / name, "a") as file:
            file.write("\n# changed\n")
    environment = {
        **os.environ,
        "NUMBA_CACHE_DIR": str(folder / "cache"),
        "PYTHONPATH": str(folder),
    }
    command = [sys.executable, "-c", "import w2v.batches.draws"]
    subprocess.run(command, cwd=folder, env=environment, check=True)
    return {path.name for path in (folder / "cache").iterdir()}


def test_compiled_code_is_made_anew_when_any_file_changed(tmp_path):
    first = caches(tmp_path)
    assert len(first) == 1
    assert caches(tmp_path) == first
    assert len(caches(tmp_path, "batches/draws.py")) == 2
    assert len(caches(tmp_path, "engines/cpu.py")) == 3

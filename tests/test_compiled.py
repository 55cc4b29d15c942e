import os
import subprocess
import sys
from pathlib import Path

import pytest

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


ASKS = """
import sys
from w2v.compiled import is_cached
from w2v.config import Config
from w2v.engines import choose
from w2v.text.vocab import read
from w2v.text.word_table import scan_words
from w2v.training.tables import initial_tables

class Text:
    description = "a test text"
    def chunks(self, progress, remark):
        yield b"a b c\\n" * 9

config = Config(engine=sys.argv[1], device="cpu", sample=0.0)
config = choose.resolve(config)
trains = choose.compiled_functions(config)
print(is_cached([scan_words]), is_cached(trains))
vocabulary, text = read(Text(), 1)
print(is_cached([scan_words]), is_cached(trains))
windows = choose.make_batcher(text, vocabulary.counts, config).groups(1, 0)
engine = choose.make_engine(*initial_tables(len(vocabulary), config), config)
engine.train(windows, 0, [0.1])
print(is_cached([scan_words]), is_cached(trains))
"""


@pytest.mark.heavy  # test_first_run.py has the engine cpu always
@pytest.mark.parametrize("engine", ["cpu", "torch"])
def test_is_cached_knows_what_reading_and_training_compile(engine, tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", ASKS, engine]
    first, second = (
        subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    )
    assert first.split("\n")[:3] == ["False False", "True False", "True True"]
    assert second.split("\n")[:3] == ["True True"] * 3

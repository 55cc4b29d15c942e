"""Data flows left to right; the query side is light; nothing about a setting stands twice."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "w2v"

# A module may import those to its left only.
ORDER = [
    "config", "interrupts", "cli", "atomic", "stored", "runs", "neighbours", "words",
    "wordvectors", "vectors", "streamed", "formats", "exporting", "questions", "prompt",
    "testsets", "correlation", "evaluate", "evaluating", "__main__", "compiled", "lanes",
    "threads", "ptb", "sample_corpus", "corpus", "sampling", "counting", "vocab", "drawing",
    "batches", "gpu_drawing", "resident", "tables", "model", "engines.base", "engines.kernels",
    "engines.cpu", "engines.racing", "engines.graph", "engines.gpu_kernels", "engines.cuda",
    "engines.torch", "engines.torch_graph", "engines", "metrics", "plots", "rates", "heldout",
    "scoring", "training", "checkpoints", "job", "remarks", "trainer", "console",
]  # fmt: skip


def imports_of(path):
    """The w2v modules that a file imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("w2v"):
            if node.module == "w2v":
                found |= {alias.name for alias in node.names}
            else:
                found.add(node.module.removeprefix("w2v."))
    return found


def module_name(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {module_name(path): path for path in PACKAGE.rglob("*.py") if path.parent != ROOT}


def test_order_names_every_module():
    assert sorted(ORDER) == sorted(name for name in MODULES if name)


@pytest.mark.parametrize("name", ORDER)
def test_module_imports_only_from_its_left(name):
    allowed = set(ORDER[: ORDER.index(name)])
    if name == "engines":
        allowed |= {module for module in ORDER if module.startswith("engines.")}
    assert imports_of(MODULES[name]) <= allowed


@pytest.mark.parametrize(
    "statement",
    ["import query", "import w2v; w2v.load; w2v.WordVectors", "import w2v.__main__, w2v.evaluate"],
)
def test_query_side_imports_nothing_heavy(statement):
    code = f"import sys; {statement}; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"torch", "numba", "matplotlib", "llvmlite", "tqdm"} & set(modules)


def test_training_on_the_cpu_engine_imports_no_torch(tmp_path):
    (tmp_path / "text.txt").write_text("a b c a b d\n" * 50)
    code = (
        "import sys, w2v\n"
        "w2v.train(corpus='text.txt', engine='cpu', epochs=1, sample=0.0, vector_size=4)\n"
        "assert 'torch' not in sys.modules"
    )
    environment = {"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)

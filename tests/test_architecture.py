"""Data flows left to right; the query side is light; nothing about a setting stands twice."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "w2v"

# What a room may import beside itself, and what a page at the top may: two chains that meet in
# training, with the commands above both. `w2v` itself is the package's own page of public names.
BASE = {"config", "recipes", "setting", "errors", "files", "tokenizing", "raw_text"}
TRAINING_CHAIN = {"compiled", "text", "batches", "engines", "model"}
QUERY_CHAIN = {"storage", "vectors", "formats", "sentences"}
ALLOWED = {
    "errors": set(),
    "files": set(),
    "plain": set(),
    "model": set(),
    "compiled": {"errors", "files"},
    "version": set(),
    "processes": set(),
    "setting": {"errors", "files"},
    "config": {"errors", "setting"},
    "recipes": {"config", "errors"},
    "raw_text": set(),
    "tokenizing": {"config", "raw_text"},
    "text": BASE | {"compiled", "storage"},
    "batches": BASE | {"compiled", "text"},
    "engines": BASE | {"compiled", "text", "batches", "model", "processes"},
    "storage": BASE,
    "vectors": BASE | {"storage"},
    "formats": BASE | {"storage", "vectors"},
    # `text` only reads what common components are fitted on.
    "sentences": BASE | {"storage", "vectors", "formats", "text"},
    "evaluation": BASE | {"storage", "vectors"},
    "pictures": BASE | QUERY_CHAIN | {"processes"},
    "training": BASE
    | TRAINING_CHAIN
    | {"storage", "vectors", "formats", "pictures", "evaluation", "version", "processes"},
    # `training` for how a training is stopped.
    "classify": BASE | QUERY_CHAIN | {"pictures", "training"},
    "commands": BASE
    | TRAINING_CHAIN
    | QUERY_CHAIN
    | {"pictures", "evaluation", "training", "classify", "w2v"},
    "__main__": {"commands", "version"},
    "w2v": BASE | {"vectors", "formats", "sentences", "training", "version"},
}


def module_name(path):
    """w2v/text/vocab.py → text.vocab; w2v/text/__init__.py → text; w2v/__init__.py → w2v."""
    parts = [part for part in path.relative_to(PACKAGE).with_suffix("").parts if part != "__init__"]
    return ".".join(parts) or "w2v"


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def room(name):
    return name.split(".")[0]


def imports_of(path):
    """The modules of ours that a file imports anywhere in it, in whatever way it says so."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    ours = {name.removeprefix("w2v.") for name in found if name.split(".")[0] == "w2v"}
    return {name if name in MODULES else name.rpartition(".")[0] or "w2v" for name in ours}


IMPORTS = {name: imports_of(path) - {name} for name, path in MODULES.items()}


def in_words():
    """The picture: what each room imports."""
    above = {}
    for name, imported in IMPORTS.items():
        above.setdefault(room(name), set()).update(map(room, imported))
    return "\n".join(
        f"{name}: {', '.join(sorted(above[name] - {name})) or 'nothing of ours'}" for name in above
    )


def test_every_room_is_known():
    assert {room(name) for name in MODULES} <= set(ALLOWED), in_words()


@pytest.mark.parametrize("name", MODULES)
def test_module_imports_only_from_its_left(name):
    assert set(map(room, IMPORTS[name])) - {room(name)} <= ALLOWED[room(name)], in_words()


def test_no_modules_import_each_other_in_a_circle():
    # The page of public names imports them only when asked, and for type checkers.
    left = {name: imported for name, imported in IMPORTS.items() if name != "w2v"}
    while free := [name for name, imported in left.items() if not imported & left.keys()]:
        for name in free:
            del left[name]
    assert not left, f"in circles: {left}"


def test_files_functions_and_parameters_stay_few():
    lists_of_words = {"text.sample_words"}
    # Kernels take what they work on one by one: in compiled code a record of arrays costs time.
    kernels = {"engines.cuda_kernels", "batches.gpu_groups"}
    kernels |= {"engines.cpu_kernels", "engines.cpu_tiles", "text.word_table"}
    for name, path in MODULES.items():
        source = path.read_text()
        assert name in lists_of_words or source.count("\n") <= 300, name
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef):
                here = f"{name}.{node.name}"
                assert node.end_lineno - node.lineno < 60, here
                parameters = [a.arg for a in (*node.args.args, *node.args.kwonlyargs)]
                n_parameters = len(parameters) - (parameters[:1] in (["self"], ["cls"]))
                assert name in kernels or n_parameters <= 8, here


OF_OURS = {"compiled", "training.memory"}  # open our own sources, and /proc/meminfo


@pytest.mark.parametrize("name", sorted(MODULES.keys() - OF_OURS - {"files"}))
def test_what_users_name_is_opened_in_one_way(name):
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Attribute):
            assert called.attr not in ("read_bytes", "read_text"), "use w2v.files"
        if isinstance(called, ast.Name) and called.id == "open" and len(node.args) > 1:
            assert "r" not in ast.unparse(node.args[1]), "use w2v.files"


@pytest.mark.parametrize("statement", ["from w2v.text import vocab", "import w2v.text.vocab"])
def test_imports_are_seen_however_they_are_written(statement, tmp_path):
    (tmp_path / "some.py").write_text(statement)
    assert imports_of(tmp_path / "some.py") == {"text.vocab"}


@pytest.mark.parametrize(
    "statement",
    [
        "import w2v.commands.query",
        "import w2v; w2v.load; w2v.WordVectors",
        "import w2v; w2v.SentenceEncoder; w2v.cos_sim; import w2v.sentences.embeddings",
        "import w2v.__main__",
    ],
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

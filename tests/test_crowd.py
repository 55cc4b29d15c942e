"""Three trainings and a hundred queries at once on one run folder, for a minute (heavy)."""

import hashlib
import itertools
import json
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

import w2v
from texts import zipf_lines

pytestmark = pytest.mark.heavy

ROOT = Path(__file__).parent.parent
SECONDS, CLIENTS, SHELLS = 60, 96, 4
# Other words and other vectors in each: a mixture of two would be neither.
TRAININGS = {str(n): ["--seed", str(n), "--min-count", str(n)] for n in (1, 2, 3)}
W2V = [sys.executable, "-m", "w2v"]
TRAIN = [
    *W2V, "train", "--corpus", "zipf.txt", "--engine", "cpu", "--workers", "1", "--vector-size",
    "16", "--sample", "1e-2", "--epochs", "2", "--checkpoint-every", "0m",
]  # fmt: skip

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["test_crowd"])


def call(command, folder):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def digest_of(wv):
    words = "\n".join(f"{w} {n}" for w, n in zip(wv.index_to_key, wv.counts, strict=True))
    return hashlib.sha256(words.encode() + wv.vectors.tobytes()).hexdigest()


def ask(run, end, expected, counts):
    """A client in Python: loads and asks until the end, and counts its answers."""
    seen = Counter()
    while time.time() < end:
        wv = w2v.load(run)
        assert [word for word, _ in wv.most_similar("w3", topn=5)] == expected[digest_of(wv)]
        seen[digest_of(wv)] += 1
        time.sleep(1)
    counts.put(seen)


@pytest.fixture
def whole(tmp_path):
    """{digest: neighbours of w3} of each training alone; the folder `run` holds the first."""
    (tmp_path / "zipf.txt").write_text(zipf_lines(300, 1500))
    expected = {}
    for name, settings in TRAININGS.items():
        done = call([*TRAIN, *settings, "--out", name], tmp_path)
        assert done.returncode == 0, done.stderr
        wv = w2v.load(tmp_path / name)
        expected[digest_of(wv)] = [word for word, _ in wv.most_similar("w3", topn=5)]
    (tmp_path / "1").rename(tmp_path / "run")
    assert len(expected) == 3
    return tmp_path, expected


def test_three_trainings_and_a_hundred_queries_share_a_folder(whole):
    folder, expected = whole
    end, counts = time.time() + SECONDS, processes.SimpleQueue()
    arguments = (folder / "run", end, expected, counts)
    clients = [processes.Process(target=ask, args=arguments) for _ in range(CLIENTS)]
    trained, asked, wrong = Counter(), Counter(), []

    turns = itertools.cycle(TRAININGS.values())  # whoever comes first: not the same one always

    def train():
        while time.time() < end:
            done = call([*TRAIN, *next(turns), "--out", "run"], folder)
            last = done.stderr.splitlines()[-1:]
            refused = [
                "error: another training is writing to run; wait for it, or name another --out"
            ]
            if done.returncode and (done.returncode, last) != (1, refused):
                wrong.append(done)
            trained["refused" if done.returncode else "trained"] += 1

    def query():
        while time.time() < end:
            done = call([*W2V, "query", "w3", "--run", "run", "-k", "5", "--json"], folder)
            if done.returncode or done.stderr:
                wrong.append(done)
                continue
            (result,) = json.loads(done.stdout)["results"]
            if [near["word"] for near in result["neighbours"]] not in expected.values():
                wrong.append(done)
            asked["by the shell"] += 1

    threads = [threading.Thread(target=train) for _ in TRAININGS]
    threads += [threading.Thread(target=query) for _ in range(SHELLS)]
    for worker in (*threads, *clients):
        worker.start()
    answers = sum((counts.get() for client in clients if wait(client)), Counter())
    for thread in threads:
        thread.join()
    assert not wrong, wrong[0]
    assert [client.exitcode for client in clients] == [0] * CLIENTS
    assert trained["trained"] > 1
    assert trained["refused"]
    assert len(answers) > 1  # the run was replaced before their eyes
    assert not list(folder.glob(".run.*"))
    print(f"{SECONDS} s: {dict(trained)}, {answers.total()} answers in Python, {dict(asked)}")


def wait(client):
    """Whether a client ended well."""
    client.join(SECONDS + 120)
    return client.exitcode == 0

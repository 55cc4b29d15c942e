"""Two ranks that torchrun starts train as one run; how their rows are exchanged, by hand."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

import w2v
from texts import zipf_lines
from w2v.training import torchrun
from w2v.training.distributed import intervals, rows_after
from w2v.training.exchange import Exchange, combined
from w2v.training.torchrun import Place

HERE = Path(__file__).parent
STARTED = {
    "TORCHELASTIC_RUN_ID": "none", "RANK": "3", "WORLD_SIZE": "8", "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "2",
}  # fmt: skip


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """What both ranks of torchrun_driver.py report, and their folder."""
    folder = tmp_path_factory.mktemp("ranks")
    (folder / "zipf.txt").write_text(zipf_lines(200, 3000))
    (folder / "other.txt").write_text(zipf_lines(200, 3000, seed=1))
    (folder / "line.txt").write_text("a b c d\n")
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    command += [HERE / "torchrun_driver.py", folder]
    paths = os.pathsep.join([str(HERE.parent), str(HERE)])
    environment = {**os.environ, "PYTHONPATH": paths, "W2V_DATA_DIR": str(folder)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert not done.stdout
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in (0, 1)], folder


def test_two_ranks_train_one_run_and_rank_0_writes_it(both):
    (first, second), folder = both
    losses = first["whole"][1]
    assert second["whole"] == first["whole"]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] < 0.7
    run = w2v.load(folder / "a", verify=True)
    assert len(run) == 201
    about = json.loads((folder / "a" / "config.json").read_text())
    assert about["corpus"]["lines"] == 3000
    assert about["corpus"]["tokens"] == run.counts.sum()


def test_a_run_stopped_on_a_signal_resumes_to_the_same_bits(both):
    (first, second), folder = both
    assert "SIGINT in epoch" in first["stopped"]
    assert "with --resume to go on" in first["stopped"]
    assert second["stopped"] == "SystemExit: 130"
    assert first["resumed"] == second["resumed"] == first["whole"]
    names = [folder / run / "vectors.safetensors" for run in "ab"]
    assert names[0].read_bytes() == names[1].read_bytes()


def test_resuming_a_finished_run_trains_nothing_on_any_rank(both):
    (first, second), _ = both
    assert first["again"] == second["again"] == first["whole"]


@pytest.mark.parametrize(
    ("case", "teller", "message"),
    [
        ("other settings", 0, "W2VError: rank 1 differs: --vector-size is 9 there and 8 on rank 0"),
        ("other text", 0, "W2VError: rank 1 reads another text than rank 0: their SHA-256 are"),
        ("no text", 1, "W2VError: rank 1: 'missing.txt' does not exist"),
        ("no text anywhere", 0, "W2VError: 'missing.txt' does not exist"),
        ("few lines", 0, "has 4 words in 1 lines, which leaves rank 1 of 2 without any"),
        ("adam", 0, "UsageError: --optimizer is adam; 2 ranks train with sgd alone"),
    ],
)
def test_one_rank_tells_what_is_wrong_and_names_it(both, case, teller, message):
    results, folder = both
    assert message in results[teller][case]
    assert results[1 - teller][case] == "SystemExit: 1"
    assert not (folder / "c").exists()


def test_place_is_told_by_torchrun_alone():
    assert torchrun.place(STARTED) == Place(3, 8, 1, 2, restarts=0)
    assert torchrun.place({**STARTED, "TORCHELASTIC_RESTART_COUNT": "2"}).restarts == 2
    assert torchrun.place({**STARTED, "WORLD_SIZE": "1"}) is None
    assert torchrun.place({"WORLD_SIZE": "8", "RANK": "3"}) is None
    assert torchrun.oddity(STARTED) is None
    assert torchrun.oddity({}) is None
    assert torchrun.oddity({"WORLD_SIZE": "1"}) is None
    assert "WORLD_SIZE is 8, but torchrun did not start" in torchrun.oddity({"WORLD_SIZE": "8"})


def combine(*deltas):
    """What combined makes of each rank's (n, D) deltas."""
    deltas = torch.tensor(deltas, dtype=torch.float32)
    return combined(deltas.sum(0), (deltas**2).sum((0, 2))).tolist()


def test_deltas_add_up_where_they_differ_and_are_averaged_where_they_agree():
    none, right, up, left = [0.0, 0.0], [3.0, 0.0], [0.0, 4.0], [-1.0, 0.0]
    assert combine([right], [none], [none]) == [right]  # met by one rank
    assert combine([right], [up]) == [[3.0, 4.0]]
    assert combine([right], [right], [right]) == [pytest.approx(right)]
    assert combine([right], [left]) == [[2.0, 0.0]]  # not more than their sum
    assert combine([none], [none]) == [none]
    # Half in agreement: (3, 0) and (3, 4) have 9 + 25 = 34, their sum 36 + 16 = 52.
    assert combine([right], [[3.0, 4.0]]) == [pytest.approx([6 * 34 / 52, 4 * 34 / 52])]


def test_frequent_rows_are_exchanged_often_and_all_now_and_then():
    places = [rows_after(place, 8000, period=8) for place in range(1, 9)]
    assert places == [1000, 2000, 1000, 4000, 1000, 2000, 1000, 8000]
    assert rows_after(16, 8000, period=8) == 8000
    assert rows_after(3, 8000, period=8, is_last=True) == 8000
    assert rows_after(1, 3, period=8) == 1


def test_more_words_are_exchanged_more_rarely():
    assert intervals(50_000) == (32, 32)  # 64 tokens for each are less than a block, 2^22
    assert intervals(65_536) == (32, 32)
    assert intervals(65_537) == (16, 32)
    assert intervals(2**20) == (2, 32)
    assert intervals(2**24) == (1, 256)


class Pair:
    """Two ranks in threads: what both begin to sum is summed once both have."""

    def __init__(self):
        self.tensors, self.barrier = [None, None], threading.Barrier(2)

    def rank(self, number):
        pair = self

        class Rank:
            def start_sum(self, tensor):
                return tensor

            def finish(self, tensor):
                pair.tensors[number] = tensor.clone()
                pair.barrier.wait()
                tensor.copy_(pair.tensors[0] + pair.tensors[1])
                pair.barrier.wait()

        return Rank()


class Tables:
    def __init__(self, table):
        self.table = np.array(table, np.float32)

    def live_tables(self):
        return self.table, -self.table


def test_what_is_learned_during_an_exchange_is_kept_and_goes_into_the_next():
    pair, tables = Pair(), [Tables([[1, 1], [2, 2]]), Tables([[1, 1], [2, 2]])]
    exchanges = [Exchange(table, pair.rank(n)) for n, table in enumerate(tables)]

    def both(*arguments):
        """Call a method of both exchanges, in threads; what each returned."""
        method, *arguments = arguments
        results = [None, None]

        def call(n):
            results[n] = getattr(exchanges[n], method)(*arguments)

        threads = [threading.Thread(target=call, args=(n,)) for n in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    assert both("finish") == [None, None]
    tables[0].table[0, 0] += 3  # rank 0 learns (3, 0), rank 1 (0, 4)
    tables[1].table[0, 1] += 4
    tables[1].table[1, 1] += 9  # a row that is not exchanged yet
    both("start", 1, [1.0, 0.25])
    tables[0].table[0, 0] += 10  # meanwhile
    assert both("finish") == [[2.0, 0.5]] * 2
    np.testing.assert_array_equal(tables[0].table, [[14, 5], [2, 2]])
    np.testing.assert_array_equal(tables[1].table, [[4, 5], [2, 11]])
    both("start", 2, [0.0])
    both("finish")
    for table in tables:
        np.testing.assert_array_equal(table.table, [[14, 5], [2, 11]])

"""Two ranks that torchrun starts train as one run; how their rows are exchanged, by hand."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.distributed import TCPStore

import w2v
from texts import zipf_lines
from w2v.errors import UsageError, W2VError
from w2v.training import torchrun
from w2v.training.distributed import intervals, period_of, rows_after, tokens_between
from w2v.training.exchange import Exchange, combined
from w2v.training.meeting import met
from w2v.training.ranks import Ranks
from w2v.training.torchrun import Place

HERE = Path(__file__).parent
STARTED = {
    "TORCHELASTIC_RUN_ID": "none", "RANK": "3", "WORLD_SIZE": "8", "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "2",
}  # fmt: skip


def start(n_ranks, folder, *arguments):
    """What each of the ranks of torchrun_driver.py reports, and what they printed."""
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(n_ranks)]
    command += [HERE / "torchrun_driver.py", folder, *arguments]
    paths = os.pathsep.join([str(HERE.parent), str(HERE)])
    environment = {**os.environ, "PYTHONPATH": paths, "W2V_DATA_DIR": str(folder)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    reports = [json.loads((folder / f"{rank}.json").read_text()) for rank in range(n_ranks)]
    return reports, done.stdout


@pytest.fixture(scope="module")
def launched(tmp_path_factory):
    """What two ranks report of everything they did, what they printed, and their folder."""
    folder = tmp_path_factory.mktemp("ranks")
    (folder / "zipf.txt").write_text(zipf_lines(200, 3000))
    (folder / "other.txt").write_text(zipf_lines(200, 3000, seed=1))
    (folder / "line.txt").write_text("a b c d\n")
    (folder / "words.txt").write_text("a b\n" + "c\nd\n" * 50)
    (folder / "half.txt").write_text(zipf_lines(20, 500) + "w1\n" * 9000)
    return *start(2, folder), folder


@pytest.fixture(scope="module")
def both(launched):
    return launched[0], launched[2]


def test_the_command_trains_on_the_sample_corpus_and_prints_once(launched):
    reports, printed, folder = launched
    assert [report["command"] for report in reports] == [0, 0]
    lines = printed.splitlines()
    assert [line.partition(" ")[0] for line in lines].count("epoch") == 1
    assert "2 ranks, 2 of them here, each with about 539,000 tokens of the text" in lines
    assert lines[-1].startswith("written: runs/sample")
    run = w2v.load(folder / "runs" / "sample", verify=True)
    # A class of words that the corpus plants.
    assert {"thursday", "tuesday"} <= {word for word, _ in run.most_similar("friday", topn=6)}


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


@pytest.mark.parametrize("n_ranks", [2, 4])
def test_the_number_of_ranks_and_the_seed_decide_every_bit(both, n_ranks, tmp_path):
    reports = both[0]
    if n_ranks == 4:
        (tmp_path / "zipf.txt").write_text(zipf_lines(200, 3000))
        reports, printed = start(4, tmp_path, "twice")
        assert not printed
    for report in reports:
        assert report == {**report, "again": reports[0]["whole"], "whole": reports[0]["whole"]}
    assert n_ranks == 2 or reports[0]["whole"][0] != both[0][0]["whole"][0]


def test_a_callback_is_told_of_every_row_once(both):
    rows, of_metrics = both[0][0]["told"]
    assert rows == of_metrics
    assert len(rows) > 6  # of three epochs


def test_the_run_folder_is_of_rank_0_alone(both):
    (first, second), folder = both
    assert first["another folder"] == second["another folder"] == first["whole"]
    assert len(w2v.load(folder / "other")) == 201


def test_a_rank_without_groups_trains_along(both):
    (first, second), folder = both
    assert first["groups on rank 0 alone"] == second["groups on rank 0 alone"]
    run = w2v.load(folder / "groups")
    assert len(run) == 21


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
        ("other engine", 0, "W2VError: rank 1 differs: --engine is torch there and cpu on rank 0"),
        ("other text", 0, "W2VError: rank 1 reads another text than rank 0: their SHA-256 are"),
        ("no text", 1, "W2VError: rank 1: 'missing.txt' does not exist"),
        ("no text anywhere", 0, "W2VError: 'missing.txt' does not exist"),
        ("few lines", 0, "has 4 words in 1 lines, which leaves rank 1 of 2 without any"),
        ("no groups", 0, "W2VError: no sentence has two words left after --min-count 2"),
        ("adam", 0, "UsageError: --optimizer is adam; 2 ranks train with sgd alone"),
    ],
)
def test_one_rank_tells_what_is_wrong_and_names_it(both, case, teller, message):
    results, folder = both
    assert message in results[teller][case]
    assert results[1 - teller][case] == "SystemExit: 1"
    assert not (folder / "c").exists()


def test_place_is_told_by_torchrun_alone():
    assert torchrun.place(STARTED) == Place(3, 8, 1, 2)
    assert torchrun.place({**STARTED, "WORLD_SIZE": "1"}) is None
    assert torchrun.place({}) is torchrun.place({"WORLD_SIZE": "1"}) is None


def test_one_of_many_that_torchrun_did_not_start_is_refused():
    with pytest.raises(UsageError, match=r"WORLD_SIZE is 8, but torchrun did not start .* unset"):
        torchrun.place({"WORLD_SIZE": "8", "RANK": "3"})


def test_an_address_that_nobody_answers_is_named_in_time(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    where = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "RANK": "1", "WORLD_SIZE": "2"}
    for name, value in where.items():
        monkeypatch.setenv(name, value)
    began = time.monotonic()
    with pytest.raises(W2VError, match=rf"^rank 1 has no answer from 127.0.0.1:{port} within 1 s"):
        Ranks(Place(1, 2, 0, 1), 1.0, on_gpu=False)
    assert time.monotonic() - began < 30


def test_a_rank_that_does_not_come_is_named(monkeypatch):
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    where = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(store.port), "RANK": "0"}
    where |= {"WORLD_SIZE": "2", "TORCHELASTIC_USE_AGENT_STORE": "True"}
    for name, value in where.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(W2VError, match=r"^rank 1 did not come within 1 s; --dist-timeout"):
        Ranks(Place(0, 2, 0, 1), 1.0, on_gpu=False)


def test_ranks_of_a_start_do_not_meet_those_of_an_earlier_one():
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    names = {}

    def come(rank):
        mine = TCPStore("127.0.0.1", store.port, is_master=False)
        names[rank] = met(mine, Place(rank, 2, 0, 1), 20.0)

    for start in ("1", "2", "3"):
        other = threading.Thread(target=come, args=(1,))
        other.start()
        time.sleep(0.1)  # rank 1 comes first, and finds what the start before has left
        assert names.get(1) != start
        come(0)
        other.join()
        assert names == {0: start, 1: start}


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


def test_more_words_and_longer_texts_are_exchanged_more_rarely():
    assert tokens_between(10**5, 1000, 2) == tokens_between(10**5, 1000, 8) == 4 * 1000
    assert tokens_between(10**5, 1000, 32) == 4 * 1000 * 2
    assert tokens_between(100 * 400 * 1000, 1000, 2) == 4 * 1000 * 10
    assert tokens_between(2**33, 1000, 4) == 2**33 / 64 / 32  # 64 times all rows
    block = 2**23  # tokens, of all ranks
    assert intervals(block, 2**18) == 32
    assert intervals(block, 1.1 * 2**18) == 32  # 29.1
    assert intervals(block, 2**24) == intervals(0, 2**10) == 1
    assert [period_of(block, between) for between in (2**18, 2**23, 2**26)] == [32, 32, 256]


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

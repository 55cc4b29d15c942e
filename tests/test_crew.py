"""How many threads a crew uses, where so many are so fast."""

import hashlib
import os
import random
import threading
import time

import numpy as np
import pytest

from w2v.engines.cpu_crew import Crew


def work_done(rates, crowded, calls, noise, seed):
    """Mean work a second of a crew whose threads, {how many: ...}, do `rates`, with noise."""
    generator, crew, seconds = random.Random(seed), Crew(max(rates)), 0.0
    for _ in range(calls):
        rate = rates[crew.size] * generator.lognormvariate(0, noise)
        seconds += 1 / rate
        crew.learn(rate, crew.size in crowded)
    return calls / seconds


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("rates", "crowded", "best"),
    [
        ({1: 1.0, 2: 1.7}, set(), 1.7),  # a quiet machine
        ({1: 1.0, 2: 0.6}, {2}, 1.0),  # another program keeps a core
        ({1: 0.6, 2: 0.4}, {1, 2}, 0.6),
        ({1: 0.5, 2: 0.9}, {1, 2}, 0.9),
        ({1: 1.0, 2: 1.3}, {2}, 1.3),  # two threads share, and still help
        ({1: 1.0, 2: 1.6, 4: 0.9}, {4}, 1.6),
    ],
)
def test_crew_is_about_as_fast_as_its_best_number_of_threads(rates, crowded, best, seed):
    assert work_done(rates, crowded, calls=1000, noise=0.05, seed=seed) > 0.96 * best
    assert work_done(rates, crowded, calls=50, noise=0.05, seed=seed) > 0.85 * best
    assert work_done(rates, crowded, calls=1000, noise=0.2, seed=seed) > 0.9 * best


def test_crew_notices_that_the_machine_changes():
    crew = Crew(2)
    for rates, crowded, best in (
        ({1: 1.0, 2: 0.5}, {2}, 1),
        ({1: 1.0, 2: 1.8}, set(), 2),
        ({1: 1.0, 2: 0.5}, {2}, 1),
    ):
        for _ in range(300):
            crew.learn(rates[crew.size], crew.size in crowded)
        sizes = []
        for _ in range(30):
            crew.learn(rates[crew.size], crew.size in crowded)
            sizes.append(crew.size)
        assert sizes.count(best) >= 25


def test_crew_learns_nothing_from_no_work():
    crew = Crew(2)
    for _ in range(3):
        crew.run(0, lambda n: time.sleep(0.01))
        assert crew.size == 2


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system pins no threads")
def test_crew_gives_every_thread_a_core_of_its_own_where_there_are_as_many():
    cores = os.sched_getaffinity(0)
    seen = {}

    def look(n):
        seen[n] = os.sched_getaffinity(0)

    Crew(len(cores)).run(0, look)
    assert sorted(map(len, seen.values())) == [1] * len(cores)
    assert set().union(*seen.values()) == cores
    assert os.sched_getaffinity(0) == cores


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system pins no threads")
def test_crew_leaves_fewer_threads_than_cores_to_the_system():
    cores, seen = os.sched_getaffinity(0), []
    if len(cores) == 1:
        pytest.skip("one core")
    Crew(len(cores) - 1).run(0, lambda n: seen.append(os.sched_getaffinity(0)))
    assert seen == [cores] * (len(cores) - 1)


def test_crew_whose_threads_wait_for_cores_tries_fewer():
    crew = Crew(2)
    crew.run(1, lambda n: time.sleep(0.01))
    assert crew.size == 1


def test_crew_does_not_take_the_work_of_others_for_its_own():
    """Two more threads of the process keep the cores, while those of the crew wait."""
    crew, is_over, block = Crew(2), threading.Event(), bytes(2**20)

    def keep_a_core():
        while not is_over.is_set():
            hashlib.sha256(block)

    others = [threading.Thread(target=keep_a_core) for _ in range(2)]
    for thread in others:
        thread.start()
    crew.run(1, lambda n: time.sleep(0.2))
    is_over.set()
    for thread in others:
        thread.join()
    assert crew.size == 1


@pytest.mark.parametrize("failing", [0, 1])
def test_crew_raises_what_a_thread_raises_once_all_have_ended(failing):
    ended = []

    def work(n):
        time.sleep(0.02)
        if n == failing:
            raise ValueError(f"thread {n}")
        time.sleep(0.05)
        ended.append(n)

    with pytest.raises(ValueError, match=f"thread {failing}"):
        Crew(2).run(1, work)
    assert ended == [1 - failing]


def test_crew_of_which_one_thread_waits_for_a_core_tries_fewer():
    crew = Crew(2)

    def work(n):
        end = time.perf_counter() + 0.1
        while n == 0 and time.perf_counter() < end:
            pass
        time.sleep(max(0.0, end - time.perf_counter()))

    crew.run(1, work)
    assert crew.size == 1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system pins no threads")
def test_crew_works_where_threads_may_not_be_pinned(monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "no")

    monkeypatch.setattr(os, "sched_setaffinity", refuse)
    done = []
    Crew(len(os.sched_getaffinity(0))).run(1, done.append)
    assert sorted(done) == list(range(len(os.sched_getaffinity(0))))


def test_crew_judges_a_trial_that_is_not_hopeless_after_two_calls():
    crew = Crew(2)
    crew.learn(1.0, is_crowded=True)
    crew.learn(0.8, is_crowded=False)
    assert crew.size == 1
    crew.learn(0.8, is_crowded=False)
    assert crew.size == 2


def test_crew_tries_again_ever_more_rarely():
    crew, tried = Crew(2), []
    for call in range(2000):
        if crew.size == 1:
            tried.append(call)
        crew.learn({1: 0.5, 2: 1.0}[crew.size], is_crowded=True)
    waits = np.diff(tried) - 1
    assert waits[:4].tolist() == [17, 33, 65, 129]
    assert set(waits[4:]) == {129}


def test_crew_ends_a_hopeless_trial_after_one_call():
    crew = Crew(2)
    crew.learn(1.0, is_crowded=True)
    assert crew.size == 1
    crew.learn(0.5, is_crowded=True)
    assert crew.size == 2

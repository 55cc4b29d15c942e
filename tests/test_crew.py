"""How many threads a crew uses, where so many are so fast."""

import random
import time

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

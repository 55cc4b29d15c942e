"""Two nodes, as two network namespaces with a link that tc slows down: pytest -m heavy -s."""

import csv
import os
import shutil
import subprocess

import pytest

from launching import ROOT, Launch
from texts import zipf_lines
from w2v.storage import layout

pytestmark = pytest.mark.heavy

LINKS = {
    "1 Gbit/s": "tbf rate 1gbit burst 128kb latency 50ms",
    "1 Gbit/s and 2 ms": "netem rate 1gbit delay 2ms limit 10000",
}
TRAIN = [
    ROOT / "train.py", "--corpus", "zipf.txt", "--out", "run", "--min-count", 1, "--epochs", 3,
    "--workers", 1, "--no-cache",
]  # fmt: skip


def run(*words):
    return subprocess.run(words, capture_output=True, text=True)


@pytest.fixture
def nodes(request):
    """Two namespaces, as prefixes of commands, and the address of the first."""
    if not shutil.which("ip") or not shutil.which("tc"):
        pytest.skip("no ip and tc here")
    names = [f"w2v-{os.getpid()}-{number}" for number in (0, 1)]
    inside = [("ip", "netns", "exec", name) for name in names]
    try:
        for name in names:
            if (done := run("ip", "netns", "add", name)).returncode:
                pytest.skip(f"no network namespaces here: {done.stderr.strip()}")
        ends = [
            "eth0",
            "netns",
            names[0],
            "type",
            "veth",
            "peer",
            "name",
            "eth0",
            "netns",
            names[1],
        ]
        run("ip", "link", "add", *ends).check_returncode()
        for number, name in enumerate(names, start=1):
            address = ["address", "add", f"10.77.0.{number}/24", "dev", "eth0"]
            for words in (address, ["link", "set", "eth0", "up"], ["link", "set", "lo", "up"]):
                run("ip", "-n", name, *words).check_returncode()
            shape = ["tc", "qdisc", "add", "dev", "eth0", "root", *request.param.split()]
            if (done := run(*inside[number - 1], *shape)).returncode:
                pytest.skip(f"no {request.param.split()[0]} here: {done.stderr.strip()}")
        yield inside, "10.77.0.1"
    finally:
        for name in names:
            run("ip", "netns", "delete", name)


def result(folder):
    """The bytes of the vectors, and the seconds of training."""
    with open(folder / "run" / layout.METRICS, newline="") as file:
        seconds = float(list(csv.DictReader(file))[-1]["seconds"])
    return (folder / "run" / layout.VECTORS).read_bytes(), seconds


@pytest.mark.parametrize("nodes", LINKS.values(), ids=LINKS, indirect=True)
def test_two_nodes_train_what_one_does(nodes, tmp_path, monkeypatch):
    folders = [tmp_path / name for name in ("one", "first", "second")]
    for folder in folders:
        folder.mkdir()
        (folder / "zipf.txt").write_text(zipf_lines(20_000, 100_000))
    with Launch(folders[0], "--nproc-per-node", 2, *TRAIN) as launch:
        status, _, errors = launch.ended()
        assert status == 0, errors

    inside, address = nodes
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "eth0")
    flags = ["--nnodes", 2, "--nproc-per-node", 1, "--master-addr", address, "--node-rank"]
    with (
        Launch(folders[1], *flags, 0, *TRAIN, before=inside[0]) as first,
        Launch(folders[2], *flags, 1, *TRAIN, before=inside[1]) as second,
    ):
        for launch in (first, second):
            status, printed, errors = launch.ended()
            assert status == 0, errors
            assert bool(printed) == (launch is first)
    (expected, alone), (vectors, seconds) = result(folders[0]), result(folders[1])
    assert vectors == expected
    assert not (folders[2] / "run").exists()
    print(f"training took {seconds:.1f} s over the link, {alone:.1f} s on one machine")

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


def ip(*words):
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"ip {' '.join(words)}: {done.stderr.strip()}")


@pytest.fixture
def nodes(request):
    """Two namespaces, as prefixes of commands, and the address of the first."""
    if not shutil.which("ip") or not shutil.which("tc"):
        pytest.skip("no ip and tc here")
    names = [f"w2v-{os.getpid()}-{number}" for number in (0, 1)]
    try:
        for name in names:
            ip("netns", "add", name)
        peer = ["peer", "name", "link", "netns", names[1]]
        ip("link", "add", "link", "netns", names[0], "type", "veth", *peer)
        inside = [("ip", "netns", "exec", name) for name in names]
        for number, name in enumerate(names):
            ip("-n", name, "link", "set", "lo", "up")
            ip("-n", name, "address", "add", f"10.77.0.{number + 1}/24", "dev", "link")
            ip("-n", name, "link", "set", "link", "up")
            shape = ["tc", "qdisc", "add", "dev", "link", "root", *request.param.split()]
            done = subprocess.run([*inside[number], *shape], capture_output=True, text=True)
            if done.returncode:
                pytest.skip(f"tc has no {request.param.split()[0]} here: {done.stderr.strip()}")
        yield inside, "10.77.0.1"
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)


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
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "link")
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

"""PTB is found, fetched and verified; every failure of a download is a real one."""

import hashlib
import io
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from w2v.commands.console import Console
from w2v.config import Config
from w2v.errors import W2VError
from w2v.text import corpus, ptb, source
from w2v.training.watcher import Watcher

BODY = bytes(range(256)) * 2000  # 512,000 bytes: several reads
SHA1 = hashlib.sha1(BODY).hexdigest()
ROOT = Path(__file__).parent.parent


class Server(ThreadingHTTPServer):
    """A web server on this machine that answers well or badly, as the path says."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.half_read = threading.Event()
        self.closing = threading.Event()
        self.body = BODY

    def url(self, path):
        return f"http://127.0.0.1:{self.server_port}/{path}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        getattr(self, self.path.strip("/"))()

    def start(self, length):
        self.send_response(200)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def good(self):
        self.start(len(self.server.body))
        self.wfile.write(self.server.body)

    def unsized(self):
        self.start(None)
        self.wfile.write(BODY)

    def moved(self):
        self.send_response(302)
        self.send_header("Location", self.server.url("good"))
        self.end_headers()

    def wrong(self):
        self.start(5)
        self.wfile.write(b"wrong")

    def truncated(self):
        self.start(len(BODY))
        self.wfile.write(BODY[:100_000])

    def slow(self):
        # With hardly a buffer, half a body is sent only once the client has begun to read it.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self.start(len(BODY))
        self.wfile.write(BODY[: len(BODY) // 2])
        self.server.half_read.set()
        self.server.closing.wait(30)

    def missing(self):
        self.send_error(404)

    def broken(self):
        self.wfile.write(b"\x1b[2J garbage\r\n\r\n")

    def phrase(self):
        self.wfile.write(b"HTTP/1.0 503 \x1b[2J garbage\r\n\r\n")

    def drip(self):
        self.drop(b"HTTP/1.0 200 OK\r\nContent-Length: 1000\r\n\r\n", BODY)

    def dripping_header(self):
        self.drop(b"HTTP/1.0 200 OK\r\n", b"X: y\r\n" * 100)

    def drop(self, at_once, then):
        self.wfile.write(at_once)
        for byte in then:
            self.wfile.write(bytes([byte]))
            if self.server.closing.wait(0.05):  # never silent for as long as the timeout
                break

    def to(self, location):
        self.send_response(302)
        self.send_header("Location", location)
        self.end_headers()

    def to_no_host(self):
        self.to("http://")

    def to_no_port(self):
        self.to("http://127.0.0.1:99999/")

    def to_letters_for_a_port(self):
        self.to("http://127.0.0.1:port/")

    def to_half_an_address(self):
        self.to("http://[::1/")

    def to_another_alphabet(self):
        self.to("http://\xe9..example/")

    def to_a_long_label(self):
        self.to("http://" + "\xe9" * 80 + ".example/")

    def to_a_file(self):
        self.to("file:///etc/hostname")

    def large(self):
        self.start(10**12)

    def endless(self):
        self.start(None)
        while not self.server.closing.is_set():
            self.wfile.write(BODY)

    def handle(self):
        with suppress(ConnectionError):  # the client may have had enough
            super().handle()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def refusing_url(monkeypatch):
    """An address at which nobody listens."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server() as server:
        return server.url("good")


@pytest.mark.parametrize("answer", ["good", "unsized", "moved"])
def test_fetch_keeps_the_body_whole(server, tmp_path, answer):
    folder = tmp_path / "new" / "data"
    assert ptb.fetch(folder, server.url(answer), sha1=SHA1) == folder / "ptb.zip"
    assert (folder / "ptb.zip").read_bytes() == BODY
    assert os.listdir(folder) == ["ptb.zip"]


@pytest.mark.skipif(os.name == "nt", reason="modes are a matter of POSIX")
def test_fetch_leaves_the_file_to_the_umask(server, tmp_path):
    before = os.umask(0o022)
    try:
        archive = ptb.fetch(tmp_path, server.url("good"), sha1=SHA1)
    finally:
        os.umask(before)
    assert archive.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("truncated", "stopped after 100000 of 512000 bytes"),
        ("wrong", f"sha1 is {hashlib.sha1(b'wrong').hexdigest()}, but must be {SHA1}"),
        ("missing", "404"),
        ("broken", "no HTTP"),
        ("slow", "timed out"),
        ("large", "1000000000000 bytes, but at most 8388608"),
        ("endless", "more than the 8388608 bytes"),
        ("drip", "takes longer than 1 s"),
        ("dripping_header", "takes longer than 1 s"),
        ("phrase", "HTTP status 503 Service Unavailable;"),
        ("to_no_host", "HTTP status 302 Found"),
        ("to_no_port", ""),
        ("to_letters_for_a_port", "an address that cannot be"),
        ("to_half_an_address", "an address that cannot be"),
        ("to_another_alphabet", "an address that cannot be"),
        ("to_a_long_label", "an address that cannot be"),
        ("to_a_file", "HTTP status 302 Found"),
    ],
)
def test_fetch_that_fails_says_why_and_leaves_the_folder_as_it_was(
    server, tmp_path, answer, reason
):
    (tmp_path / "other.txt").write_text("mine")
    url = server.url(answer)
    with pytest.raises(
        ptb.UnavailableError, match=f"{re.escape(url)}.*{reason}.*put ptb.zip"
    ) as error:
        ptb.fetch(tmp_path, url, sha1=SHA1, timeout=0.3, deadline=1.0)
    assert str(error.value).isprintable()
    assert "garbage" not in str(error.value)
    assert os.listdir(tmp_path) == ["other.txt"]
    with pytest.raises(ptb.UnavailableError):
        ptb.fetch(tmp_path / "new", url, sha1=SHA1, timeout=0.3, deadline=1.0)
    assert not (tmp_path / "new").exists()


def test_fetch_says_that_nobody_listens(refusing_url, tmp_path):
    with pytest.raises(ptb.UnavailableError, match=f"{refusing_url}.*refused"):
        ptb.fetch(tmp_path / "data", refusing_url)
    assert os.listdir(tmp_path) == []


def test_fetch_into_what_is_no_folder_says_so(server, tmp_path):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(ptb.UnavailableError, match=r"exists.*data"):
        ptb.fetch(tmp_path / "data", server.url("good"), sha1=SHA1)
    assert (tmp_path / "data").read_text() == "a file"


def test_fetch_onto_a_full_disk_leaves_nothing(server, tmp_path):
    resource = pytest.importorskip("resource", reason="limits on files are a matter of POSIX")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(BODY) - 1, before[1]))
    try:
        with pytest.raises(ptb.UnavailableError, match="File too large"):
            ptb.fetch(tmp_path, server.url("good"), sha1=SHA1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert os.listdir(tmp_path) == []


def test_fetch_interrupted_while_it_writes_leaves_nothing(server, tmp_path, monkeypatch):
    def interrupt(source, target):
        assert os.listdir(tmp_path) == [source.name]
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        ptb.fetch(tmp_path, server.url("good"), sha1=SHA1)
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="SIGINT is a matter of POSIX")
def test_fetch_interrupted_while_it_reads_leaves_nothing(server, tmp_path):
    process = fetch_elsewhere(server.url("slow"), tmp_path, stderr=subprocess.PIPE)
    assert server.half_read.wait(30)
    process.send_signal(signal.SIGINT)
    errors = process.communicate(timeout=30)[1]
    assert process.returncode == -signal.SIGINT
    assert b"KeyboardInterrupt" in errors
    assert os.listdir(tmp_path) == []


def test_fetch_many_times_at_once_gives_one_whole_file(server, tmp_path):
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(ptb.fetch, tmp_path, server.url("good"), sha1=SHA1) for _ in range(16)]
    assert {job.result() for job in jobs} == {tmp_path / "ptb.zip"}
    assert os.listdir(tmp_path) == ["ptb.zip"]
    assert (tmp_path / "ptb.zip").read_bytes() == BODY


@pytest.mark.parametrize(("answer", "total"), [("good", len(BODY)), ("unsized", None)])
def test_fetch_tells_its_progress_from_0_on(server, tmp_path, answer, total):
    told = []
    ptb.fetch(tmp_path, server.url(answer), sha1=SHA1, progress=lambda *args: told.append(args))
    done = [bytes_so_far for bytes_so_far, _ in told]
    assert (done[0], done[-1]) == (0, len(BODY))
    assert done == sorted(set(done))
    assert {total for _, total in told} == {total}


def test_fetch_shows_a_bar_only_where_the_command_runs_at_a_terminal(
    server, tmp_path, monkeypatch, capsys
):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    ptb.fetch(tmp_path, server.url("good"), sha1=SHA1, progress=Watcher().fetching)
    assert terminal.getvalue() == ""
    with Console() as console:
        ptb.fetch(tmp_path, server.url("good"), sha1=SHA1, progress=console.fetching)
    assert re.match(r"\rptb\.zip: +0%.*512k", terminal.getvalue())
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with Console() as console:
        ptb.fetch(tmp_path, server.url("good"), sha1=SHA1, progress=console.fetching)
    assert sys.stderr.getvalue() == ""
    assert capsys.readouterr().out == ""


def fetch_elsewhere(url, folder, stderr):
    """A process that fetches."""
    code = f"from pathlib import Path; from w2v.text import ptb; ptb.fetch(Path({str(folder)!r}), "
    code += f"{url!r}, sha1={SHA1!r})"
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=stderr)


def test_find_gives_none_where_there_is_nothing(tmp_path):
    assert ptb.find(tmp_path, "train") is None
    assert ptb.find(tmp_path / "none", "train") is None


@pytest.mark.parametrize("name", ["ptb.zip", "ptb/ptb.train.txt", "ptb.train.txt"])
def test_find_refuses_another_content_and_gives_both_digests(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"not that text\n")
    algorithm = "sha1" if name == "ptb.zip" else "md5"
    ours = hashlib.new(algorithm, b"not that text\n").hexdigest()
    theirs = ptb.ARCHIVE_SHA1 if name == "ptb.zip" else ptb.TEXT_MD5["train"]
    way_out = "fetched anew" if name == "ptb.zip" else f"--corpus {re.escape(str(path))}"
    match = f"{re.escape(repr(str(path)))}.*{algorithm} is {ours}, but must be {theirs}.*{way_out}"
    with pytest.raises(W2VError, match=match):
        ptb.find(tmp_path, "train")
    # Not even where `sample` may stand in: the user thinks that this is PTB.
    with pytest.raises(W2VError, match=match):
        corpus.open_corpus(Config(data_dir=str(tmp_path)))
    assert path.read_bytes() == b"not that text\n"


def test_find_says_what_it_cannot_read(tmp_path):
    (tmp_path / "ptb.zip").mkdir()
    with pytest.raises(W2VError, match=r"cannot read .*ptb\.zip.*: Is a directory"):
        ptb.find(tmp_path, "train")
    (tmp_path / "ptb.zip").rmdir()
    (tmp_path / "ptb.zip").symlink_to("nowhere")
    with pytest.raises(W2VError, match=r"ptb\.zip is a link to now"):
        ptb.find(tmp_path, "train")


def archive_of(ptb_dir):
    if not (ptb_dir / "ptb.zip").exists():
        pytest.skip(f"{ptb_dir} holds PTB unpacked, not as ptb.zip")
    return ptb_dir / "ptb.zip"


@pytest.mark.parametrize(
    ("part", "lines", "tokens"), [("train", 42_068, 887_521), ("valid", 3_370, 70_390)]
)
def test_archive_and_unpacked_text_read_alike(ptb_dir, tmp_path, part, lines, tokens):
    with zipfile.ZipFile(archive_of(ptb_dir)) as files:
        text = files.read(f"ptb/ptb.{part}.txt")
    assert (text.count(b"\n"), len(text.split())) == (lines, tokens)
    (tmp_path / f"ptb.{part}.txt").write_bytes(text)
    opened = {"train": corpus.open_corpus, "valid": corpus.ptb_validation}[part]
    for folder in (ptb_dir, tmp_path):
        opening = opened(Config(corpus="ptb", data_dir=str(folder)))
        assert opening.name == {"train": "ptb", "valid": "ptb-valid"}[part]
        assert opening.notice is None
        seen = []
        for _ in range(2):
            assert b"".join(opening.chunks(seen.append)) == text
        assert seen[-1] == opening.size
    assert opening.size == len(text)


def test_archive_is_streamed_with_packed_progress(ptb_dir, monkeypatch):
    archive_of(ptb_dir)
    monkeypatch.setattr(source, "CHUNK_BYTES", 100_000)
    opened = corpus.open_corpus(Config(corpus="ptb", data_dir=str(ptb_dir)))
    with zipfile.ZipFile(ptb_dir / "ptb.zip") as files:
        assert opened.size == files.getinfo("ptb/ptb.train.txt").compress_size
    seen = []
    pieces = list(opened.chunks(seen.append))
    assert len(pieces) > 40
    assert max(map(len, pieces)) < 110_000
    assert seen == sorted(seen)
    assert 0 < seen[0] < opened.size / 10
    assert seen[-1] == opened.size


def test_find_prefers_the_archive(ptb_dir, tmp_path):
    archive = archive_of(ptb_dir)
    (tmp_path / "ptb.train.txt").write_bytes(b"never looked at")
    (tmp_path / "ptb.zip").write_bytes(archive.read_bytes())
    assert ptb.find(tmp_path, "train") == tmp_path / "ptb.zip"


@pytest.mark.parametrize("name", [None, "ptb"])
def test_open_corpus_fetches_the_real_archive(ptb_dir, server, tmp_path, monkeypatch, name):
    server.body = archive_of(ptb_dir).read_bytes()
    monkeypatch.setattr(ptb, "URL", server.url("good"))
    monkeypatch.setenv("W2V_DATA_DIR", str(tmp_path))
    opened = corpus.open_corpus(Config(corpus=name))
    assert (opened.name, opened.notice) == ("ptb", None)
    assert sum(piece.count(b"\n") for piece in opened.chunks()) == 42_068
    assert os.listdir(tmp_path) == ["ptb.zip"]


@pytest.mark.parametrize("answer", ["to_no_port", "to_another_alphabet", "broken"])
def test_open_corpus_falls_back_from_a_strange_server(server, tmp_path, monkeypatch, answer):
    monkeypatch.setattr(ptb, "URL", server.url(answer))
    monkeypatch.setenv("W2V_DATA_DIR", str(tmp_path))
    assert corpus.open_corpus(Config()).name == "sample"


def test_open_corpus_falls_back_only_when_not_asked_for_ptb(refusing_url, tmp_path, monkeypatch):
    monkeypatch.setattr(ptb, "URL", refusing_url)
    monkeypatch.setenv("W2V_DATA_DIR", str(tmp_path))
    opened = corpus.open_corpus(Config())
    assert opened.name == "sample"
    assert re.search(f"sample.*PTB.*{refusing_url}.*refused", opened.notice)
    assert "\n" not in opened.notice
    with pytest.raises(W2VError, match=f"cannot fetch PTB from {refusing_url}.*refused"):
        corpus.open_corpus(Config(corpus="ptb"))
    assert os.listdir(tmp_path) == []


def test_data_dir_wins_over_the_environment(refusing_url, tmp_path, monkeypatch):
    monkeypatch.setattr(ptb, "URL", refusing_url)
    for name in ("asked", "environment", "data"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ptb.train.txt").write_text(f"{name}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("W2V_DATA_DIR", "environment")
    with pytest.raises(W2VError, match=r"asked.ptb\.train\.txt' is not PTB"):
        corpus.open_corpus(Config(data_dir="asked"))
    with pytest.raises(W2VError, match=r"environment.ptb\.train\.txt' is not PTB"):
        corpus.open_corpus(Config())
    monkeypatch.delenv("W2V_DATA_DIR")
    with pytest.raises(W2VError, match=r"'data.ptb\.train\.txt' is not PTB"):
        corpus.open_corpus(Config())

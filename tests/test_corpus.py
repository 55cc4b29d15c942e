"""Text from files and folders, as checked pieces; what is no text is refused with its place."""

import bz2
import gzip
import io
import lzma
import os
import random
import re
import sys
import tarfile
import tracemalloc
import unicodedata

import pytest

from w2v.config import Config
from w2v.errors import UsageError, W2VError
from w2v.text import corpus, source

PACK = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
TEXT = b"the cat sat\non the mat\n"


def opened(path, **settings):
    return corpus.open_corpus(Config(corpus=str(path), **settings))


def read(path, **settings):
    return b"".join(opened(path, **settings).chunks())


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("suffix", [*PACK, ".GZ"])
def test_file_is_unpacked_by_its_name(tmp_path, suffix):
    path = write(tmp_path / f"cat.txt{suffix}", PACK[suffix.lower()](TEXT))
    cat = opened(path)
    assert (cat.name, cat.notice, cat.size) == ("cat", None, path.stat().st_size)
    assert str(path) in cat.description
    assert b"".join(cat.chunks()) == TEXT
    assert b"".join(cat.chunks()) == TEXT  # anew


def test_file_packed_by_zstd_is_read_and_its_damage_told(tmp_path, monkeypatch):
    zstd = pytest.importorskip("backports.zstd", reason="the extra `zstd` is not installed")
    checked = {zstd.CompressionParameter.checksum_flag: 1}  # as the program zstd does
    packed = zstd.compress(TEXT * 100, options=checked) + zstd.compress(b"an end")
    path = write(tmp_path / "x.txt.zst", packed)
    assert opened(path).name == "x"
    assert read(path) == TEXT * 100 + b"an end\n"
    for damaged in (packed[:30], packed[:20] + b"\xff" * 9 + packed[29:]):
        with pytest.raises(W2VError, match=r"is damaged or cut short: .*; get it again"):
            read(write(path, damaged))
    write(path, packed)
    for name in ("backports.zstd", "compression.zstd", "compression"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delattr("backports.zstd")
    with pytest.raises(W2VError, match=r"x\.txt\.zst' is packed by zstd, .* install backports"):
        read(path)


def test_several_paths_and_patterns_are_read_in_order(tmp_path):
    folder = tmp_path / "texts"
    write(folder / "b.txt", b"b")
    write(folder / "a.txt", b"a")
    write(folder / "c.gz", gzip.compress(b"c"))
    write(tmp_path / "z", b"z")

    def of(*paths):
        return corpus.open_corpus(Config(corpus=paths))

    several = of(tmp_path / "z", folder)
    assert b"".join(several.chunks()) == b"z\na\nb\nc\n"
    assert several.name == "z+1"
    assert several.description == f"'{tmp_path}/z' and 1 more, files: 4"
    assert b"".join(of(folder / "*.txt").chunks()) == b"a\nb\n"
    assert b"".join(of(tmp_path / "**/[ac].*", tmp_path / "z").chunks()) == b"a\nc\nz\n"
    with pytest.raises(W2VError, match=r"texts/\*\.xz' matches no file; give ptb, sample"):
        of(folder / "*.xz")
    write(folder / "[x].txt", b"itself")
    assert b"".join(of(folder / "[x].txt").chunks()) == b"itself\n"


def test_names_of_texts_stand_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def of(*paths):
        return corpus.open_corpus(Config(corpus=paths))

    write(tmp_path / "t.txt", b"a b\n")
    for given, what in ((["ptb", "t.txt"], "ptb"), (["t.txt", "sample"], "sample")):
        with pytest.raises(UsageError, match=rf"^--corpus names {what} beside other texts; give"):
            of(*given)
    write(tmp_path / "ptb", b"c\n")  # a file of that name
    assert b"".join(of("t.txt", "ptb").chunks()) == b"a b\nc\n"
    with pytest.raises(UsageError, match=r"^--corpus names standard input, -, 2 times; it can be"):
        of("-", "t.txt", "-")


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz"])
def test_file_packed_in_several_parts_is_read_whole(tmp_path, suffix):
    assert read(write(tmp_path / f"x{suffix}", PACK[suffix](b"a b\n") * 3)) == b"a b\n" * 3


def slow_lower(text):
    """Each letter by itself, but for a sigma at the end of letters that are named Greek."""
    is_greek = ["GREEK" in unicodedata.name(char, "") for char in f" {text} "]
    return "".join(
        ("ς" if is_greek[i] and not is_greek[i + 2] else "σ") if char == "Σ" else char.lower()
        for i, char in enumerate(text)
    )


@pytest.mark.parametrize("seed", range(40))
def test_chunks_join_to_the_text_and_end_after_white_space(tmp_path, monkeypatch, seed):
    draw = random.Random(seed)
    # The last four are white space to str.split, but not here.
    letters = "aZΣßİé漢😀\0" + "\u00a0\u2028\x1c\x85"
    text = "".join(draw.choices([*letters, *" \t\n\r\v\f"], k=300)).encode()
    path = write(tmp_path / "x", text)
    monkeypatch.setattr(source, "CHUNK_BYTES", draw.randint(1, 50))
    for lower in (False, True):
        expected = slow_lower(text.decode()).encode() if lower else text
        expected += b"" if text.endswith(b"\n") else b"\n"
        pieces = list(opened(path, lower=lower).chunks())
        assert b"".join(pieces) == expected
        assert all(piece[-1:] in b" \t\n\r\v\f" for piece in pieces)
        assert len(pieces) > 2


@pytest.mark.parametrize("space", [b" ", b"\t", b"\n", b"\r", b"\v", b"\f"])
def test_chunks_are_cut_at_any_white_space(tmp_path, monkeypatch, space):
    monkeypatch.setattr(source, "CHUNK_BYTES", 7)
    monkeypatch.setattr(source, "WORD_BYTES", 7)
    pieces = list(opened(write(tmp_path / "x", (b"ab" + space) * 7)).chunks())
    ab = b"ab" + space  # 21 bytes, read as ab.ab.a, b.ab.ab and .ab.ab.
    assert pieces == [2 * ab, 2 * ab, 3 * ab, *([b"\n"] if space != b"\n" else [])]


def test_lower_knows_the_sigma_at_the_end_of_a_word(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "CHUNK_BYTES", 3)
    text = "ΣΑΣ ÉCOLE The\n"
    assert read(write(tmp_path / "x", text.encode()), lower=True).decode() == "σας école the\n"
    assert read(write(tmp_path / "x", text.encode())).decode() == text


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a", b"a\n"),
        (b"a b ", b"a b \n"),
        (b"a\r", b"a\r\n"),
        (b"a\n", b"a\n"),
        (b"\n", b"\n"),
        (b"\xef\xbb\xbfa\n", b"a\n"),
        (b"\xef\xbb\xbf", b"\n"),
        (b"a \xef\xbb\xbfb\n", b"a \xef\xbb\xbfb\n"),  # a mark at the start alone
        (b"", b"\n"),
    ],
)
@pytest.mark.parametrize("chunk_bytes", [2, source.CHUNK_BYTES])
def test_file_ends_a_line_and_loses_its_byte_order_mark(
    tmp_path, monkeypatch, content, expected, chunk_bytes
):
    monkeypatch.setattr(source, "CHUNK_BYTES", chunk_bytes)
    assert read(write(tmp_path / "x.gz", gzip.compress(content))) == expected


def test_folder_gives_its_files_in_order_each_ending_a_line(tmp_path):
    folder = tmp_path / "my texts"
    write(folder / "b.txt", b"b")
    write(folder / "a" / "z.txt.gz", gzip.compress(b"\xef\xbb\xbfz"))
    write(folder / "a" / "deep" / "y", b"y \n")
    write(folder / "a.txt", b"a ")
    write(folder / "empty", b"")
    write(folder / ".hidden", b"hidden")
    write(folder / ".git" / "x", b"hidden")
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "fifo")
    (tmp_path / "elsewhere").mkdir()
    write(tmp_path / "elsewhere" / "far", b"far\n")
    (folder / "c").symlink_to(tmp_path / "elsewhere")
    (folder / "a" / "loop").symlink_to(folder)
    texts = opened(folder)
    seen = []
    assert b"".join(texts.chunks(seen.append)) == b"y \nz\na \nb\nfar\n"
    assert texts.name == "my_texts"
    assert texts.description == f"'{folder}', files: 5"
    packed = (folder / "a" / "z.txt.gz").stat().st_size
    assert texts.size == seen[-1] == 3 + packed + 2 + 1 + 4


@pytest.mark.parametrize("suffix", PACK)
def test_progress_counts_the_bytes_on_disk(tmp_path, monkeypatch, suffix):
    draw = random.Random(0)
    text = b"".join(b"%d " % draw.getrandbits(60) for _ in range(20_000))
    first = write(tmp_path / "x" / f"1{suffix}", PACK[suffix](text))
    second = write(tmp_path / "x" / f"2{suffix}", PACK[suffix](text))
    packed_nothing = write(tmp_path / "x" / f"3{suffix}", PACK[suffix](b""))
    monkeypatch.setattr(source, "CHUNK_BYTES", 20_000)
    seen = []
    texts = opened(tmp_path / "x")
    for _ in texts.chunks(seen.append):
        pass
    assert texts.size == sum(path.stat().st_size for path in (first, second, packed_nothing))
    assert seen == sorted(seen)
    assert seen[-1] == texts.size
    assert first.stat().st_size in seen
    assert len(set(seen)) > (1 if suffix == ".bz2" else 3)  # bzip2's blocks are of 900 kB


def test_chunks_hold_a_bounded_part_in_memory(tmp_path, monkeypatch):
    path = write(tmp_path / "x.gz", gzip.compress(b"some words \n" * 2_000_000))  # 24 MB
    monkeypatch.setattr(source, "CHUNK_BYTES", 1 << 18)
    tracemalloc.start()
    try:
        assert sum(map(len, opened(path).chunks())) == 24_000_000
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("x/reviews.txt.gz", "reviews"),
        ("reviews.gz", "reviews"),
        ("reviews.2024.txt", "reviews.2024"),
        ("./ptb", "ptb"),
        ("a b:c.txt", "a_b_c"),
        ("böse.txt", "böse"),
        (".hidden.txt", "hidden"),
    ],
)
def test_name_of_a_file_is_its_stem(tmp_path, monkeypatch, path, name):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / path, PACK[os.path.splitext(path)[1] if path.endswith(".gz") else ""](TEXT))
    assert opened(path).name == name
    assert b"".join(opened(path).chunks()) == TEXT


def test_name_of_a_folder_is_never_a_dot(tmp_path, monkeypatch):
    write(tmp_path / "v1.0" / "inner" / "x", TEXT)
    monkeypatch.chdir(tmp_path / "v1.0" / "inner")
    assert [opened(path).name for path in (".", "..", "../")] == ["inner", "v1.0", "v1.0"]


def test_sample_is_read_without_a_notice(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "sample", b"a file of that name\n")
    sample = opened("sample", data_dir=str(tmp_path))
    text = b"".join(sample.chunks())
    assert (sample.name, sample.notice, sample.size) == ("sample", None, len(text))
    assert len(text) > 1_000_000
    assert text.endswith(b"\n")
    assert "b'" not in repr(sample)  # the text stays out of it
    assert read("./sample") == b"a file of that name\n"


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"one two\nthree\n ", "é\n".encode() * 9])
@pytest.mark.parametrize("bad", [b"\xff", b"\xc3(", b"\xe2\x82", b"\xed\xa0\x80", b"\xc0\xaf"])
@pytest.mark.parametrize("suffix", ["", ".xz"])
def test_text_that_is_not_utf8_is_refused_with_its_place(
    tmp_path, monkeypatch, before, bad, suffix
):
    monkeypatch.setattr(source, "CHUNK_BYTES", 5)
    path = write(tmp_path / f"x{suffix}", PACK[suffix](before + b"a" + bad + b" b\n"))
    place = f"line {before.count(10) + 1}, byte offset {len(before) + 1};"
    match = f"{re.escape(repr(str(path)))} is not UTF-8: byte 0x{bad[0]:02x} at {place}"
    with pytest.raises(W2VError, match=match):
        read(path)
    write(tmp_path / "0.txt", b"sound\n")
    with pytest.raises(W2VError, match=match):  # the place is the file's, not the folder's
        read(tmp_path)


@pytest.mark.parametrize("chunk_bytes", [8, 17, 40, 100])
@pytest.mark.parametrize("before", [b"", b"a b\nc ", b"word " * 20 + b"\n"])
@pytest.mark.parametrize("after", [b"", b" ", b"\nd"])
def test_word_that_is_too_long_is_refused_with_its_place(
    tmp_path, monkeypatch, chunk_bytes, before, after
):
    monkeypatch.setattr(source, "CHUNK_BYTES", chunk_bytes)
    monkeypatch.setattr(source, "WORD_BYTES", 16)
    path = write(tmp_path / "x", before + b"w" * 16 + after)
    assert read(path).rstrip(b"\n") == path.read_bytes().rstrip(b"\n")
    path = write(tmp_path / "x", before + b"w" * 17 + after)
    place = f"line {before.count(10) + 1}, byte offset {len(before)}; is this text"
    with pytest.raises(W2VError, match=f"more than 16 bytes, starting at {place}"):
        read(path)


def test_long_word_limit_is_one_mebibyte(tmp_path):
    assert len(read(write(tmp_path / "x", b"a " + b"w" * 2**20))) == 2**20 + 3
    with pytest.raises(
        W2VError, match="more than 1048576 bytes, starting at line 1, byte offset 2"
    ):
        read(write(tmp_path / "x", b"a " + b"w" * (2**20 + 1) + b" b\n"))


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz"])
@pytest.mark.parametrize("damage", ["truncated", "changed", "overwritten"])
def test_damaged_file_is_refused(tmp_path, suffix, damage):
    draw = random.Random(1)
    packed = PACK[suffix](b"".join(b"%d " % draw.getrandbits(60) for _ in range(5000)))
    middle = len(packed) // 2
    content = {
        "truncated": packed[:middle],
        "changed": packed[:middle] + bytes([packed[middle] ^ 255]) + packed[middle + 1 :],
        "overwritten": packed[:20] + b"\xff" * len(packed),
    }[damage]
    path = write(tmp_path / f"x{suffix}", content)
    match = f"^{re.escape(repr(str(path)))} is damaged or cut short: .*; get it again$"
    with pytest.raises(W2VError, match=match):
        read(path)


ZIP = b"PK\3\4\x14\0\0\0\0\0" + TEXT  # stored as it is: nothing in it is not UTF-8


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.zip", ZIP, "is a zip archive; give the text that is in it"),
        ("x.txt", ZIP, "is a zip archive; give"),
        ("x.gz", ZIP, "is a zip archive; give"),
        ("x.xz", ZIP, "is a zip archive; give"),
        ("x.docx", ZIP, "is a zip archive; give"),
        ("x.txt", gzip.compress(TEXT, mtime=0), "is packed by gzip; name it .gz"),
        ("x.gz", bz2.compress(TEXT), "is packed by bzip2; name it .bz2"),
        ("x.bz2", lzma.compress(TEXT), "is packed by xz; name it .xz"),
        ("x.txt", b"\x28\xb5\x2f\xfd" + bytes(20), "is packed by zstd; name it .zst"),
        ("x.txt", b"%PDF-1.7 and more", "is a PDF; give the text"),
        ("x.gz", TEXT, "is not packed, as .gz says; name it .txt"),
        ("x.xz", TEXT, "is not packed, as .xz says; name it .txt"),
    ],
)
def test_file_that_is_no_text_is_called_what_it_is(tmp_path, name, content, message):
    path = write(tmp_path / name, content)
    with pytest.raises(W2VError, match=f"^{re.escape(f'{str(path)!r} {message}')}"):
        read(path)


@pytest.mark.parametrize("text", [b"PK is a word", b"BZh9 and BZh", b"7z", b"Rar!"])
def test_text_that_begins_like_an_archive_is_read(tmp_path, text):
    assert read(write(tmp_path / "x.txt", text)) == text + b"\n"


def test_path_that_is_missing_is_refused(tmp_path):
    with pytest.raises(W2VError, match=r"none\.txt' does not exist; give ptb, sample"):
        opened(tmp_path / "none.txt")
    write(tmp_path / "x" / "file", TEXT)
    (tmp_path / "x" / "link").symlink_to("nowhere")
    with pytest.raises(W2VError, match="link' does not exist"):
        opened(tmp_path / "x")
    with pytest.raises(W2VError, match=r"cannot read .*file.below': Not a directory"):
        opened(tmp_path / "x" / "file" / "below")


def test_path_that_is_empty_is_refused():
    with pytest.raises(W2VError, match=r"--corpus is ''; it must be ptb\|sample\|PATH, not empty"):
        opened("")


def test_nothing_to_read_is_refused(tmp_path):
    write(tmp_path / "x" / ".hidden", TEXT)
    with pytest.raises(W2VError, match=r"x' has no files in it \(hidden ones"):
        opened(tmp_path / "x")
    empty = write(tmp_path / "x" / "empty.gz", b"")
    for path in (empty, tmp_path / "x"):
        with pytest.raises(W2VError, match=f"{re.escape(repr(str(path)))} is empty"):
            opened(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="special files are a matter of POSIX")
def test_special_files_are_refused(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", "/dev/null"):
        with pytest.raises(W2VError, match=f"'{path}' is no regular file or folder; save"):
            opened(path)
    (tmp_path / "x").mkdir()
    os.mkfifo(tmp_path / "x" / "fifo")
    with pytest.raises(W2VError, match="x' has no files in it"):
        opened(tmp_path / "x")


@pytest.fixture
def unprivileged(tmp_path, monkeypatch):
    """Call it to lose the rights of root, whom no mode keeps from reading; paths are relative."""
    if not hasattr(os, "geteuid"):
        pytest.skip("modes are a matter of POSIX")
    tmp_path.chmod(0o755)
    monkeypatch.chdir(tmp_path)  # the folders above are for their owner only
    before = os.geteuid()
    yield lambda: os.seteuid(before or 65534)
    os.seteuid(before)


def test_file_that_may_not_be_read_is_refused(tmp_path, unprivileged):
    write(tmp_path / "x", TEXT).chmod(0)
    unprivileged()
    with pytest.raises(W2VError, match="cannot read 'x': Permission denied"):
        read("x")


def test_folder_that_may_not_be_read_is_refused_not_skipped(tmp_path, unprivileged):
    write(tmp_path / "folder" / "sound", TEXT)
    inner = tmp_path / "folder" / "inner"
    write(inner / "x", TEXT)
    inner.chmod(0)
    unprivileged()
    with pytest.raises(W2VError, match=r"cannot read 'folder.inner': Permission denied"):
        opened("folder")


def test_file_that_goes_away_is_refused(tmp_path):
    path = write(tmp_path / "x", TEXT)
    texts = opened(path)
    path.unlink()
    with pytest.raises(W2VError, match=r"cannot read .*x': No such file"):
        list(texts.chunks())


def test_errors_of_who_reads_stay_what_they_are(tmp_path):
    path = write(tmp_path / "x", TEXT)

    def fail(done):
        raise BrokenPipeError("of the progress bar")

    with pytest.raises(BrokenPipeError, match="progress bar"):
        list(opened(path).chunks(fail))


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("change", ["cut", "longer", "rewritten"])
def test_text_that_changes_while_it_is_read_is_refused(tmp_path, monkeypatch, suffix, change):
    monkeypatch.setattr(source, "CHUNK_BYTES", 1000)
    lines = b"".join(b"%d\n" % number for number in range(100_000))
    path = write(tmp_path / f"x.txt{suffix}", PACK[suffix](lines))
    size = path.stat().st_size
    pieces = opened(path).chunks()
    next(pieces)
    if change == "cut" and not suffix:
        os.truncate(path, size // 2)
    elif change == "longer":
        with open(path, "ab") as file:
            file.write(PACK[suffix](b"more\n"))
    else:
        os.utime(path, (1, 1))  # as whatever writes a byte leaves another time
    with pytest.raises(W2VError, match=r"x\.txt.*was changed while it was read \([\d,]+ bytes"):
        list(pieces)


def test_text_that_takes_the_place_of_one_that_is_read_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "CHUNK_BYTES", 1000)
    path = write(tmp_path / "x.txt", TEXT * 1000)
    pieces = opened(path).chunks()
    next(pieces)
    new = write(tmp_path / "new", TEXT * 1000)
    os.utime(new, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))  # another one all the same
    new.replace(path)
    with pytest.raises(W2VError, match=r"x\.txt' was changed while it was read"):
        list(pieces)
    pieces = opened(path).chunks()
    first = next(pieces)
    path.unlink()  # what is open stays whole
    assert first + b"".join(pieces) == TEXT * 1000


@pytest.mark.parametrize("name", ["text.tar", "text.tar.gz", "text.txt", "twice.gz"])
def test_archive_within_is_called_what_it_is(name, tmp_path):
    (tmp_path / "words").write_text("a b c\n" * 100)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(tmp_path / "words", "words")
    content, what = archive.getvalue(), "a tar archive"
    if name == "twice.gz":
        content, what = gzip.compress(b"a b c\n" * 100), "packed by gzip"
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    with pytest.raises(W2VError, match=f"{name}' (is|holds) {what}; give the text that is in it"):
        read(path)

"""Strange bytes for the tests of readers: thought out by Hypothesis, or by chance."""

import json
import random
import struct

from hypothesis import strategies as st

from w2v.formats import npy

words = st.text(st.characters(codec="utf-8", exclude_categories=()), min_size=0, max_size=6)
prose = st.lists(words, max_size=30).map(lambda parts: " ".join(parts).encode())
texts = st.one_of(st.binary(max_size=400), prose, st.builds(bytes.__add__, prose, st.binary()))


def mutations(valid):
    """A valid file with some bytes changed, cut out or put in."""
    spot = st.integers(0, len(valid))

    def mutate(edits):
        content = valid
        for at, cut, put in edits:
            content = content[:at] + put + content[at + cut :]
        return content

    edit = st.tuples(spot, st.integers(0, 12), st.binary(max_size=12))
    return st.lists(edit, min_size=1, max_size=4).map(mutate)


def headers():
    """Safetensors files whose header is well-formed JSON, and says anything."""
    number = st.one_of(st.integers(-3, 70), st.sampled_from([2**31, 2**40, 2**63, 2**64, 10**30]))
    value = st.recursive(
        st.one_of(st.none(), st.booleans(), number, st.floats(), words, st.just("F32")),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner)),
        max_leaves=6,
    )
    entry = st.fixed_dictionaries(
        {
            "dtype": st.sampled_from(["F32", "F64", "U8", 7]),
            "shape": st.one_of(st.lists(number, max_size=3), value),
            "data_offsets": st.one_of(st.lists(number, max_size=3), value),
        }
    )
    names = st.sampled_from(["in_vectors", "out_vectors", "__metadata__", "other"])
    header = st.dictionaries(names, st.one_of(entry, value), max_size=4)

    def file(header, tail):
        text = json.dumps(header).encode()
        return struct.pack("<Q", len(text)) + text + tail

    return st.builds(file, header, st.binary(max_size=64))


def lines_of_numbers():
    """Texts like those of word2vec and GloVe, and binaries: near misses in sizes and numbers."""
    size = st.one_of(st.integers(-1, 4), st.sampled_from([2**31, 2**40, 10**15, 10**30]))
    header = st.one_of(st.just(b""), st.builds(lambda v, d: b"%d %d\n" % (v, d), size, size))
    number = st.one_of(st.floats(width=32).map(repr), st.integers().map(str), words, st.just("1_0"))
    row = st.builds(lambda word, fields: " ".join([word, *fields]), words, st.lists(number))
    text = st.lists(row, max_size=4).map(lambda rows: "".join(f"{r}\n" for r in rows).encode())
    floats = st.lists(st.floats(width=32), max_size=3).map(
        lambda numbers: struct.pack(f"<{len(numbers)}f", *numbers)
    )
    record = st.builds(lambda word, raw: word.encode() + b" " + raw, words, floats)
    binary = st.lists(record, max_size=4).map(b"".join)
    return st.builds(bytes.__add__, header, st.one_of(text, binary, st.binary(max_size=40)))


def npy_headers():
    """.npy files whose header is well-formed Python, and says anything."""
    number = st.one_of(st.integers(-3, 5), st.sampled_from([2**31, 2**62, 2**64, 10**30]))
    kind = st.one_of(st.sampled_from(["<f4", ">f8", "<f2", "|O", "<U9", "f4,i8", "<M8[s]"]), words)
    value = st.one_of(number, st.lists(number), words, st.none(), st.booleans())
    header = st.fixed_dictionaries(
        {
            "descr": st.one_of(kind, value, st.lists(st.tuples(words, kind), max_size=2)),
            "fortran_order": st.one_of(st.booleans(), value),
            "shape": st.one_of(st.lists(number, max_size=3).map(tuple), value),
        }
    )

    def file(version, header, tail):
        text = repr(header).encode("latin1", "replace")
        length = struct.pack("<H" if version == 1 else "<I", len(text))
        return npy.MAGIC + bytes([version, 0]) + length + text + tail

    return st.builds(file, st.integers(1, 3), header, st.binary(max_size=64))


# What numbers, lines, sizes and text go wrong at.
TOKENS = (
    b"\0", b"\n", b"\r\n", b" ", b"\t", b"\xff", b"\xff" * 8, b"\0" * 8, b"nan", b"-inf", b"1e999",
    b"-1", b"0", b"9" * 20, b"1_0", b"{", b"[", b"]}", b'"', b"null", b"true", b"\\u0000", b"<unk>",
    b":", b"#", b",", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xe2\x80\xa8", b"\xc3\xa9", b"\x1b[2J",
    b"--", b"--minus", b"--similarity",
)  # fmt: skip


def mutated(valid, others, n, seed):
    """Yield n inputs: every other one the valid file, the rest some of the others, all edited."""
    chance = random.Random(seed)
    for number in range(n):
        content = valid if number % 2 else chance.choice(others)
        for _ in range(chance.randint(1, 4)):
            at, cut = chance.randint(0, len(content)), chance.choice((0, 0, 1, 1, 2, 8, 1000))
            how = chance.random()
            if how < 0.4:
                put = chance.choice(TOKENS)
            elif how < 0.7:
                put = chance.randbytes(chance.randint(0, 8))
            else:
                other = valid if how < 0.85 else chance.choice(others)
                start = chance.randint(0, len(other))
                put = other[start : start + chance.randint(1, 40)]
            content = content[:at] + put + content[at + cut :]
        yield content

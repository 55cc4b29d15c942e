"""What a file is that is no plain text, told by its first bytes, whatever it is called."""

from typing import NamedTuple

HEAD_BYTES = 262  # that tell


class Packed(NamedTuple):
    """what: in words, after "is".  suffix: of such files.  begins: the bytes `at` a place."""

    what: str
    suffix: str
    begins: tuple[bytes, ...]
    at: int = 0


KINDS = (
    Packed("packed by gzip", ".gz", (b"\x1f\x8b",)),
    Packed("packed by bzip2", ".bz2", tuple(b"BZh%d1AY&SY" % size for size in range(1, 10))),
    Packed("packed by xz", ".xz", (b"\xfd7zXZ\0",)),
    Packed("packed by zstd", ".zst", (b"\x28\xb5\x2f\xfd",)),
    # Documents of office programs are zip archives, too.
    Packed("a zip archive", ".zip", (b"PK\3\4", b"PK\5\6", b"PK\7\x08")),
    Packed("a 7z archive", ".7z", (b"7z\xbc\xaf\x27\x1c",)),
    Packed("a rar archive", ".rar", (b"Rar!\x1a\7",)),
    Packed("a tar archive", ".tar", (b"ustar",), at=257),
    Packed("a PDF", ".pdf", (b"%PDF-",)),
)


def told_by(head: bytes) -> Packed | None:
    """What begins with the bytes `head`; None for text, and whatever else is not in KINDS."""
    return next((kind for kind in KINDS if head.startswith(kind.begins, kind.at)), None)

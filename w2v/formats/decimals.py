"""Numbers in text: as short as they can be, and exact."""

from collections.abc import Iterator

from w2v.vectors.wordvectors import WordVectors

_ROWS = 2**12  # converted at a time
# The one float32 whose shortest decimal, read as a double and then rounded, gives its neighbour
# (found by continued fractions: no other decimal of nine digits is that near to a midpoint).
_ONE_MORE_DIGIT = b"7.038531e-26", b"7.0385307e-26"


def decimal_rows(wv: WordVectors, separator: bytes) -> Iterator[bytes]:
    """Yield the numbers of each word but `<unk>`: the shortest that read back the same bits."""
    for first in range(1, len(wv), _ROWS):
        for row in wv.vectors[first : first + _ROWS].astype("S").tolist():
            yield separator.join(row).replace(*_ONE_MORE_DIGIT)

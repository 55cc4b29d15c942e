"""A text read in shares is the text read whole: the same vocabulary, and the same ids in order."""

import threading

import numpy as np
import pytest

from texts import Text, zipf_lines
from w2v.errors import UsageError, W2VError
from w2v.text import shared_vocab
from w2v.text.shares import Share
from w2v.text.token_cache import Reading
from w2v.text.vocab import read
from w2v.text.word_table import WORD_MASK

PIECE = 400  # bytes, about


class InThreads:
    """The ranks of `shared_vocab.Ranks`, as threads: what one shows, all see."""

    def __init__(self, n):
        self.share = Share(0, n)
        self._shown, self._barrier = [None] * n, threading.Barrier(n)

    def rank(self, number):
        other = object.__new__(InThreads)
        vars(other).update(vars(self), share=Share(number, self.share.of))
        return other

    def each(self, arrays):
        self._shown[self.share.number] = arrays
        self._barrier.wait()
        yield from list(self._shown)

    def broadcast(self, arrays):
        self._barrier.wait()
        if arrays is not None:
            self._shown[0] = arrays
        self._barrier.wait()
        return self._shown[0]

    def run(self, function):
        """[function(rank) of each rank]; raises what rank 0 raised."""
        results = [None] * self.share.of

        def work(number):
            try:
                results[number] = function(self.rank(number))
            except threading.BrokenBarrierError:
                pass
            except W2VError as error:
                results[number] = error
                self._barrier.abort()

        threads = [threading.Thread(target=work, args=(n,)) for n in range(len(results))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if isinstance(results[0], W2VError):
            raise results[0]
        return results


def pieces_of(text):
    """A text cut after white space, every PIECE bytes or so."""
    pieces, first = [], 0
    while first < len(text):
        end = min(len(text), first + PIECE)
        while end < len(text) and text[end - 1 : end] not in (b" ", b"\n"):
            end += 1
        pieces.append(text[first:end])
        first = end
    return pieces


TEXTS = {
    "lines": zipf_lines(300, 2000).encode(),
    "one line": zipf_lines(300, 500).replace("\n", " ").encode() + b"\n",
    "few words a line": zipf_lines(50, 900, longest=3).encode(),
    "spaces": zipf_lines(80, 300).replace(" ", "\t\v ").replace("\n", "\n\n \n").encode(),
    "beyond ASCII": zipf_lines(200, 700).replace("w1", "wé\u00a0漢").encode(),
}


def shared(pieces, n, min_count=2):
    return InThreads(n).run(
        lambda ranks: shared_vocab.read_share(Reading(Text(pieces)), min_count, None, ranks)
    )


def ids_of(text):
    return np.concatenate([np.empty(0, np.int32), *text.blocks]) & WORD_MASK


@pytest.mark.parametrize("n", [1, 2, 3, 8])
@pytest.mark.parametrize("name", TEXTS)
def test_shares_give_the_vocabulary_and_the_ids_of_the_whole(name, n):
    pieces = pieces_of(TEXTS[name])
    vocabulary, text = read(Text(pieces), 2)
    shares = shared(pieces, n)
    for other, share in shares:
        assert other.words == vocabulary.words
        np.testing.assert_array_equal(other.counts, vocabulary.counts)
        about = share.n_tokens, share.n_lines, share.n_read, share.digest
        assert about == (text.n_tokens, text.n_lines, text.n_read, text.digest)
    # Each share's ids, piece by piece, stand between those of its neighbours.
    ids = {word: index for index, word in enumerate(vocabulary.words) if index}
    in_shares = [iter(ids_of(share).tolist()) for _, share in shares]
    together = [
        next(in_shares[number])
        for piece in pieces
        for number in range(n)
        for word in Share(number, n).part(piece).decode().translate(SPACES).split(" ")
        if word in ids
    ]
    assert together == ids_of(text).tolist()
    assert [next(left, None) for left in in_shares] == [None] * n


SPACES = dict.fromkeys(map(ord, "\n\t\v\f\r"), " ")


@pytest.mark.parametrize("n", [2, 3, 8, 1000])
@pytest.mark.parametrize("name", TEXTS)
def test_parts_of_a_piece_are_the_piece_and_cut_no_word(name, n):
    for piece in pieces_of(TEXTS[name])[:5]:
        parts = [Share(number, n).part(piece) for number in range(n)]
        assert b"".join(parts) == piece
        assert all(part[-1:].isspace() for part in parts if part)


def test_parts_of_lines_end_where_a_line_does():
    piece = TEXTS["lines"][:4000].rpartition(b"\n")[0] + b"\n"
    parts = [Share(number, 8).part(piece) for number in range(8)]
    assert all(part.endswith(b"\n") for part in parts)
    assert max(map(len, parts)) < 2 * len(piece) / 8


def test_blocks_of_shares_stand_at_positions_of_their_own_and_count_those_of_others():
    (_, first), (_, second) = shared(pieces_of(TEXTS["lines"]), 2)
    assert (first.first_position(0), second.first_position(1)) == (0, 2**40 + 2**22)
    assert (first.tokens_before(0), second.tokens_before(1)) == (0, second.n_tokens)


def test_a_share_without_words_is_refused_by_its_number():
    with pytest.raises(UsageError, match=r"2 words in 1 lines, .* rank 1 of 2 without"):
        shared([b"a b\n"], 2, min_count=1)


@pytest.mark.parametrize(
    ("last", "message"),
    [
        ([b"a b d\n" * 20], "rank 3 reads another text than rank 0: their SHA-256 are"),
        ([b"a b c\n" * 10] * 2, "rank 3 reads the text from other files than rank 0, in 2 pieces"),
    ],
)
def test_unequal_texts_are_refused_by_the_number_of_the_rank(last, message):
    texts = [[b"a b c\n" * 20]] * 3 + [last]

    def reading(ranks):
        here = Reading(Text(texts[ranks.share.number]))
        return shared_vocab.read_share(here, 1, None, ranks)

    with pytest.raises(W2VError, match=message):
        InThreads(4).run(reading)

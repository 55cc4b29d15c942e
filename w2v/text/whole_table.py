"""All words of a text in one table, from the tables that threads fill with those of its pieces."""

import numpy as np
import numpy.typing as npt

from w2v.text.word_table import WORD_MASK, Adopting, Table, WordTable, adopt, filled_slots

# Different words at a time. Where there are more, rare ones are dropped, as word2vec.c does when
# there are 21 million, and gensim when there are more than max_vocab_size.
MOST_WORDS = 2**24

Tokens = npt.NDArray[np.int32]


class PieceTable(WordTable):
    """The words of some pieces of a text.

    numbers: (n,) int32, of its words in the WholeTable, or -1 where that is not known.
    generation: of the WholeTable, in which they are right.
    """

    def __init__(self) -> None:
        super().__init__()
        self.numbers, self.generation = np.empty(0, np.int32), 0


class WholeTable(WordTable):
    """All words of a text, numbered in the order of first appearance, and how often they occur.

    Args:
        most_words: at a time; None: MOST_WORDS.

    n_words: numbers that were given.  n_live: those whose words were not dropped.
    n_lines: lines.  longest: tokens of the longest one.
    n_lacking: the most occurrences that a word's count lacks, since it was dropped before.
    """

    def __init__(self, most_words: int | None = None) -> None:
        super().__init__()
        self.most_words = MOST_WORDS if most_words is None else most_words
        self.n_lines = self.longest = self.n_live = self.n_lacking = 0
        self._counts = np.zeros(len(self.table.hashes), np.int64)
        self._n_open = 0  # words of the line that goes on into the next piece
        self._generation = 0  # goes up where words are dropped
        self._bound = 0  # they are those counted so often, or less often
        self._n_exact: int | None = None  # numbers that were given before

    @property
    def n_exact(self) -> int:
        """Words with a lower number are counted exactly."""
        return self.n_words if self._n_exact is None else self._n_exact

    def adopt(
        self, of: PieceTable, piece: Table, tokens: Tokens, n_lines: int, in_sentence: bool
    ) -> Tokens:
        """The tokens of the next piece, in place, with numbers of this table.

        Args:
            of: the table that numbered them.  piece: its Table as it was then.
            n_lines, in_sentence: as WordTable.encode gives them.
        """
        done = 0
        while done < len(tokens):
            self._match(of, len(piece.hashes))
            state = Adopting(done, self.n_words, self.n_live, self._n_open, self.longest)
            done, self.n_words, self.n_live, self._n_open, self.longest = adopt(
                tokens, of.numbers, piece, self.table, self._counts, self.most_words, state
            )
            if done < len(tokens):
                if self.n_live >= self.most_words:
                    self._drop_rare()
                word = tokens[done] & WORD_MASK
                self.grow(int(piece.starts[word + 1] - piece.starts[word]), self.n_live)
        self.n_lines += n_lines
        self._n_open = self._n_open if in_sentence else 0
        return tokens

    def words(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
        """counts, starts, letters: of all words, by number."""
        _, _, starts, letters = self.table
        n = self.n_words
        return self._counts[:n], starts[: n + 1], letters[: starts[n]]

    def grow(self, more_letters: int, n_live: int) -> None:
        super().grow(more_letters, n_live)
        more = len(self.table.hashes) - len(self._counts)
        if more > 0:
            self._counts = np.append(self._counts, np.zeros(more, np.int64))

    def _match(self, of: PieceTable, n_words: int) -> None:
        """Have room for the numbers of a PieceTable's words, and forget those of dropped words."""
        if of.generation != self._generation:
            of.numbers[:], of.generation = -1, self._generation
        more = n_words - len(of.numbers)
        if more > 0:
            of.numbers = np.append(of.numbers, np.full(more, -1, np.int32))

    def _drop_rare(self) -> None:
        """Make room as word2vec.c's ReduceVocab does: words are dropped by a bound that rises."""
        slots, hashes, starts, letters = self.table
        n, counts = self.n_words, self._counts[: self.n_words]
        lengths = np.diff(starts[: n + 1])
        self._bound = max(self._bound + 1, int(counts[lengths > 0].min()))
        self._n_exact, self.n_lacking = self.n_exact, self.n_lacking + self._bound
        is_kept = counts > self._bound
        counts[~is_kept] = 0
        kept_letters = letters[: starts[n]][np.repeat(is_kept, lengths)]
        letters[: len(kept_letters)] = kept_letters
        starts[1 : n + 1] = np.cumsum(np.where(is_kept, lengths, 0))
        self.table = Table(filled_slots(len(slots), hashes, starts, n), hashes, starts, letters)
        self.n_live, self._generation = int(is_kept.sum()), self._generation + 1

"""vocab.tsv: a line for each word, in id order: word, tab, count; UTF-8."""

from w2v.errors import damaged


def parse_vocab(raw, path):
    """The words and counts in the bytes of a vocab.tsv, two lists."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise damaged(path, f"byte {error.start} is not UTF-8") from error
    if not text.endswith("\n"):
        raise damaged(path, "its last line has no end")
    words, counts = [], []
    # Not splitlines(): a word may hold U+2028 and other ends of lines that are not ours.
    for number, line in enumerate(text[:-1].split("\n"), 1):
        word, _, count = line.partition("\t")
        if not word:
            raise damaged(path, f"line {number} has no word")
        if not (count.isascii() and count.isdigit() and len(count) < 19):  # below 2^63
            raise damaged(path, f"line {number} has the count {count[:40]!r}")
        words.append(word)
        counts.append(int(count))
    return words, counts

"""TensorBoard's embedding projector: a folder of two files with a line a word, without `<unk>`.

vectors.tsv: the word's numbers, with tabs between. metadata.tsv: a line of headings, then word,
tab, count.
"""

from pathlib import Path

from w2v.formats.decimals import decimal_rows
from w2v.formats.targets import new_folder
from w2v.storage import vocab_file
from w2v.vectors.wordvectors import WordVectors


def write(wv: WordVectors, path: Path) -> None:
    with new_folder(path, {"vectors.tsv", "metadata.tsv"}) as folder:
        metadata = vocab_file.format_vocab(wv.index_to_key[1:], wv.counts[1:].tolist())
        Path(folder, "metadata.tsv").write_bytes(b"word\tcount\n" + metadata)
        with open(Path(folder, "vectors.tsv"), "wb") as file:
            file.writelines(b"%b\n" % numbers for numbers in decimal_rows(wv, b"\t"))

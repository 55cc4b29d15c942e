"""Words and sentences of text as people write it: --tokenize words."""

import collections
import json
import random

import pytest
import tokenizers

import w2v
from w2v import raw_text, tokenizing
from w2v.config import UNK, Config
from w2v.formats import convert
from w2v.raw_text import tokenized
from w2v.text import corpus, source
from w2v.text.corpus import open_corpus
from w2v.text.vocab import read
from w2v.tokenizing import AS_IT_IS, Tokenization, Tokenizer
from w2v.vectors.saving import save_vectors

WORDS = Tokenization(words=True)

# What a text's words are, by the rules.
SPLIT = {
    "“Don’t,” he said -- it's 'fine'.": "Don't he said it's fine",
    "well-known snake_case and/or l’été": "well known snake case and or l'été",
    "It cost $3.50, or 1,000 (2nd) at 10:30; 3. 4,": "It cost 3.50 or 1,000 2nd at 10 30 3 4",
    "the U.S. and the U.S.A., e.g. J.R.R. Tolkien's": (
        "the U.S. and the U.S.A. e.g. J.R.R. Tolkien's"
    ),
    "end.Next a.b": "end Next a.b",
    "cafe\u0301 naı\u0308ve, so\u00adlid": "café naï̈ve solid".replace("ï̈", "ı\u0308"),
    "#hashtag @some_one #1 # @ a@b #_x": "#hashtag @some_one #1 a b x",
    "so happy 😀😀 👍🏽 ❤\ufe0f 👨\u200d👩\u200d👧 🇫🇷🇩🇪!": (
        "so happy 😀 😀 👍🏽 ❤\ufe0f 👨\u200d👩\u200d👧 🇫🇷 🇩🇪"
    ),
    "see https://a.org/b?c=d&e#f, www.x.org now": "see now",
    "me.too@host.example.org": "me too",
    "见http://x.cn/a，我们喜欢苹果": "见 我 们 喜 欢 苹 果",
    "(https://a.b/c)—then <http://x.org/été?q=1>so": "then so",
    "https://x.org/Mill_(river) and [it](http://x.org/a)b": "and it b",
    "https://x.org/((a (b": "a b",
    "if a <b then\nc is\nlarge -> d": "if a b then c is large d",
    "#标签 说@张三 #标签#我们": "#标签 说 @张三 #标签 我 们",
    '<p class="x">AT&amp;T<br />&nbsp;x < y, y > z &#8212;</p>': "AT T x y y z",
    "这本书很好": "这 本 书 很 好",
    "日本の猫とカメラ": "日 本 の 猫 と カメラ",
    "नमस्ते, दुनिया": "नमस्ते दुनिया",
    "می\u200cخواهم؛ کتاب": "می\u200cخواهم کتاب",
    "한국어 단어": "한국어 단어",
    "x² + ½ = ٣": "x² ½ ٣",
    "… -- !? ()": "",
    "": "",
}


@pytest.mark.parametrize("text", SPLIT)
def test_words_are_told_from_the_rest(text):
    assert WORDS.split(text) == SPLIT[text].split()


SENTENCES = {
    "It rained. We left! Why? “Indeed.” (Truly.) Well…": "It rained|We left|Why|Indeed|Truly|Well",
    "Mr. Tate met J. R. Smith on Jan. 3 in St. Louis. He left.": (
        "Mr Tate met J R Smith on Jan 3 in St Louis|He left"
    ),
    "In 1990. Then v. 3.5 of it, approx. five. and so on": (
        "In 1990|Then v 3.5 of it approx five and so on"
    ),
    "what a day . i left . it rained": "what a day|i left|it rained",
    "今天很好。明天呢？“好！”走": "今 天 很 好|明 天 呢|好|走",
    "मैं घर गया। वह आया।": "मैं घर गया|वह आया",
}


def sentences(words):
    return words.split("\n")


@pytest.mark.parametrize("text", SENTENCES)
def test_sentences_are_found_in_running_text(text):
    assert sentences(tokenized(text)) == SENTENCES[text].split("|")


WRAPPED = """THE OLD MILL

It had been a wet summer, and the
mill stood
idle. “We wait,” said the miller; his
wife

said nothing.

## Things to do
- mend the wheel
- feed the cat, which
  is hungry
1. Rest
"""


def test_lines_run_on_where_blank_lines_end_paragraphs():
    found = b"".join(pieces_of(WRAPPED, len(WRAPPED))).decode()
    assert sentences(found[:-1]) == [
        "THE OLD MILL",
        "It had been a wet summer and the mill stood idle",
        "We wait said the miller his wife",
        "said nothing",
        "Things to do",
        "mend the wheel",
        "feed the cat which is hungry",
        "1",
        "Rest",
    ]
    lines = "so tired today\nCan’t wait for it\n\n" + "one more line\n" * 40
    found = b"".join(pieces_of(lines, len(lines))).decode()
    assert sentences(found[:-1])[:3] == ["so tired today", "Can't wait for it", "one more line"]


def pieces_of(text, size, tokenization=WORDS):
    """What a Tokenizer makes of a text in pieces of about that many characters."""
    tokenizer, rest = Tokenizer(tokenization), text
    while rest:
        end = size
        while end < len(rest) and not rest[end - 1].isspace():
            end += 1
        yield tokenizer.feed(rest[:end].encode())
        rest = rest[end:]
    yield tokenizer.finish()


LINES = "One line. Two of Mr.\nTate's lines <a\nhref='x'> and x <b c.\n" * 60
LONG_LINES = "A line of many words. " * 9 + "\n" + "今天很好。明天呢？" * 30 + "\n\nshort <b\n>\n"


@pytest.mark.parametrize("most", [50, 2**18])
@pytest.mark.parametrize("text", [LINES, WRAPPED * 5, LONG_LINES * 3, WRAPPED + LONG_LINES])
def test_words_and_sentences_are_the_same_for_every_cut(text, most, monkeypatch):
    monkeypatch.setattr(tokenizing, "MOST_HELD", most)
    whole = b"".join(pieces_of(text, len(text))).decode()
    assert whole.split() == WORDS.split(text)
    for size in (1, 7, 40, 300, 1000):
        assert b"".join(pieces_of(text, size)).decode() == whole
        by_character = Tokenizer(WORDS)
        cut = [by_character.feed(text[i : i + size].encode()) for i in range(0, len(text), size)]
        assert b"".join([*cut, by_character.finish()]).decode() == whole
    if most == 50:  # a line that does not end is cut all the same
        assert max(len(sentence.split()) for sentence in sentences(whole)) <= most


def test_lines_without_white_space_are_no_words(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "CHUNK_BYTES", 100)
    monkeypatch.setattr(source, "WORD_BYTES", 200)
    monkeypatch.setattr(tokenizing, "MOST_HELD", 200)
    monkeypatch.setattr(corpus, "MOST_HELD", 200)
    monkeypatch.setattr(corpus, "WORD_BYTES", 200)
    text, path = "“今天很好😀”，" * 300, tmp_path / "text.txt"
    path.write_text(text)
    found = b"".join(open_corpus(Config(corpus=str(path), tokenize="words")).chunks())
    assert found.decode().split() == list("今天很好😀") * 300
    with pytest.raises(w2v.W2VError, match=r"has a word of more than 200 bytes, .* line 1, byte"):
        list(open_corpus(Config(corpus=str(path))).chunks())
    path.write_text("a b\n" * 60 + "x" * 1000 + "\n")
    with pytest.raises(w2v.W2VError, match=r"more than 200 bytes, .* line 61, .* is this text\?$"):
        list(open_corpus(Config(corpus=str(path), tokenize="words")).chunks())


def test_white_space_needs_no_rules_of_raw_text():
    raw_text._rules.cache_clear()  # to make them takes 0.2 s
    tokenizer = Tokenizer(AS_IT_IS)
    assert tokenizer.feed(b"one two\n") + tokenizer.finish() == b"one two\n"
    assert raw_text._rules.cache_info().misses == 0


def test_white_space_leaves_text_as_it_is_but_for_case():
    text = "“Don’t” Éa\u00a0b\n\nX "
    assert b"".join(pieces_of(text, 3, AS_IT_IS)).decode() == text
    lower = b"".join(pieces_of(text, 3, Tokenization(lower=True))).decode()
    assert lower == text.lower()
    greek = "ΟΔΟΣ, Σ ΣΑΣ άς"
    assert Tokenization(lower=True).split(greek) == ["οδος,", "σ", "σας", "άς"]
    assert AS_IT_IS.split(text) == ["“Don’t”", "Éa\u00a0b", "X"]
    assert Tokenization(lower=True).split(text) == ["“don’t”", "éa\u00a0b", "x"]


# Short texts of ours in the manner of each kind; the words that stand most often in them.
KINDS = {
    "book": (
        """CHAPTER I.

        The mill had stood by the river for a hundred years, and in all that time
        no one had seen the wheel stand still. “It will not stop,” said Mr. Hale,
        “while there’s water in the river.”

        But the river was low that year; and by June, though the miller prayed, it
        was lower still. The wheel stood, and the mill with it.
        """,
        {"the": 8, "it": 3, "and": 3, "river": 3, "mill": 2, "had": 2, "stood": 2, "by": 2}
        | {"in": 2, "that": 2, "still": 2, "was": 2, "wheel": 2},
    ),
    "markdown": (
        """# The *mill* tool

Install the **mill** with `pip install mill`, then see [the guide](https://mill.example/guide).

| option | default |
|:-------|--------:|
| wheel  | 3       |

* the wheel turns the mill_stone
* see the [FAQ](faq.md)
""",
        {"the": 6, "mill": 4, "wheel": 2, "see": 2, "install": 2, "faq": 2},
    ),
    "chinese": ("水车在河边。河水很低，水车不转了。\n水车！", {"水": 4, "车": 3, "河": 2}),
    "tweets": (
        "So happy 😀😀 with the new #mill https://t.example/x1\n"
        "RT @hale: the #mill is loud!!! 😀\n@hale lol, the #mill… don’t\nthe mill &amp; me 😀\n",
        {"the": 4, "😀": 4, "#mill": 3, "@hale": 2},
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_most_frequent_words_of_each_kind_of_text(kind, tmp_path):
    text, expected = KINDS[kind]
    (tmp_path / "text.txt").write_text(text)
    config = Config(corpus=(str(tmp_path / "text.txt"),), tokenize="words", lower=True)
    vocabulary, _ = read(open_corpus(config), 1)
    counts = dict(zip(vocabulary.words, vocabulary.counts.tolist(), strict=True))
    assert {word: n for word, n in counts.items() if n > 1} == expected


def test_run_remembers_its_tokenization_and_queries_apply_it(tmp_path, monkeypatch, capsys):
    from w2v.commands import query

    monkeypatch.chdir(tmp_path)
    (tmp_path / "raw.txt").write_text("L’Été, the “Mill” stood. It stood by café!\n" * 300)
    small = {"min_count": 1, "vector_size": 4, "epochs": 1, "sample": 0.0, "engine": "cpu"}
    run = w2v.train("raw.txt", tokenize="words", lower=True, **small)
    assert set(run.vectors.index_to_key) == {
        UNK,
        "l'été",
        "the",
        "mill",
        "stood",
        "it",
        "by",
        "café",
    }
    assert run.vectors.tokenization == Tokenization(lower=True, words=True)
    assert convert.read("runs/raw", 3).tokenization == run.vectors.tokenization
    described = json.loads((run.folder / "config.json").read_text())
    assert described["corpus"]["lines"] == 600
    assert query.main("query", ["L’ÉTÉ", "Cafe\u0301", "--json"]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    assert [result["word"] for result in results] == ["l'été", "café"]
    assert query.main("query", ["--similarity", "Mill", "STOOD"]) == 0
    assert query.main("query", ["Wheel"]) == 1
    assert "no word 'wheel'" in capsys.readouterr().err
    w2v.train("raw.txt", **small, out="cased")
    assert query.main("query", ["--run", "cased", "The"]) == 1  # as it is typed


@pytest.mark.parametrize("lower", [False, True])
def test_exported_tokenizer_finds_the_same_words(tmp_path, lower):
    (tmp_path / "run").mkdir()
    table = [[0.0], [1.0]]
    save_vectors(tmp_path / "run", [UNK, "x"], [0, 1], table, table)
    settings = {"lower": lower, "tokenize": "words"}
    (tmp_path / "run" / "config.json").write_text(json.dumps({"settings": settings}))
    wv = convert.read(tmp_path / "run")
    convert.export(wv, "sentence-transformers", tmp_path / "model")
    theirs = tokenizers.Tokenizer.from_file(str(tmp_path / "model" / "tokenizer.json"))

    def split(text):
        found = theirs.pre_tokenizer.pre_tokenize_str(theirs.normalizer.normalize_str(text))
        return [word for word, _ in found]

    rng, ours = random.Random(0), wv.tokenization
    letters = "abΣσςαÀé \n.,'’-_#@&;<>/:!?…()\"0159x\u00ad\u0301\u200d\ufe0f中の😀🇫🇷🏽½²ß।。؟٣َ"
    texts = ["".join(rng.choices(letters, k=rng.randint(1, 12))) for _ in range(3000)]
    for text in [*SPLIT, *SENTENCES, WRAPPED, *(text for text, _ in KINDS.values()), *texts]:
        assert split(text) == ours.split(text), text


def test_a_text_of_punctuation_alone_is_refused(tmp_path):
    (tmp_path / "text.txt").write_text("!!! ... ---\n" * 50)
    with pytest.raises(w2v.W2VError, match="holds no words; a corpus is text"):
        w2v.train(tmp_path / "text.txt", tokenize="words", out=tmp_path / "run")


def test_every_byte_of_strange_text_is_a_word_or_nothing():
    rng = random.Random(1)
    for _ in range(300):
        text = "".join(chr(rng.choice((rng.randrange(0x3000), 0x1F600, 32, 46))) for _ in range(40))
        words = collections.Counter(tokenized(text).split())
        assert all(any(char.isalnum() or ord(char) > 0x2600 for char in word) for word in words)

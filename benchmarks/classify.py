"""Classification of short texts: macro-F1 on the test texts, over seeds, beside scikit-learn.

    python benchmarks/classify.py sms-spam.tsv --run runs/reviews

Each seed draws its own 80/10/10 split, the same for all sides. The vectors of the texts' own words
are trained on the training texts alone.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score

import w2v
from w2v.classify.data_module import DataModule, read_parts
from w2v.classify.settings import Settings
from w2v.classify.trainer import Trainer

SEEDS = (0, 1, 2)
OWN = {"min_count": 2, "sample": 1e-3, "epochs": 20, "lower": True, "engine": "cpu"}
HEADS = {
    "frozen, linear": {},
    "frozen, hidden layer of 64": {"hidden": 64},
    "tuned, linear": {"tune": True, "lr": 0.003},
}


def scored(wv, parts, settings):
    """Accuracy and macro-F1 of the test texts."""
    texts = DataModule(wv, parts)
    trainer = Trainer(settings, texts, wv.vectors[texts.words])
    trainer.fit()
    scores = trainer.evaluate("test")
    return scores.accuracy, scores.macro_f1


def tfidf(parts):
    """The same of TF-IDF and logistic regression, as scikit-learn has them by default."""
    training, _, test = parts
    words = TfidfVectorizer()
    model = LogisticRegression(max_iter=1000)
    model.fit(words.fit_transform(training.texts), training.labels)
    predicted = model.predict(words.transform(test.texts))
    macro = f1_score(test.labels, predicted, average="macro")
    return accuracy_score(test.labels, predicted), macro


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("texts")
    parser.add_argument("--run", required=True, help="vectors of a larger text")
    asked = parser.parse_args()
    rows = {}
    for seed in SEEDS:
        parts = read_parts([asked.texts, None, None], Settings(seed=seed))
        with tempfile.TemporaryDirectory() as folder:
            corpus = Path(folder, "texts.txt")
            corpus.write_text("".join(f"{text}\n" for text in parts[0].texts), encoding="utf-8")
            own = w2v.train(str(corpus), out=str(Path(folder, "run")), seed=seed, **OWN).vectors
            for name, wv in (("its own words", own), ("the larger text", w2v.load(asked.run))):
                for head, settings in HEADS.items():
                    found = scored(wv, parts, Settings(seed=seed, **settings))
                    rows.setdefault(f"vectors of {name}, {head}", []).append(found)
        rows.setdefault("scikit-learn, TF-IDF and logistic regression", []).append(tfidf(parts))
    print(f"| {asked.texts} | accuracy | macro-F1, mean | of each seed |\n|---|---|---|---|")
    for name, found in rows.items():
        accuracy, macro = zip(*found, strict=True)
        each = ", ".join(f"{value:.3f}" for value in macro)
        means = f"{statistics.mean(accuracy):.3f} | {statistics.mean(macro):.3f}"
        print(f"| {name} | {means} | {each} |")


if __name__ == "__main__":
    main()

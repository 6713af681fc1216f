"""The peers' figures: scikit-learn's TF-IDF with a linear SVM, rank_bm25, lingua.

    python3 tests/eval/peers.py classify TRAIN.csv TEST.csv
    python3 tests/eval/peers.py retrieve CORPUS.jsonl QUERIES.jsonl QRELS.tsv
    python3 tests/eval/peers.py language TEST.csv CHARACTERS
"""

import csv
import json
import math
import re
import sys


def classify(train, test):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.metrics import accuracy_score, f1_score
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.svm import LinearSVC

    def rows(path):
        with open(path, newline="", encoding="utf-8") as file:
            read = list(csv.DictReader(file))
        return [row["text"] for row in read], [row["label"] for row in read]

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    model = make_pipeline(make_union(words, letters), LinearSVC(random_state=1))
    model.fit(*rows(train))
    texts, labels = rows(test)
    said = model.predict(texts)
    figures = {"accuracy": accuracy_score(labels, said), "macro_f1": f1_score(labels, said, average="macro")}
    return {"who": "scikit-learn TF-IDF + SVM", **figures}


def retrieve(corpus, queries, qrels):
    from rank_bm25 import BM25Okapi

    def lines(path):
        with open(path, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def terms(row):
        return re.findall(r"\w+", f"{row.get('title', '')} {row['text']}".lower())

    answers = {}
    with open(qrels, encoding="utf-8") as file:
        for question, document, _ in csv.reader(list(file)[1:], delimiter="\t"):
            answers.setdefault(question, set()).add(document)
    documents = lines(corpus)
    index = BM25Okapi([terms(row) for row in documents])
    sums = dict.fromkeys(["hit_at_1", "hit_at_5", "mrr_at_10", "ndcg_at_10"], 0.0)
    asked = [row for row in lines(queries) if row["_id"] in answers]
    for question in asked:
        scores = index.get_scores(terms(question))
        order = sorted(range(len(documents)), key=lambda at: -scores[at])[:11]
        found = [documents[at]["_id"] for at in order if documents[at]["_id"] != question["_id"]][:10]
        right = answers[question["_id"]]
        places = [at for at, document in enumerate(found) if document in right]
        sums["hit_at_1"] += bool(places and places[0] < 1)
        sums["hit_at_5"] += bool(places and places[0] < 5)
        sums["mrr_at_10"] += 1 / (places[0] + 1) if places else 0
        ideal = sum(1 / math.log2(at + 2) for at in range(min(10, len(right))))
        sums["ndcg_at_10"] += sum(1 / math.log2(at + 2) for at in places) / ideal
    return {"who": "rank_bm25", **{key: value / len(asked) for key, value in sums.items()}}


def language(test, characters):
    from lingua import Language, LanguageDetectorBuilder

    # Those that ours tells apart by letters and words.
    names = ["GERMAN", "ENGLISH", "SPANISH", "FRENCH", "ITALIAN", "DUTCH", "POLISH", "PORTUGUESE", "SWEDISH", "TURKISH"]
    detector = LanguageDetectorBuilder.from_languages(*(getattr(Language, name) for name in names)).build()
    counts = {}
    with open(test, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            said = detector.detect_language_of(row["text"][: int(characters)])
            right = said is not None and said.iso_code_639_1.name.lower() == row["label"]
            counts.setdefault(row["label"], []).append(right)
    whole = [right for rights in counts.values() for right in rights]
    means = [sum(rights) / len(rights) for rights in counts.values()]
    return {"who": "lingua", "accuracy": sum(whole) / len(whole), "mean_accuracy": sum(means) / len(means)}


print(json.dumps({"classify": classify, "retrieve": retrieve, "language": language}[sys.argv[1]](*sys.argv[2:])))

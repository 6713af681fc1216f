"""The unrounded network, computed with numpy and with the tokenizer of others.

    python3 tests/eval/reference.py MODEL_FOLDER < sentences.txt
        prints what crates/judgement/src/encoder/reference.jsonl holds
    python3 tests/eval/reference.py MODEL_FOLDER CORPUS.jsonl QUERIES.jsonl QRELS.tsv
        prints how often the nearest of the corpus answers

Wants numpy, scipy, safetensors and tokenizers; MODEL_FOLDER holds model.safetensors and vocab.txt.
"""

import json
import sys

import numpy
from safetensors.numpy import load_file
from scipy.special import erf
from tokenizers import BertWordPieceTokenizer

LAYERS, HEADS, WIDTH = 6, 12, 384


class Network:
    def __init__(self, folder):
        self.tensors = load_file(f"{folder}/model.safetensors")
        self.tokenizer = BertWordPieceTokenizer(f"{folder}/vocab.txt", lowercase=True)
        self.tokenizer.enable_truncation(256)

    def norm(self, rows, name):
        centred = rows - rows.mean(-1, keepdims=True)
        spread = numpy.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        return centred / spread * self.tensors[f"{name}.weight"] + self.tensors[f"{name}.bias"]

    def linear(self, rows, name):
        return rows @ self.tensors[f"{name}.weight"].T + self.tensors[f"{name}.bias"]

    def attention(self, rows, layer):
        def heads(part):
            projected = self.linear(rows, f"{layer}.attention.self.{part}")
            return projected.reshape(len(rows), HEADS, WIDTH // HEADS).transpose(1, 0, 2)

        scores = heads("query") @ heads("key").transpose(0, 2, 1) / numpy.sqrt(WIDTH // HEADS)
        shares = numpy.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        return (shares @ heads("value")).transpose(1, 0, 2).reshape(len(rows), WIDTH)

    def encode(self, text):
        numbers = numpy.array(self.tokenizer.encode(text).ids)
        part = "embeddings"
        rows = self.tensors[f"{part}.word_embeddings.weight"][numbers]
        rows = rows + self.tensors[f"{part}.position_embeddings.weight"][: len(numbers)]
        rows = self.norm(rows + self.tensors[f"{part}.token_type_embeddings.weight"][0], f"{part}.LayerNorm")
        for number in range(LAYERS):
            layer = f"encoder.layer.{number}"
            mixed = self.linear(self.attention(rows, layer), f"{layer}.attention.output.dense")
            rows = self.norm(mixed + rows, f"{layer}.attention.output.LayerNorm")
            wide = self.linear(rows, f"{layer}.intermediate.dense")
            wide = wide * 0.5 * (1 + erf(wide / numpy.sqrt(2)))
            rows = self.norm(self.linear(wide, f"{layer}.output.dense") + rows, f"{layer}.output.LayerNorm")
        return rows.mean(0), len(numbers)


def lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def nearest(network, corpus, queries, qrels):
    def vectors(rows):
        texts = (" ".join(part for part in (row.get("title"), row["text"]) if part) for row in rows)
        found = numpy.array([network.encode(text)[0] for text in texts])
        return found / numpy.linalg.norm(found, axis=1, keepdims=True)

    documents, questions = lines(corpus), lines(queries)
    with open(qrels, encoding="utf-8") as file:
        answers = {tuple(line.split("\t")[:2]) for line in file}
    best = (vectors(questions) @ vectors(documents).T).argmax(1)
    right = sum((row["_id"], documents[at]["_id"]) in answers for row, at in zip(questions, best, strict=True))
    print(json.dumps({"who": "the unrounded vectors", "hit_at_1": right / len(questions)}))


def sentences(network):
    for line in sys.stdin:
        vector, tokens = network.encode(line.rstrip("\n"))
        rounded = numpy.round(vector / numpy.abs(vector).max() * 127).astype(numpy.int8)
        print(json.dumps({"text": line.rstrip("\n"), "tokens": tokens, "vector": rounded.tobytes().hex()}, ensure_ascii=False))


def main():
    model, *files = sys.argv[1:]
    network = Network(model)
    if files:
        nearest(network, *files)
    else:
        sentences(network)


main()

"""Trains word vectors with gensim (its fastest path, corpus_file) and with lexmax, and compares their speed.

usage: train.py CORPUS.txt [--epochs 1] [--threads 2] [--dim 100] [--window 5] [--rounds 3] [--keep FOLDER]

The four settings of word2vec: skip-gram and CBOW with hierarchical softmax and with five negative samples; subsampling 1e-3,
min-count 5. gensim and lexmax take turns, `rounds` times, and medians count. The vectors are kept in FOLDER if given.
"""
import argparse, os, subprocess, sys, tempfile, json

from common import lexmax, machine, median, table

parser = argparse.ArgumentParser()
parser.add_argument("corpus")
parser.add_argument("--epochs", type=int, default=1)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--dim", type=int, default=100)
parser.add_argument("--window", type=int, default=5)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--keep")
args = parser.parse_args()

GENSIM = """
import json, sys, time
from gensim.models import Word2Vec
corpus, sg, hs, epochs, threads, dim, window, seed, out = sys.argv[1:10]
start = time.time()
model = Word2Vec(corpus_file=corpus, vector_size=int(dim), window=int(window), min_count=5, workers=int(threads), sg=int(sg), hs=int(hs),
                 negative=0 if int(hs) else 5, epochs=int(epochs), sample=1e-3, seed=int(seed))
model.wv.save_word2vec_format(out, binary=True)
print(json.dumps({"train_seconds": model.total_train_time, "total_seconds": time.time() - start,
                  "words_per_second": model.corpus_total_words * int(epochs) / model.total_train_time}))
"""


def gensim(model, layer, seed, out):
    sg, hs = int(model == "skipgram"), int(layer == "hierarchical")
    arguments = [args.corpus, sg, hs, args.epochs, args.threads, args.dim, args.window, seed, out]
    done = subprocess.run([sys.executable, "-c", GENSIM, *map(str, arguments)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def ours(model, layer, seed, out):
    return lexmax("train", "--corpus", args.corpus, "--layer", layer, "--model", model, "--dim", args.dim, "--window", args.window,
                  "--min-count", 5, "--sample", 1e-3, "--epochs", args.epochs, "--threads", args.threads, "--seed", seed,
                  "--format", "binary", "--out", out)


rows = []
with tempfile.TemporaryDirectory() as scratch:
    folder = args.keep or scratch
    os.makedirs(folder, exist_ok=True)
    for model in ["skipgram", "cbow"]:
        for layer in ["hierarchical", "negative:samples=5"]:
            runs = {"gensim": [], "lexmax": []}
            for seed in range(1, args.rounds + 1):
                for name, train in [("gensim", gensim), ("lexmax", ours)]:
                    out = os.path.join(folder, f"{name}-{model}-{layer.split(':')[0]}-{seed}.bin")
                    runs[name].append(train(model, layer, seed, out))
            for key in ["train_seconds", "total_seconds"]:
                theirs, mine = (median([run[key] for run in runs[name]]) for name in ["gensim", "lexmax"])
                rows.append([f"{model} {layer}", key.replace("_", " "), f"{theirs:.2f}", f"{mine:.2f}", f"{theirs / mine:.2f}"])

print(f"{machine()}; {args.epochs} epochs, {args.threads} threads, d = {args.dim}, window {args.window}, sample 1e-3\n")
table(["setting", "", "gensim", "lexmax", "ratio"], rows)

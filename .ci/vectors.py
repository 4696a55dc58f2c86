"""Whether gensim reads what lexmax writes and lexmax what gensim writes, to the bit, and whether both score the same.

usage: vectors.py LEXMAX FOLDER: the program, and a folder for files.
"""
import json
import os
import subprocess
import sys

import numpy as np
from gensim.models import KeyedVectors
from gensim.scripts.word2vec2tensor import word2vec2tensor

lexmax, folder = sys.argv[1], sys.argv[2]
os.makedirs(folder, exist_ok=True)
root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
golden = os.path.join(root, "tests", "golden", "vectors")


def path(name):
    return os.path.join(folder, name)


def run(*arguments):
    return subprocess.run([lexmax, *arguments], check=True, capture_output=True, text=True).stdout


def same(a, b, what):
    assert a.index_to_key == b.index_to_key, what
    assert a.vectors.dtype == b.vectors.dtype == np.float32 and (a.vectors.view("u4") == b.vectors.view("u4")).all(), what
    print(f"ok: {what}, {len(a)} words of {a.vector_size} numbers")


def cosmul(kv, questions):
    """Right answers and questions asked of each section; gensim's evaluator knows 3CosAdd only, whatever it is given."""
    first = {word.upper(): word for word in reversed(kv.index_to_key)}
    counts = []
    for line in open(questions, encoding="utf-8"):
        if line.startswith(":"):
            counts.append([0, 0])
            continue
        words = [word.upper() for word in line.split()]
        if not all(word in first for word in words):
            continue
        a, b, c = (first[word] for word in words[:3])
        answers = kv.most_similar_cosmul(positive=[b, c], negative=[a], topn=9)
        best = next(word.upper() for word, _ in answers if word.upper() not in words[:3])
        counts[-1][0] += best == words[3]
        counts[-1][1] += 1
    return counts


# Vectors as they are trained, with words of several scripts.
text = path("text.txt")
with open(text, "w", encoding="utf-8") as f:
    for i in range(300):
        f.write(f"le chat noir dort près du größe{i % 7} 数 слово{i % 5} e\u0301té </s>\n")
run("train", "--corpus", text, "--dim", "31", "--min-count", "1", "--epochs", "1", "--threads", "1", "--out", path("ours.bin"))

trained = KeyedVectors.load_word2vec_format(path("ours.bin"), binary=True)
for name, binary in [("ours.txt", False), ("ours.vec", False), ("ours.txt.gz", False), ("again.bin", True)]:
    run("convert", path("ours.bin"), path(name))
    same(trained, KeyedVectors.load_word2vec_format(path(name), binary=binary), f"gensim reads {name}")
run("convert", path("ours.bin"), path("ours.npy"))
matrix = np.load(path("ours.npy"))
assert (matrix.view("u4") == trained.vectors.view("u4")).all()
assert open(path("ours.words.txt"), encoding="utf-8").read().split("\n")[:-1] == trained.index_to_key
print("ok: NumPy reads ours.npy")

run("convert", path("ours.bin"), path("glove.txt"), "--to", "glove")
found = KeyedVectors.load_word2vec_format(path("glove.txt"), binary=False, no_header=True)
same(trained, found, "gensim reads GloVe's lines")
run("convert", path("glove.txt"), path("back.bin"))
same(trained, KeyedVectors.load_word2vec_format(path("back.bin"), binary=True), "lexmax tells GloVe's lines")

# NumPy's half precision, and the files of gensim's word2vec2tensor under its own names.
np.save(path("half.npy"), trained.vectors.astype(np.float16))
run("convert", path("half.npy"), path("half.bin"), "--words", path("ours.words.txt"))
found = KeyedVectors.load_word2vec_format(path("half.bin"), binary=True)
assert found.index_to_key == trained.index_to_key
assert (found.vectors == trained.vectors.astype(np.float16).astype(np.float32)).all()
print("ok: lexmax reads NumPy's float16")
word2vec2tensor(path("ours.txt"), path("x"))
run("convert", path("x_tensor.tsv"), path("back.bin"))
found = KeyedVectors.load_word2vec_format(path("back.bin"), binary=True)
assert found.index_to_key == trained.index_to_key and np.allclose(found.vectors, trained.vectors, rtol=1e-6)
print("ok: lexmax reads what word2vec2tensor writes")

for name, binary in [("theirs.bin", True), ("theirs.txt", False)]:
    trained.save_word2vec_format(path(name), binary=binary)
    run("convert", path(name), path("back.bin"))
    same(trained, KeyedVectors.load_word2vec_format(path("back.bin"), binary=True), f"lexmax reads {name}")

# Scores: of these vectors none is of zeros, whose cosines gensim takes for the best.
tiny = KeyedVectors.load_word2vec_format(os.path.join(golden, "tiny.txt"))
kept = [word for word in tiny.index_to_key if word != "zero"]
kv = KeyedVectors(tiny.vector_size)
kv.add_vectors(kept, np.array([tiny[word] for word in kept]))
kv.save_word2vec_format(path("tiny.bin"), binary=True)
questions, pairs = os.path.join(golden, "tiny-questions.txt"), os.path.join(golden, "tiny-pairs.txt")
for method in ["add", "mul"]:
    run("eval", path("tiny.bin"), "--similarity", pairs, "--analogies", questions, "--rules", "unicode", "--first", "0",
        "--method", method, "--json", path("found.json"))
    found = json.load(open(path("found.json")))["files"][0]
    ours = [[s["score"]["right"], s["score"]["asked"]] for s in found["analogies"][0]["sections"]]
    if method == "add":
        _, sections = kv.evaluate_word_analogies(questions)
        theirs = [[len(s["correct"]), len(s["correct"]) + len(s["incorrect"])] for s in sections[:-1]]
    else:
        theirs = cosmul(kv, questions)
    assert ours == theirs, (method, ours, theirs)
    print(f"ok: gensim counts the same by 3Cos{method.title()}: {sum(right for right, _ in ours)} right")
for key, dummy in [("spearman", False), ("spearman_unknown_as_0", True)]:
    _, rho, _ = kv.evaluate_word_pairs(pairs, dummy4unknown=dummy)
    assert abs(rho[0] - found["similarity"][0][key]) < 1e-9, (key, rho)
    print(f"ok: gensim's Spearman is the same: {rho[0]:.6f}")

"""Trains word vectors once with fastText's Python module, without n-grams of letters: words alone have vectors."""
import time

from common import layer, refuse, tell, training

args = training(__doc__)
import fasttext
from importlib.metadata import packages_distributions, version

name, samples = layer(args.layer)
if name not in ["hierarchical", "negative"]:
    refuse(args.layer)
loss = "hs" if name == "hierarchical" else "ns"
start = time.perf_counter()
# The module reads the text and trains in one call, which is timed. The call takes no seed: runs differ by the turns of
# their threads alone.
model = fasttext.train_unsupervised(args.corpus, model=args.model, loss=loss, neg=samples, lr=args.lr, dim=args.dim,
                                    ws=args.window, epoch=args.epochs, minCount=args.min_count, t=args.sample,
                                    minn=0, maxn=0, thread=args.threads, verbose=0)
seconds = time.perf_counter() - start
with open(args.out, "w", encoding="utf-8") as file:
    words = model.get_words()
    print(len(words), args.dim, file=file)
    for word in words:
        print(word, *model.get_word_vector(word), file=file)
distribution = packages_distributions()["fasttext"][0]
tell(train_seconds=seconds, format="text", version=f"{distribution} {version(distribution)}")

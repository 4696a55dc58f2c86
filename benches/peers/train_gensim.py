"""Trains word vectors once with gensim on its fastest path, corpus_file."""
from common import layer, refuse, tell, training

args = training(__doc__)
import gensim
from gensim.models import Word2Vec

name, samples = layer(args.layer)
if name not in ["hierarchical", "negative"]:
    refuse(args.layer)
hs = name == "hierarchical"
model = Word2Vec(corpus_file=args.corpus, vector_size=args.dim, window=args.window, min_count=args.min_count,
                 workers=args.threads, sg=int(args.model == "skipgram"), hs=int(hs), negative=0 if hs else samples,
                 epochs=args.epochs, sample=args.sample, alpha=args.lr, seed=args.seed)
model.wv.save_word2vec_format(args.out, binary=True)
tell(train_seconds=model.total_train_time, format="binary", version=gensim.__version__)

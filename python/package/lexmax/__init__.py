"""Output layers for large vocabularies, word2vec and word vectors, in Rust, over numpy arrays.

| name | is |
|---|---|
| `Head` | an output layer on hidden vectors of your own: full, hierarchical, sampled softmax and their kin |
| `Word2Vec` | word vectors from a text, with gensim's constructor and any layer |
| `KeyedVectors` | word vectors, with gensim's methods and every file format of lexmax |
| `layers` | the output layers by name, with the settings that a name may have |
| `compare` | the same model with each output layer: held-out NLL, time and a picture |
"""

from ._lexmax import Cost, Head, TableGradient, layers
from ._lexmax import version as _version
from .comparison import Comparison, compare
from .keyedvectors import Correlation, KeyedVectors
from .word2vec import Word2Vec

__version__: str = _version()
__all__ = [
    "Comparison",
    "Correlation",
    "Cost",
    "Head",
    "KeyedVectors",
    "TableGradient",
    "Word2Vec",
    "compare",
    "layers",
]

"""Word vectors from a text, with gensim's constructor and any layer of lexmax."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Sequence
from typing import Any, Union

from ._lexmax import Trained, train
from .keyedvectors import KeyedVectors
from .progress import Bar

__all__ = ["Word2Vec"]

_Path = Union[str, "os.PathLike[str]"]
_Paths = Union[_Path, Sequence[_Path]]



class _Whole(int):
    """A default, which is told apart from the same number given by the caller."""

    __slots__ = ()


class _Real(float):
    """A default, which is told apart from the same number given by the caller."""

    __slots__ = ()


_ALPHA: float = _Real(0.025)
_MIN_ALPHA: float = _Real(0.0001)
_NEGATIVE: int = _Whole(5)
_NS_EXPONENT: float = _Real(0.75)

#: Arguments of gensim without a counterpart: the values that are accepted, and the reason.
_IGNORED: dict[str, tuple[tuple[Any, ...], str]] = {
    "max_vocab_size": ((None,), "all words are counted exactly; max_final_vocab limits the vocabulary"),
    "trim_rule": ((None,), "min_count and max_final_vocab decide which words are kept"),
    "hashfxn": ((None, hash), "vectors do not start from hashes of words; seed decides their start"),
    "null_word": ((0,), "no word fills gaps in a context"),
    "sorted_vocab": ((1, True), "the vocabulary is sorted by falling count"),
    "batch_words": ((10_000,), "the text is dealt to the workers in pieces of another kind"),
    "comment": ((None,), "a model file has no place for it"),
}

_BOTH = (
    "hs=1 and negative={negative} contradict each other: gensim trains the tree and the noise words together, lexmax "
    "trains one layer at a time; leave one of them out"
)


class Word2Vec:
    """Trains word vectors, with the arguments and the defaults of gensim 4.4, and any output layer.

    sentences: any iterable of lists of words; it is read once. corpus_file: a text file with a sentence a line (plain,
    .gz, .zst or .bz2), a folder, a pattern, or a list of these. Without both, `train` does the work later.

    vector_size: the size d of a vector. window: the most words to each side of a word.
    min_count: the least count of a word that is kept. max_final_vocab: the most words that are kept.
    sample: the threshold of subsampling of frequent words; 0 is off. seed: the seed of everything random.
    workers: threads. sg: 1 is skip-gram, 0 is CBOW. epochs: passes over the text.
    hs: 1 is hierarchical softmax alone (gensim trains the noise words too). negative: noise words [default: 5].
    ns_exponent: the exponent of counts in the noise [default: 0.75]. cbow_mean: 1, the mean of the context; lexmax has
    no sum.
    alpha, min_alpha: the first and the last rate [default: 0.025 and 0.0001]. shrink_windows: False gives all positions
    the whole window.
    callbacks: objects with gensim's on_train_begin, on_epoch_begin, on_epoch_end and on_train_end. The workers rest
    during on_epoch_end: `wv` has a copy of the vectors of that moment, and `epoch_losses` the losses so far. The whole
    model is there at the end only; `checkpoint` writes it during the run.
    compute_loss: has no effect, since losses are always there. max_vocab_size, trim_rule, hashfxn, null_word,
    sorted_vocab, batch_words, comment: accepted with gensim's default alone.

    layer: an output layer by name, such as "full" or "sampled:samples=64", in place of hs and negative.
    batch: the examples in a mini-batch, 1 for single positions [default: 256 or 64 for dense layers such as "full",
    else 1]. optimizer: "adagrad" or "sgd", of mini-batches. With mini-batches alpha is by default the layer's own rate.
    valid: held-out text files. Their exact NLL is measured after each epoch and stands in `valid_nll`.
    patience: ends the run after so many epochs without a better NLL, and keeps the best model.
    checkpoint: a folder for checkpoints. resume: whether to go on from a checkpoint that is there.
    deterministic: the same bits for any number of workers.
    progress: True shows a bar, by tqdm where it is installed.

    Ctrl-C raises KeyboardInterrupt within a second. The model holds the vectors up to there; where the constructor
    trains, `error.model` of the exception is the model. `epoch_losses` has the mean loss of each epoch in nats.
    """

    def __init__(
        self,
        sentences: Iterable[Iterable[str]] | None = None,
        corpus_file: _Paths | None = None,
        *,
        vector_size: int = 100,
        alpha: float = _ALPHA,
        window: int = 5,
        min_count: int = 5,
        max_vocab_size: int | None = None,
        sample: float = 0.001,
        seed: int = 1,
        workers: int = 3,
        min_alpha: float = _MIN_ALPHA,
        sg: int = 0,
        hs: int = 0,
        negative: int = _NEGATIVE,
        ns_exponent: float = _NS_EXPONENT,
        cbow_mean: int = 1,
        hashfxn: Any = None,
        epochs: int = 5,
        null_word: int = 0,
        trim_rule: Any = None,
        sorted_vocab: int = 1,
        batch_words: int = 10_000,
        compute_loss: bool = False,
        callbacks: Iterable[Any] = (),
        comment: str | None = None,
        max_final_vocab: int | None = None,
        shrink_windows: bool = True,
        layer: str | None = None,
        batch: int | None = None,
        optimizer: str | None = None,
        valid: _Paths | None = None,
        patience: int | None = None,
        checkpoint: _Path | None = None,
        resume: bool = False,
        deterministic: bool = False,
        progress: bool = False,
    ) -> None:
        if sg not in (0, 1) or hs not in (0, 1):
            raise ValueError(f"sg is {sg} and hs is {hs}, but each must be 0 or 1")
        given = {
            "max_vocab_size": max_vocab_size,
            "trim_rule": trim_rule,
            "hashfxn": hashfxn,
            "null_word": null_word,
            "sorted_vocab": sorted_vocab,
            "batch_words": batch_words,
            "comment": comment,
        }
        for name, value in given.items():
            accepted, reason = _IGNORED[name]
            if value not in accepted:
                raise ValueError(f"{name}={value!r} is not supported: {reason}; leave it out")
        noise = None if negative is _NEGATIVE else negative
        if hs and noise:
            raise ValueError(_BOTH.format(negative=noise))
        if layer is not None and hs:
            raise ValueError('layer and hs contradict each other: leave hs out, or write layer="hierarchical"')
        if layer is not None and noise:
            raise ValueError(f'layer and negative contradict each other: write layer="negative:samples={noise}"')
        if (layer is not None or hs) and ns_exponent is not _NS_EXPONENT:
            raise ValueError('ns_exponent has no effect with layer or hs; write layer="negative:power=…"')
        if not cbow_mean and not sg:
            raise ValueError("cbow_mean=0 is the sum of the context, which lexmax does not have; leave it out")
        if layer is None and not hs and noise == 0:
            raise ValueError("hs=0 and negative=0 leave no layer; set one of them, or name a layer")
        if patience is not None and patience < 1:
            raise ValueError(f"patience is {patience}, but must be 1 or more")
        if patience is not None and valid is None:
            raise ValueError("patience has no effect without valid; remove it, or name a held-out text")
        if resume and checkpoint is None:
            raise ValueError("resume has no effect without checkpoint; remove it, or name a folder")
        self.vector_size, self.workers, self.epochs = vector_size, workers, epochs
        self.callbacks, self.progress = list(callbacks), progress
        self._options: dict[str, Any] = {
            "skip_gram": bool(sg),
            "layer": layer,
            "hierarchical": bool(hs),
            "negative": None if hs or layer is not None else noise,
            "ns_exponent": None if ns_exponent is _NS_EXPONENT else ns_exponent,
            "vector_size": vector_size,
            "window": window,
            "fixed_window": not shrink_windows,
            "min_count": min_count,
            "max_final_vocab": max_final_vocab,
            "sample": sample,
            "seed": seed,
            "workers": workers,
            "epochs": epochs,
            "batch": batch,
            "optimizer": optimizer,
            "alpha": None if alpha is _ALPHA else alpha,
            "min_alpha": None if min_alpha is _MIN_ALPHA else min_alpha if alpha is _ALPHA else min(min_alpha, alpha),
            "deterministic": deterministic,
            "valid_files": None if valid is None else _paths(valid),
            "patience": patience,
            "checkpoint": checkpoint,
            "resume": resume,
            "callbacks": bool(self.callbacks),
        }
        self._trained: Trained | None = None
        self._wv: KeyedVectors | None = None
        self._facts: dict[str, Any] = {}
        self._losses: list[float] = []
        self._latest_loss = math.nan
        if sentences is not None or corpus_file is not None:
            try:
                self.train(sentences, corpus_file)
            except BaseException as error:
                if self._wv is not None:
                    # Whoever catches the exception has no other way to the model.
                    error.model = self
                raise

    def train(
        self, sentences: Iterable[Iterable[str]] | None = None, corpus_file: _Paths | None = None
    ) -> tuple[int, int]:
        """Trains from the start: builds the vocabulary and makes all epochs.

        Returns the words trained on, after subsampling, and the words of the text × epochs, as gensim does.
        """
        if (sentences is None) == (corpus_file is None):
            raise ValueError("give either sentences or corpus_file")
        options = dict(self._options)
        if corpus_file is not None:
            options["corpus_files"] = _paths(corpus_file)
        with Bar(self.progress, "words") as bar:
            hearer = _Hearer(self, bar)
            # The vectors that callbacks see are those of this run.
            self._trained, self._wv, self._facts, self._losses = None, None, {}, []
            self._latest_loss = math.nan
            hearer.call("on_train_begin")
            trained, error = train(sentences, options, hearer)
            if trained is not None:
                self._take(trained)
                if error is None:
                    bar.move(hearer.words * self.epochs, f"loss {self._latest_loss:.3f}")
        if error is not None:
            raise error
        hearer.call("on_train_end")
        passes = self._facts["passes"]
        return sum(one["read"] - one["dropped"] for one in passes), int(self._facts["words"])

    def _take(self, trained: Trained) -> None:
        self._trained = trained
        self._wv = KeyedVectors._over(trained.vectors, trained.counts())
        facts = trained.facts()
        self._facts = json.loads(facts) if facts else {}
        self._losses = list(self._facts.get("loss", []))
        if self._losses:
            self._latest_loss = self._losses[-1]

    @property
    def wv(self) -> KeyedVectors:
        """The word vectors. During a run, callbacks see the vectors of the last epoch that ended."""
        if self._wv is None:
            raise AttributeError(
                "this model has no vectors yet; call train, or give the constructor a text; callbacks have vectors from "
                "the first on_epoch_end on"
            )
        return self._wv

    @property
    def facts(self) -> dict[str, Any]:
        """The facts of the run: words, seconds, losses, held-out NLL, warnings. Empty for a model of a file."""
        return self._facts

    @property
    def epoch_losses(self) -> list[float]:
        """The mean training criterion of each epoch that was begun, nats an example.

        Callbacks see the epochs that ended.
        """
        return list(self._losses)

    @property
    def valid_nll(self) -> float | None:
        """The held-out NLL of the model, nats an example: exact and normalized. None without `valid`."""
        found: float | None = self._facts.get("valid_nll")
        return found

    def get_latest_training_loss(self) -> float:
        """The mean loss of the last epoch in nats an example. In on_epoch_end this is the epoch that ends.

        gensim's method of this name returns a sum over all epochs, in f32.
        """
        return self._latest_loss

    def predict_output_word(self, context_words_list: Sequence[str], topn: int = 10) -> list[tuple[str, float]]:
        """The `topn` most probable words in a context, with their P: exact and normalized, by the layer."""
        return self._model().predict(list(context_words_list), topn)

    def save(self, path: _Path) -> None:
        """Writes the whole model to a .safetensors file, whole or not at all. `load` and `lexmax` read it."""
        self._model().save(path)

    def _model(self) -> Trained:
        if self._trained is not None:
            return self._trained
        if self._wv is not None:
            raise AttributeError(
                "the whole model is there once training has ended; during the run save `wv`, or name a folder by "
                "checkpoint="
            )
        raise AttributeError("this model has not been trained yet; call train, or give the constructor a text")

    @classmethod
    def load(cls, path: _Path) -> Word2Vec:
        """Reads a model that `save` or `lexmax train` wrote, with its vectors and its predictions."""
        trained = Trained.load(path)
        found = cls(vector_size=trained.vectors.dim)
        found._take(trained)
        return found

    def __repr__(self) -> str:
        words = "no vectors yet" if self._wv is None else f"{len(self._wv)} words"
        return f"Word2Vec({words}, vector_size={self.vector_size})"


class _Hearer:
    """Hears of a training: moves the bar, and calls the callbacks of each epoch in their order."""

    def __init__(self, model: Word2Vec, bar: Bar) -> None:
        self.model, self.bar = model, bar
        self.words = 0
        #: Loss since the last report, for the bar.
        self.loss = math.nan

    def __call__(self, what: str, *news: Any) -> None:
        if what == "read":
            self.words = news[0]
            self.bar.begin(self.words * self.model.epochs)
            self.call("on_epoch_begin")
        elif what == "at":
            _, words, loss, rate = news
            self.loss = self.loss if math.isnan(loss) else loss
            self.bar.move(words, f"loss {self.loss:.3f}, rate {rate:.4f}")
        else:
            losses, goes_on, vectors, counts = news
            self.model._losses, self.model._latest_loss = losses, losses[-1]
            self.model._wv = KeyedVectors._over(vectors, counts)
            self.call("on_epoch_end")
            if goes_on:
                self.call("on_epoch_begin")

    def call(self, name: str) -> None:
        for callback in self.model.callbacks:
            method = getattr(callback, name, None)
            if method is not None:
                method(self.model)


def _paths(given: Any) -> list[Any]:
    """One path or several, as a list."""
    return [given] if isinstance(given, (str, os.PathLike)) else list(given)

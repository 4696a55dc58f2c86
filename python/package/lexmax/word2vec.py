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
    ns_exponent: the exponent of counts in the noise. cbow_mean: 1, the mean of the context; lexmax has no sum.
    alpha, min_alpha: the first and the last rate. shrink_windows: False gives all positions the whole window.
    callbacks: objects with gensim's on_train_begin, on_epoch_begin, on_epoch_end and on_train_end.

    layer: an output layer by name, such as "full" or "sampled:samples=64", in place of hs and negative.
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
        vector_size: int = 100,
        alpha: float = 0.025,
        window: int = 5,
        min_count: int = 5,
        max_final_vocab: int | None = None,
        sample: float = 0.001,
        seed: int = 1,
        workers: int = 3,
        min_alpha: float = 0.0001,
        sg: int = 0,
        hs: int = 0,
        negative: int | None = None,
        ns_exponent: float | None = None,
        cbow_mean: int = 1,
        epochs: int = 5,
        callbacks: Iterable[Any] = (),
        shrink_windows: bool = True,
        *,
        layer: str | None = None,
        valid: _Paths | None = None,
        patience: int | None = None,
        checkpoint: _Path | None = None,
        resume: bool = False,
        deterministic: bool = False,
        progress: bool = False,
    ) -> None:
        if sg not in (0, 1) or hs not in (0, 1):
            raise ValueError(f"sg is {sg} and hs is {hs}, but each must be 0 or 1")
        if hs and negative:
            raise ValueError(_BOTH.format(negative=negative))
        if not cbow_mean and not sg:
            raise ValueError("cbow_mean=0 is the sum of the context, which lexmax does not have; leave it out")
        if layer is None and not hs and negative == 0:
            raise ValueError("hs=0 and negative=0 leave no layer; set one of them, or name a layer")
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
            "negative": None if hs and not negative else negative,
            "noise_power": ns_exponent,
            "dim": vector_size,
            "window": window,
            "fixed_window": not shrink_windows,
            "min_count": min_count,
            "max_vocab": max_final_vocab,
            "sample": sample,
            "seed": seed,
            "threads": workers,
            "epochs": epochs,
            "rate": alpha,
            "last_rate": min(min_alpha, alpha),
            "deterministic": deterministic,
            "valid_files": None if valid is None else _paths(valid),
            "patience": patience,
            "checkpoint": checkpoint,
            "resume": resume,
        }
        self._trained: Trained | None = None
        self._wv: KeyedVectors | None = None
        self._facts: dict[str, Any] = {}
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
            hearer.call("on_train_begin")
            trained, error = train(sentences, options, hearer)
            if trained is not None:
                self._take(trained)
                if error is None:
                    hearer.finish()
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
        if self.epoch_losses:
            self._latest_loss = self.epoch_losses[-1]

    @property
    def wv(self) -> KeyedVectors:
        """The word vectors."""
        if self._wv is None:
            raise AttributeError("this model has no vectors yet; call train, or give the constructor a text")
        return self._wv

    @property
    def facts(self) -> dict[str, Any]:
        """The facts of the run: words, seconds, losses, held-out NLL, warnings. Empty for a model of a file."""
        return self._facts

    @property
    def epoch_losses(self) -> list[float]:
        """The mean training criterion of each epoch that was begun, nats an example."""
        return list(self._facts.get("loss", []))

    @property
    def valid_nll(self) -> float | None:
        """The held-out NLL of the model, nats an example: exact and normalized. None without `valid`."""
        found: float | None = self._facts.get("valid_nll")
        return found

    def get_latest_training_loss(self) -> float:
        """The mean loss in nats an example: of the last epoch, and during training since the last report.

        gensim's method of this name returns a sum over all epochs, in f32.
        """
        return self._latest_loss

    def predict_output_word(self, context_words_list: Sequence[str], topn: int = 10) -> list[tuple[str, float]]:
        """The `topn` most probable words in a context, with their P: exact and normalized, by the layer."""
        if self._trained is None:
            raise AttributeError("this model has not been trained yet; call train, or give the constructor a text")
        return self._trained.predict(list(context_words_list), topn)

    def save(self, path: _Path) -> None:
        """Writes the whole model to a .safetensors file, whole or not at all. `load` and `lexmax` read it."""
        if self._trained is None:
            raise AttributeError("this model has not been trained yet; call train, or give the constructor a text")
        self._trained.save(path)

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
        #: Epochs that began and epochs that ended.
        self.begun = self.ended = 0

    def __call__(self, what: str, *news: Any) -> None:
        if what == "read":
            self.words = news[0]
            self.bar.begin(self.words * self.model.epochs)
            self.reach(0, 1)
            return
        _, words, loss, rate = news
        if not math.isnan(loss):
            self.model._latest_loss = loss
        self.bar.move(words, f"loss {self.model._latest_loss:.3f}, rate {rate:.4f}")
        whole = min(words // max(self.words, 1), self.model.epochs)
        self.reach(whole, min(whole + 1, self.model.epochs))

    def reach(self, ended: int, begun: int) -> None:
        """Calls what is due until so many epochs have ended and begun."""
        while self.ended < ended or self.begun < begun:
            if self.begun > self.ended:
                self.ended += 1
                self.call("on_epoch_end")
            else:
                self.begun += 1
                self.call("on_epoch_begin")

    def finish(self) -> None:
        """The text is read."""
        epochs = len(self.model.epoch_losses) or self.model.epochs
        self.bar.move(self.words * self.model.epochs, f"loss {self.model._latest_loss:.3f}")
        self.reach(epochs, epochs)

    def call(self, name: str) -> None:
        for callback in self.model.callbacks:
            method = getattr(callback, name, None)
            if method is not None:
                method(self.model)


def _paths(given: Any) -> list[Any]:
    """One path or several, as a list."""
    return [given] if isinstance(given, (str, os.PathLike)) else list(given)

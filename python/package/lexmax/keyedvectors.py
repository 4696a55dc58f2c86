"""Word vectors with gensim's methods, over the memory of Rust."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Union, overload

import numpy as np
from numpy.typing import NDArray

from ._lexmax import WordVectors, student_p

if TYPE_CHECKING:
    import gensim.models as _gensim

__all__ = ["Correlation", "KeyedVectors"]

_Path = Union[str, "os.PathLike[str]"]
_Vector = NDArray[np.float32]
#: A word, the number of a word, or a vector of shape (d,).
_Key = Union[str, int, np.integer[Any], NDArray[Any]]
_Keys = Union[_Key, Sequence[Union[_Key, tuple[_Key, float]]], None]

#: Questions that one matrix product answers.
_BLOCK = 256


class Correlation(NamedTuple):
    """A correlation coefficient with its two-sided p-value."""

    statistic: float
    pvalue: float


class KeyedVectors:
    """Words and a float32 vector each, with gensim's method names and results.

    words: the words, V of them, all different, the most frequent first.
    vectors: their vectors, float32 of shape (V, d). They are copied once, into the memory of Rust.
    counts: how often each word occurs, integers of shape (V,) [default: unknown].

    `vectors` is a read-only view of that memory. `KeyedVectors.load` reads every format of lexmax.
    """

    def __init__(
        self, words: Iterable[str], vectors: NDArray[np.float32], counts: NDArray[np.integer[Any]] | None = None
    ) -> None:
        self._take(WordVectors(list(words), vectors), None if counts is None else np.array(counts))

    def _take(self, rust: WordVectors, counts: NDArray[np.integer[Any]] | None) -> None:
        self._rust = rust
        self._vectors: _Vector = np.asarray(rust)
        self._index_to_key: list[str] | None = None
        self._key_to_index: dict[str, int] | None = None
        self._norms: _Vector | None = None
        self._attributes: dict[str, NDArray[Any]] = {}
        if counts is not None:
            if len(counts) != len(rust):
                raise ValueError(f"{len(counts)} counts for {len(rust)} words; give one count for each word")
            self._attributes["count"] = counts

    @classmethod
    def _over(cls, rust: WordVectors, counts: NDArray[np.integer[Any]] | None = None) -> KeyedVectors:
        found = cls.__new__(cls)
        found._take(rust, counts)
        return found

    # Files.

    @classmethod
    def load(
        cls,
        path: _Path,
        *,
        format: str | None = None,
        words: _Path | None = None,
        limit: int | None = None,
        on_bad: str = "error",
    ) -> KeyedVectors:
        """Reads a file of word vectors; its name or its content tells the format, and it may be compressed.

        format: binary, text, fasttext, glove, npy, finalfusion, projector or model.
        words: the file of the words, for formats that keep them beside the vectors.
        limit: the number of words to read, from the first.
        on_bad: "skip" passes over broken entries; `passed_over` counts them.

        A model of lexmax has the counts of its words too: the attribute "count".
        """
        rust = WordVectors.read(path, format=format, words=words, limit=limit, on_bad=on_bad)
        counts = None if rust.passed_over else _counts_of_model(path)
        return cls._over(rust, None if counts is None else counts[: len(rust)])

    def save(self, path: _Path, *, format: str | None = None) -> None:
        """Writes a file in the format that its ending tells, whole or not at all.

        .bin, .txt, .vec, .npy, .fifu and .tsv, each also compressed (.gz, .zst, .bz2).
        """
        self._rust.write(path, format=format)

    @classmethod
    def load_word2vec_format(
        cls,
        fname: _Path,
        fvocab: _Path | None = None,
        binary: bool = False,
        encoding: str = "utf8",
        unicode_errors: str = "strict",
        limit: int | None = None,
        datatype: Any = np.float32,
        no_header: bool = False,
    ) -> KeyedVectors:
        """Reads word2vec's binary or text format, as gensim does.

        Counts come from `fvocab`; without it they fall from V to 1, as in gensim. The encoding is UTF-8. A word that is
        not UTF-8 is an error; `load` with on_bad="skip" passes over it.
        """
        if encoding.lower().replace("-", "") != "utf8":
            raise ValueError(f"unsupported encoding {encoding!r} (supported: 'utf8')")
        if unicode_errors != "strict":
            raise ValueError(
                f"unsupported unicode_errors {unicode_errors!r} (supported: 'strict'); KeyedVectors.load(…, "
                "on_bad='skip') passes over words that are not UTF-8, and over other broken entries"
            )
        if np.dtype(datatype) != np.float32:
            raise ValueError(f"unsupported datatype {datatype!r} (supported: numpy.float32)")
        kind = "binary" if binary else "glove" if no_header else "text"
        rust = WordVectors.read(fname, format=kind, limit=limit)
        counts = np.arange(len(rust), 0, -1) if fvocab is None else _counts_of_file(fvocab, rust.words())
        return cls._over(rust, counts)

    def save_word2vec_format(
        self,
        fname: _Path,
        fvocab: _Path | None = None,
        binary: bool = False,
        total_vec: int | None = None,
        write_header: bool = True,
        prefix: str = "",
        append: bool = False,
        sort_attr: str = "count",
    ) -> None:
        """Writes word2vec's binary or text format, sorted by falling `sort_attr` where the words have it, as gensim.

        fvocab: a file for the words and their counts.
        write_header: False leaves out the line of sizes, as GloVe's files have it; text only.
        prefix: a text before each word. total_vec: the number of words, V, alone. append: False alone, since files are
        written whole or not at all.
        """
        if append:
            raise ValueError("append=True is not supported: a file is written whole or not at all; leave it out")
        if total_vec not in (None, len(self)):
            raise ValueError(f"total_vec is {total_vec}, but the file has {len(self)} words; leave it out")
        if binary and not write_header:
            raise ValueError("write_header=False has no effect with binary=True; remove one of them")
        rust = self._rust
        attribute = self._attributes.get(sort_attr)
        if attribute is not None:
            # Falling and stable, for any type: unsigned numbers cannot be negated.
            order = len(attribute) - 1 - np.argsort(attribute[::-1], kind="stable")[::-1]
            if (order != np.arange(len(order))).any():
                rust = WordVectors([self.index_to_key[i] for i in order], self._vectors[order])
            attribute = attribute[order]
        if prefix:
            rust = WordVectors([prefix + word for word in rust.words()], np.asarray(rust))
        if fvocab is not None:
            if attribute is None:
                raise ValueError(
                    f"the words have no attribute {sort_attr!r}, which fvocab needs; set it by set_vecattr"
                )
            with open(fvocab, "w", encoding="utf8", newline="\n") as file:
                file.writelines(f"{word} {value}\n" for word, value in zip(rust.words(), attribute))
        rust.write(fname, format="binary" if binary else "text" if write_header else "glove")

    def to_gensim(self) -> _gensim.KeyedVectors:
        """gensim's KeyedVectors over the same memory, which is read-only; the words are copied."""
        from gensim.models import KeyedVectors as Gensim

        found = Gensim(self.vector_size, count=0)
        found.index_to_key, found.key_to_index = list(self.index_to_key), dict(self.key_to_index)
        found.vectors, found.next_index = self._vectors, len(self)
        for name, values in self._attributes.items():
            found.expandos[name] = values.copy()
        return found

    @classmethod
    def from_gensim(cls, vectors: _gensim.KeyedVectors) -> KeyedVectors:
        """Copies gensim's KeyedVectors, with its counts where it has them."""
        counts = vectors.expandos.get("count")
        return cls(vectors.index_to_key, np.asarray(vectors.vectors, np.float32), counts)

    # Words.

    @property
    def vectors(self) -> _Vector:
        """All vectors, float32 of shape (V, d): a read-only view of the memory of Rust."""
        return self._vectors

    @property
    def vector_size(self) -> int:
        """The size d of a vector."""
        return self._rust.dim

    @property
    def passed_over(self) -> str:
        """The entries of the file that were passed over, in words; empty if there are none."""
        return self._rust.passed_over

    @property
    def index_to_key(self) -> list[str]:
        """All words, in their order."""
        if self._index_to_key is None:
            self._index_to_key = self._rust.words()
        return self._index_to_key

    @property
    def key_to_index(self) -> dict[str, int]:
        """The number of each word."""
        if self._key_to_index is None:
            self._key_to_index = {word: index for index, word in enumerate(self.index_to_key)}
        return self._key_to_index

    @property
    def norms(self) -> _Vector:
        """The lengths of the vectors, float32 of shape (V,)."""
        if self._norms is None:
            self._norms = np.linalg.norm(self._vectors, axis=1)
        return self._norms

    def __len__(self) -> int:
        """The number of words, V."""
        return len(self._rust)

    def __contains__(self, key: object) -> bool:
        """Whether a word, or a number of a word, has a vector."""
        return isinstance(key, (str, int, np.integer)) and self.get_index(key, -1) >= 0

    def __iter__(self) -> Iterator[str]:
        """All words, in their order."""
        return iter(self.index_to_key)

    def __getitem__(self, key: _Key | Sequence[_Key]) -> _Vector:
        """The vector of a word, of shape (d,), or the vectors of several words, of shape (n, d)."""
        if isinstance(key, (str, int, np.integer)):
            return self.get_vector(key)
        return np.vstack([self.get_vector(one) for one in _sequence(key)])

    def __repr__(self) -> str:
        return f"KeyedVectors({len(self)} words, vector_size={self.vector_size})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self._rust, self._attributes)

    def get_index(self, key: Any, default: int | None = None) -> int:
        """The number of a word. A number of a word is its own. Other keys are a KeyError, or give `default`."""
        if isinstance(key, str):
            found = self._rust.id(key)
            if found is not None:
                return found
        elif isinstance(key, (int, np.integer)) and 0 <= key < len(self):
            return int(key)
        if default is not None:
            return default
        raise KeyError(self._rust.unknown(key) if isinstance(key, str) else f"there is no word {key!r}")

    def has_index_for(self, key: Any) -> bool:
        """Whether a word, or a number of a word, has a vector."""
        return key in self

    def get_vector(self, key: Any, norm: bool = False) -> _Vector:
        """The vector of a word, float32 of shape (d,): read-only; divided by its length with `norm`, a new array."""
        index = self.get_index(key)
        vector: _Vector = self._vectors[index]
        return vector / self.norms[index] if norm else vector

    def get_normed_vectors(self) -> _Vector:
        """All vectors divided by their lengths, float32 of shape (V, d): a new array."""
        return self._vectors / self.norms[:, np.newaxis]

    def get_mean_vector(
        self,
        keys: Sequence[_Key],
        weights: Sequence[float] | NDArray[Any] | None = None,
        pre_normalize: bool = True,
        post_normalize: bool = False,
        ignore_missing: bool = True,
    ) -> _Vector:
        """The mean of the vectors of words, float32 of shape (d,).

        weights: a factor for each key. The sum is divided by the sum of their absolute values [default: 1 each].
        pre_normalize: vectors of words are divided by their lengths first. Arrays among the keys stay as they are.
        post_normalize: the mean is divided by its length.
        ignore_missing: words without a vector are left out; else they are a KeyError.
        """
        if len(keys) == 0:
            raise ValueError("the mean of no word; give at least one")
        factors: NDArray[Any] = np.ones(len(keys), np.float32) if weights is None else np.asarray(weights)
        if isinstance(weights, list):
            factors = factors.astype(np.float32)
        if len(keys) != len(factors):
            raise ValueError(f"{len(factors)} weights for {len(keys)} keys; give one weight for each key")
        mean: _Vector = np.zeros(self.vector_size, np.float32)
        total: Any = 0
        for factor, key in zip(factors, keys):
            if isinstance(key, np.ndarray):
                mean += factor * key
            elif key in self:
                mean += factor * self.get_vector(key, norm=pre_normalize)
            elif ignore_missing:
                continue
            else:
                self.get_index(key)
            total += abs(factor)
        if total > 0:
            mean = mean / total
        return _unit(mean).astype(np.float32) if post_normalize else mean

    def get_vecattr(self, key: Any, attr: str) -> Any:
        """The attribute of a word, such as its "count"."""
        index = self.get_index(key)
        if attr not in self._attributes:
            known = ", ".join(sorted(self._attributes)) or "none"
            raise KeyError(f"the words have no attribute {attr!r} (known: {known})")
        return self._attributes[attr][index]

    def set_vecattr(self, key: Any, attr: str, val: Any) -> None:
        """Sets the attribute of a word; words without a value have 0."""
        index = self.get_index(key)
        values = self._attributes.get(attr)
        if values is None:
            values = np.zeros(len(self), np.asarray(val).dtype if not isinstance(val, str) else object)
            self._attributes[attr] = values
        values[index] = val

    # Neighbours.

    @overload
    def most_similar(
        self,
        positive: _Keys = None,
        negative: _Keys = None,
        topn: int = 10,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
        indexer: None = None,
    ) -> list[tuple[str, float]]: ...
    @overload
    def most_similar(
        self,
        positive: _Keys = None,
        negative: _Keys = None,
        *,
        topn: None,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
        indexer: None = None,
    ) -> NDArray[np.float32]: ...
    def most_similar(
        self,
        positive: _Keys = None,
        negative: _Keys = None,
        topn: int | None = 10,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
        indexer: None = None,
    ) -> Any:
        """The `topn` words with the greatest cosine to the mean of `positive` and −`negative`, without these.

        Keys are words, numbers of words or vectors, each alone or with a weight, as in ("river", 0.5).
        clip_start, clip_end: the range of words to search. restrict_vocab: the number of first words to search.
        indexer: None alone; all words are compared.
        Returns a list of (word, cosine), the greatest first; with topn=None the cosines of the range, of shape (n,).
        """
        if indexer is not None:
            raise ValueError("indexer is not supported: all words are compared; leave it out")
        if topn is not None and topn < 1:
            return []
        keys, weights = [], []
        for items, sign in [(_list(positive), 1.0), (_list(negative), -1.0)]:
            for item in items:
                key, weight = item if isinstance(item, (tuple, list)) else (item, sign)
                keys.append(key)
                weights.append(weight)
        clip_end = clip_end or len(self)
        if restrict_vocab:
            clip_start, clip_end = 0, restrict_vocab
        mean = self.get_mean_vector(keys, np.array(weights), post_normalize=True, ignore_missing=False)
        given = {self.get_index(key) for key in keys if not isinstance(key, np.ndarray)}
        cosines = np.dot(self._vectors[clip_start:clip_end], mean) / self.norms[clip_start:clip_end]
        return self._best(cosines, topn, given, clip_start)

    @overload
    def most_similar_cosmul(
        self,
        positive: _Keys = None,
        negative: _Keys = None,
        topn: int = 10,
        restrict_vocab: int | None = None,
    ) -> list[tuple[str, float]]: ...
    @overload
    def most_similar_cosmul(
        self,
        positive: _Keys = None,
        negative: _Keys = None,
        *,
        topn: None,
        restrict_vocab: int | None = None,
    ) -> NDArray[np.float32]: ...
    def most_similar_cosmul(
        self,
        positive: _Keys = None,
        negative: _Keys = None,
        topn: int | None = 10,
        restrict_vocab: int | None = None,
    ) -> Any:
        """The `topn` best words by 3CosMul (Levy & Goldberg 2014, equation 4), with cosines shifted to [0, 1].

        restrict_vocab: has no effect, as in gensim 4.4.
        Returns as `most_similar`.
        """
        if topn is not None and topn < 1:
            return []
        positives, negatives = _list(positive), _list(negative)
        if not positives:
            raise ValueError("3CosMul of no positive word; give at least one")
        given = {self.get_index(key) for key in positives + negatives if isinstance(key, str)}

        def shifted(key: Any) -> Any:
            vector = key if isinstance(key, np.ndarray) else self.get_vector(key, norm=True)
            return (1 + np.dot(self._vectors, vector) / self.norms) / 2

        above = np.prod([shifted(key) for key in positives], axis=0)
        below = np.prod([shifted(key) for key in negatives], axis=0)
        return self._best(above / (below + 0.000001), topn, given, 0)

    def _best(self, scores: NDArray[Any], topn: int | None, given: set[int], start: int) -> Any:
        if not topn:
            return scores
        best = _greatest(scores, topn + len(given))
        words = ((int(i) + start, float(scores[i])) for i in best)
        return [(self._rust.word(i), score) for i, score in words if i not in given][:topn]

    @overload
    def similar_by_word(
        self,
        word: str,
        topn: int = 10,
        restrict_vocab: int | None = None,
    ) -> list[tuple[str, float]]: ...
    @overload
    def similar_by_word(
        self,
        word: str,
        *,
        topn: None,
        restrict_vocab: int | None = None,
    ) -> NDArray[np.float32]: ...
    def similar_by_word(self, word: str, topn: int | None = 10, restrict_vocab: int | None = None) -> Any:
        """`most_similar` of one word."""
        return self.most_similar([word], topn=topn, restrict_vocab=restrict_vocab)

    @overload
    def similar_by_key(
        self,
        key: _Key,
        topn: int = 10,
        restrict_vocab: int | None = None,
    ) -> list[tuple[str, float]]: ...
    @overload
    def similar_by_key(
        self,
        key: _Key,
        *,
        topn: None,
        restrict_vocab: int | None = None,
    ) -> NDArray[np.float32]: ...
    def similar_by_key(self, key: _Key, topn: int | None = 10, restrict_vocab: int | None = None) -> Any:
        """`most_similar` of one word or of its number."""
        return self.most_similar([key], topn=topn, restrict_vocab=restrict_vocab)

    @overload
    def similar_by_vector(
        self,
        vector: NDArray[Any],
        topn: int = 10,
        restrict_vocab: int | None = None,
    ) -> list[tuple[str, float]]: ...
    @overload
    def similar_by_vector(
        self,
        vector: NDArray[Any],
        *,
        topn: None,
        restrict_vocab: int | None = None,
    ) -> NDArray[np.float32]: ...
    def similar_by_vector(self, vector: NDArray[Any], topn: int | None = 10, restrict_vocab: int | None = None) -> Any:
        """`most_similar` of one vector of shape (d,)."""
        return self.most_similar([np.asarray(vector)], topn=topn, restrict_vocab=restrict_vocab)

    def similarity(self, w1: _Key, w2: _Key) -> np.float32:
        """The cosine of two words, from −1 to 1."""
        return np.float32(np.dot(_unit(self[w1]), _unit(self[w2])))

    def distance(self, w1: _Key, w2: _Key) -> np.float32:
        """1 − the cosine of two words."""
        return np.float32(1 - self.similarity(w1, w2))

    def distances(self, word_or_vector: _Key, other_words: Iterable[_Key] = ()) -> NDArray[Any]:
        """1 − the cosine to each of `other_words`, or to all words where there are none, of shape (n,)."""
        vector: Any = word_or_vector
        if isinstance(vector, (str, int, np.integer)):
            vector = self.get_vector(vector)
        others = [self.get_index(word) for word in other_words]
        vectors = self._vectors[others] if others else self._vectors
        return 1 - self.cosine_similarities(vector, vectors)

    @staticmethod
    def cosine_similarities(vector_1: NDArray[Any], vectors_all: NDArray[Any]) -> NDArray[Any]:
        """The cosines of a vector of shape (d,) with the rows of a matrix of shape (n, d), of shape (n,)."""
        lengths = np.linalg.norm(vector_1) * np.linalg.norm(vectors_all, axis=1)
        found: NDArray[Any] = np.dot(vectors_all, vector_1) / lengths
        return found

    def n_similarity(self, ws1: Sequence[_Key], ws2: Sequence[_Key]) -> np.float32:
        """The cosine of the means of two lists of words."""
        if not (len(ws1) and len(ws2)):
            raise ZeroDivisionError("one of the lists is empty; give words in both")
        means = (self.get_mean_vector(words, pre_normalize=False) for words in (ws1, ws2))
        return np.float32(np.dot(*(_unit(mean) for mean in means)))

    def closer_than(self, key1: _Key, key2: _Key) -> list[str]:
        """All words that are closer to `key1` than `key2` is."""
        distances = self.distances(key1)
        first, second = self.get_index(key1), self.get_index(key2)
        return [self._rust.word(int(i)) for i in np.where(distances < distances[second])[0] if i != first]

    def rank(self, key1: _Key, key2: _Key) -> int:
        """1 + the number of words that are closer to `key1` than `key2` is."""
        return len(self.closer_than(key1, key2)) + 1

    def rank_by_centrality(self, words: Sequence[str], use_norm: bool = True) -> list[tuple[Any, str]]:
        """The words with their cosine to the mean of all of them, the greatest first. Unknown words are left out."""
        known = [word for word in words if word in self]
        if not known:
            raise ValueError("none of the words has a vector; give at least one that has")
        vectors = np.vstack([self.get_vector(word, norm=use_norm) for word in known]).astype(np.float32)
        mean = self.get_mean_vector(list(vectors), post_normalize=True)
        return sorted(zip(np.dot(vectors, mean), known), reverse=True)

    def doesnt_match(self, words: Sequence[str]) -> str:
        """The word that is farthest from the mean of all of them."""
        return self.rank_by_centrality(words)[-1][1]

    def most_similar_to_given(self, key1: _Key, keys_list: Sequence[str]) -> str:
        """The word of `keys_list` with the greatest cosine to `key1`."""
        return keys_list[int(np.argmax([self.similarity(key1, key) for key in keys_list]))]

    # Evaluation.

    def _upper(self, restrict_vocab: int | None, case_insensitive: bool) -> dict[str, int]:
        """The first of the words that become the same in upper case."""
        first = self.index_to_key[:restrict_vocab]
        return {(word.upper() if case_insensitive else word): index for index, word in reversed(list(enumerate(first)))}

    def evaluate_word_pairs(
        self,
        pairs: _Path,
        delimiter: str = "\t",
        encoding: str = "utf8",
        restrict_vocab: int | None = 300000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
    ) -> tuple[Correlation, Correlation, float]:
        """Pearson's r, Spearman's ρ (with two-sided p-values) and the percentage of pairs with an unknown word.

        pairs: a file with a pair of words and a score on each line. Lines of another form are passed over.
        dummy4unknown: pairs with an unknown word count with the cosine 0.
        """
        known = self._upper(restrict_vocab, case_insensitive)
        gold, model, unknown = [], [], 0
        with open(pairs, encoding=encoding) as file:
            for line in file:
                if line.startswith("#"):
                    continue
                parts = (line.upper() if case_insensitive else line).split(delimiter)
                try:
                    a, b, score = parts[0], parts[1], float(parts[2])
                    if len(parts) != 3:
                        continue
                except (ValueError, IndexError):
                    continue
                if a in known and b in known:
                    model.append(float(self.similarity(known[a], known[b])))
                    gold.append(score)
                    continue
                unknown += 1
                if dummy4unknown:
                    model.append(0.0)
                    gold.append(score)
        if not gold:
            raise ValueError(f"{os.fspath(pairs)}: no line has two known words and a score; check the delimiter")
        all_pairs = len(gold) if dummy4unknown else len(gold) + unknown
        pearson, spearman = _correlation(gold, model), _correlation(_ranks(gold), _ranks(model))
        return pearson, spearman, unknown / all_pairs * 100

    def evaluate_word_analogies(
        self,
        analogies: _Path,
        restrict_vocab: int | None = 300000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
        similarity_function: str = "most_similar",
    ) -> tuple[float, list[dict[str, Any]]]:
        """The share of right answers, and for each section its "correct" and "incorrect" questions.

        analogies: a file of questions as questions-words.txt, four words a line, with a heading for each section.
        similarity_function: "most_similar" for 3CosAdd, "most_similar_cosmul" for 3CosMul, which searches all words.

        The rules are gensim's: an answer is looked for among the five nearest words. `analogy_scores` has the rules of
        lexmax, which are those of word2vec's compute-accuracy.
        """
        if similarity_function not in ("most_similar", "most_similar_cosmul"):
            message = f"unsupported similarity_function {similarity_function!r}"
            raise ValueError(f"{message} (supported: 'most_similar', 'most_similar_cosmul')")
        by_product = similarity_function == "most_similar_cosmul"
        known = self._upper(restrict_vocab, case_insensitive)
        sections: list[dict[str, Any]] = []
        asked: list[tuple[dict[str, Any], tuple[str, ...], bool]] = []
        with open(analogies, encoding="utf8") as file:
            for number, line in enumerate(file, 1):
                if line.startswith(": "):
                    sections.append({"section": line.lstrip(": ").strip(), "correct": [], "incorrect": []})
                    continue
                if not sections:
                    raise ValueError(f"{os.fspath(analogies)}:{number}: a question before the first ': heading'")
                words = tuple((line.upper() if case_insensitive else line).split())
                if len(words) == 4:
                    is_known = all(word in known for word in words)
                    if is_known or dummy4unknown:
                        asked.append((sections[-1], words, is_known))
        questions = [words for _, words, ok in asked if ok]
        end = len(self) if by_product else restrict_vocab or len(self)
        answers = iter(self._answers(questions, known, end, case_insensitive, by_product))
        for section, words, is_known in asked:
            is_right = is_known and next(answers) == words[3]
            section["correct" if is_right else "incorrect"].append(words)
        total: dict[str, Any] = {"section": "Total accuracy"}
        for kind in ("correct", "incorrect"):
            total[kind] = [question for section in sections for question in section[kind]]
        right, wrong = len(total["correct"]), len(total["incorrect"])
        return right / (right + wrong) if right + wrong else 0.0, [*sections, total]

    def _answers(
        self, questions: list[tuple[str, ...]], known: dict[str, int], end: int, fold: bool, by_product: bool
    ) -> Iterator[str | None]:
        """The answer to each question, whose words are known, by 3CosMul or by 3CosAdd."""
        for start in range(0, len(questions), _BLOCK):
            block = questions[start : start + _BLOCK]
            ids = np.array([[known[word] for word in words[:3]] for words in block])
            units = self._vectors[ids] / self.norms[ids][:, :, np.newaxis]
            scores: NDArray[Any]
            if by_product:
                a, b, c = (
                    (1 + np.dot(units[:, i], self._vectors[:end].T) / self.norms[:end]) / 2 for i in range(3)
                )
                scores = b * c / (a + 0.000001)
            else:
                means = units[:, 1] + units[:, 2] - units[:, 0]
                means /= np.linalg.norm(means, axis=1, keepdims=True)
                scores = np.dot(means, self._vectors[:end].T) / self.norms[:end]
            for words, three, row in zip(block, ids, scores):
                given, ignored = set(three.tolist()), set(words[:3])
                best = [int(i) for i in _greatest(row, 5 + 3) if int(i) not in given][:5]
                answer = None
                for i in best:
                    word = self._rust.word(i)
                    answer = word.upper() if fold else word
                    if answer in known and answer not in ignored:
                        break
                yield answer

    def analogy_scores(
        self,
        analogies: _Path,
        *,
        rules: str = "word2vec",
        method: str = "add",
        restrict_vocab: int | None = 30_000,
        threads: int = 1,
    ) -> list[dict[str, Any]]:
        """Right, asked and all questions of each section, by the rules of lexmax.

        rules: "word2vec" counts as compute-accuracy does, "unicode" ignores case as Unicode says, "exact" does not.
        method: "add" for 3CosAdd, "mul" for 3CosMul.
        """
        return self._rust.analogies(
            analogies, rules=rules, method=method, restrict_vocab=restrict_vocab, threads=threads
        )


def _restored(cls: type[KeyedVectors], rust: WordVectors, attributes: dict[str, NDArray[Any]]) -> KeyedVectors:
    found = cls._over(rust)
    found._attributes.update(attributes)
    return found


def _sequence(keys: Any) -> list[Any]:
    return list(keys)


def _list(keys: Any) -> list[Any]:
    """One key, several or none, as a list."""
    if keys is None:
        return []
    if isinstance(keys, (str, int, np.integer)) or isinstance(keys, np.ndarray) and keys.ndim == 1:
        return [keys]
    return list(keys)


def _unit(vector: NDArray[Any]) -> NDArray[Any]:
    """A vector divided by its length; one of zeros stays as it is."""
    length = np.linalg.norm(vector)
    return (vector / length).astype(vector.dtype) if length > 0 else vector


def _greatest(scores: NDArray[Any], n: int) -> NDArray[np.intp]:
    """The places of the `n` greatest scores, the greatest first."""
    if n >= len(scores):
        return np.argsort(-scores)
    best = np.argpartition(-scores, n)[:n]
    return best[np.argsort(-scores[best])]


def _counts_of_file(path: _Path, words: list[str]) -> NDArray[np.int64]:
    """The counts in a file of lines "word count"; a word that is not there has the count 0."""
    counts: dict[str, int] = {}
    with open(path, encoding="utf8") as file:
        for number, line in enumerate(file, 1):
            word, _, count = line.rstrip("\r\n").rpartition(" ")
            if not word or not count.isdigit():
                raise ValueError(f"{os.fspath(path)}:{number}: expected a word and its count")
            counts[word] = int(count)
    return np.array([counts.get(word, 0) for word in words], np.int64)


def _counts_of_model(path: _Path) -> NDArray[np.int64] | None:
    """The counts of the words of a lexmax model; None for files of another kind."""
    try:
        with open(path, "rb") as file:
            start = file.read(9)
            if len(start) < 9 or start[8:] != b"{":
                return None
            (length,) = struct.unpack("<Q", start[:8])
            if length > os.path.getsize(path) - 8:
                return None
            counts = json.loads(b"{" + file.read(length - 1)).get("vocab.counts")
            if counts is None or counts["dtype"] != "U64":
                return None
            begin, end = counts["data_offsets"]
            file.seek(8 + length + begin)
            return np.frombuffer(file.read(end - begin), "<u8").astype(np.int64)
    except (OSError, ValueError):
        return None


def _ranks(values: list[float]) -> list[float]:
    """Ranks from 1; equal values have the mean of their ranks."""
    found, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: list[float] = (last - (counts - 1) / 2)[inverse].tolist()
    return ranks


def _correlation(a: list[float], b: list[float]) -> Correlation:
    """Pearson's r with its p-value by Student's t; NaN where one side does not vary."""
    if len(a) < 2:
        raise ValueError(f"a correlation needs 2 pairs, not {len(a)}; give more pairs of known words")
    x, y = np.asarray(a) - np.mean(a), np.asarray(b) - np.mean(b)
    lengths = float(np.linalg.norm(x) * np.linalg.norm(y))
    if lengths == 0:
        return Correlation(float("nan"), float("nan"))
    r = min(1.0, max(-1.0, float(np.dot(x, y)) / lengths))
    df = len(a) - 2
    if df == 0:
        return Correlation(r, 1.0)
    t = r * (df / (1 - r * r)) ** 0.5 if abs(r) < 1 else float("inf")
    return Correlation(r, student_p(t, df))

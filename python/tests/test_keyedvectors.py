"""`KeyedVectors`: every method in lexmax and in gensim over the same file, shared memory, files."""

import gc
import pickle

import numpy as np
import pytest

from lexmax import KeyedVectors

gensim_models = pytest.importorskip("gensim.models")
Gensim = gensim_models.KeyedVectors

V, D = 400, 16


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vectors")
    rng = np.random.default_rng(0)
    values = (rng.standard_normal((V, D)) * rng.uniform(0.5, 3, (V, 1))).astype(np.float32)
    words = [f"Word{i}" if i % 7 == 0 else f"word{i}" for i in range(V)]
    # One word in two spellings, the later of which must not be found without regard to case.
    words[30], words[200] = "Paris", "paris"
    with open(folder / "vectors.txt", "w", encoding="utf8") as file:
        file.write(f"{V} {D}\n")
        for word, row in zip(words, values):
            file.write(f"{word} {' '.join(repr(float(x)) for x in row)}\n")
    with open(folder / "counts.txt", "w", encoding="utf8") as file:
        # Counts in another order than the file, so that sorting shows.
        file.writelines(f"{word} {1_000 + (i * 37) % 101}\n" for i, word in enumerate(words))
    with open(folder / "pairs.tsv", "w", encoding="utf8") as file:
        file.write("# a comment\n")
        file.writelines(
            f"{words[a]}\t{words[b]}\t{score:.2f}\n"
            for a, b, score in zip(*rng.integers(0, V, (2, 90)), rng.uniform(0, 10, 90))
        )
        file.write("paris\tword8\t3.0\nnowhere\tword9\t1.0\na line of another form\n")
    with open(folder / "questions.txt", "w", encoding="utf8") as file:
        for section in range(3):
            file.write(f": section {section}\n")
            for a, b, c in rng.integers(0, V, (60, 3)):
                unit = values / np.linalg.norm(values, axis=1, keepdims=True)
                order = np.argsort(-(unit @ (unit[b] + unit[c] - unit[a])))
                # Often the right answer, often a wrong one.
                answer = next(i for i in order[section:] if i not in (a, b, c))
                file.write(" ".join(words[i] for i in (a, b, c, answer)) + "\n")
        file.write("nowhere word1 word2 word3\nthree words only\n")
    return folder


@pytest.fixture(scope="module")
def both(folder):
    path, counts = str(folder / "vectors.txt"), str(folder / "counts.txt")
    return KeyedVectors.load_word2vec_format(path, counts), Gensim.load_word2vec_format(path, counts)


def same(ours, theirs):
    """Equal words, and numbers within the rounding of another order of sums."""
    if isinstance(theirs, (str, bool, type(None))) or isinstance(ours, str):
        assert ours == theirs
    elif isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        for key in theirs:
            same(ours[key], theirs[key])
    elif isinstance(theirs, np.ndarray):
        assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)
    elif isinstance(theirs, (list, tuple, set)) or hasattr(theirs, "statistic"):
        assert len(list(ours)) == len(list(theirs))
        for one, other in zip(ours, theirs):
            same(one, other)
    else:
        assert float(ours) == pytest.approx(float(theirs), rel=2e-5, abs=2e-6)


VECTOR = np.linspace(-1, 1, D).astype(np.float32)

#: Every method of the list, with its arguments: each is called in lexmax and in gensim.
CALLS = {
    "index_to_key": lambda kv, _: kv.index_to_key,
    "key_to_index": lambda kv, _: kv.key_to_index,
    "vectors": lambda kv, _: kv.vectors,
    "vector_size": lambda kv, _: kv.vector_size,
    "__getitem__ word": lambda kv, _: kv["word8"],
    "__getitem__ number": lambda kv, _: kv[5],
    "__getitem__ list": lambda kv, _: kv[["word8", "Paris", 3]],
    "__contains__": lambda kv, _: ["word8" in kv, "nowhere" in kv, 3 in kv, V in kv],
    "__len__": lambda kv, _: len(kv),
    "get_index": lambda kv, _: [kv.get_index("word8"), kv.get_index(9), kv.get_index("nowhere", -5)],
    "has_index_for": lambda kv, _: [kv.has_index_for("word8"), kv.has_index_for("nowhere")],
    "get_vector": lambda kv, _: kv.get_vector("word8"),
    "get_vector norm": lambda kv, _: kv.get_vector("word8", norm=True),
    "get_normed_vectors": lambda kv, _: kv.get_normed_vectors(),
    "get_mean_vector": lambda kv, _: kv.get_mean_vector(["word8", "nowhere", 3, VECTOR]),
    "get_mean_vector weights": lambda kv, _: kv.get_mean_vector(["word8", "word9"], [1.0, -0.5], post_normalize=True),
    "get_mean_vector raw": lambda kv, _: kv.get_mean_vector(["word8", "word9"], pre_normalize=False),
    "most_similar": lambda kv, _: kv.most_similar("word8"),
    "most_similar positive, negative": lambda kv, _: kv.most_similar(
        positive=["word8", "word9"], negative=["word10"], topn=7
    ),
    "most_similar weights": lambda kv, _: kv.most_similar([("word8", 0.3), ("word9", 0.7)], [("word10", -0.2)]),
    "most_similar numbers and vectors": lambda kv, _: kv.most_similar([3, VECTOR]),
    "most_similar clip": lambda kv, _: kv.most_similar("word8", clip_start=100, clip_end=300),
    "most_similar restrict_vocab": lambda kv, _: kv.most_similar("word8", restrict_vocab=50, clip_start=9),
    "most_similar all": lambda kv, _: kv.most_similar("word8", topn=None),
    "most_similar none": lambda kv, _: kv.most_similar("word8", topn=0),
    "most_similar more than there are": lambda kv, _: kv.most_similar("word8", topn=10 * V),
    "most_similar_cosmul": lambda kv, _: kv.most_similar_cosmul(positive=["word8", "word9"], negative=["word10"]),
    "most_similar_cosmul one": lambda kv, _: kv.most_similar_cosmul("word8", topn=5),
    "most_similar_cosmul all": lambda kv, _: kv.most_similar_cosmul("word8", "word9", topn=None),
    "similar_by_word": lambda kv, _: kv.similar_by_word("word8", topn=4),
    "similar_by_key": lambda kv, _: kv.similar_by_key("word8", topn=4, restrict_vocab=99),
    "similar_by_vector": lambda kv, _: kv.similar_by_vector(VECTOR, topn=4),
    "similarity": lambda kv, _: kv.similarity("word8", "Paris"),
    "distance": lambda kv, _: kv.distance("word8", "Paris"),
    "distances": lambda kv, _: kv.distances("word8", ["word9", "Paris"]),
    "distances all": lambda kv, _: kv.distances(VECTOR),
    "cosine_similarities": lambda kv, _: kv.cosine_similarities(VECTOR, kv.vectors[:9]),
    "n_similarity": lambda kv, _: kv.n_similarity(["word8", "word9"], ["word10", "Paris"]),
    "rank": lambda kv, _: kv.rank("word8", "word9"),
    "closer_than": lambda kv, _: kv.closer_than("word8", "word9"),
    "doesnt_match": lambda kv, _: kv.doesnt_match(["word8", "word9", "word10", "nowhere"]),
    "rank_by_centrality": lambda kv, _: kv.rank_by_centrality(["word8", "word9", "word10"]),
    "most_similar_to_given": lambda kv, _: kv.most_similar_to_given("word8", ["word9", "word10", "Paris"]),
    "evaluate_word_pairs": lambda kv, at: kv.evaluate_word_pairs(str(at / "pairs.tsv")),
    "evaluate_word_pairs unknown": lambda kv, at: kv.evaluate_word_pairs(str(at / "pairs.tsv"), dummy4unknown=True),
    "evaluate_word_pairs exact": lambda kv, at: kv.evaluate_word_pairs(str(at / "pairs.tsv"), case_insensitive=False),
    "evaluate_word_pairs restricted": lambda kv, at: kv.evaluate_word_pairs(str(at / "pairs.tsv"), restrict_vocab=150),
    "evaluate_word_analogies": lambda kv, at: kv.evaluate_word_analogies(str(at / "questions.txt")),
    "evaluate_word_analogies unknown": lambda kv, at: kv.evaluate_word_analogies(
        str(at / "questions.txt"), dummy4unknown=True
    ),
    "evaluate_word_analogies exact": lambda kv, at: kv.evaluate_word_analogies(
        str(at / "questions.txt"), case_insensitive=False
    ),
    "evaluate_word_analogies restricted": lambda kv, at: kv.evaluate_word_analogies(
        str(at / "questions.txt"), restrict_vocab=200
    ),
    "get_vecattr": lambda kv, _: [kv.get_vecattr(word, "count") for word in ("word8", "Paris", 3)],
}


@pytest.mark.parametrize("name", CALLS)
def test_every_method_gives_what_gensim_gives(name, both, folder):
    ours, theirs = (CALLS[name](kv, folder) for kv in both)
    same(ours, theirs)


def test_the_evaluations_ask_right_and_wrong_questions(both, folder):
    score, sections = both[0].evaluate_word_analogies(str(folder / "questions.txt"))
    assert 0 < score < 1 and len(sections[-1]["correct"]) > 20 and len(sections[-1]["incorrect"]) > 20


@pytest.mark.parametrize(
    "call, kind",
    [
        (lambda kv: kv["nowhere"], KeyError),
        (lambda kv: kv[V], KeyError),
        (lambda kv: kv.most_similar("nowhere"), KeyError),
        (lambda kv: kv.similarity("word8", "nowhere"), KeyError),
        (lambda kv: kv.distances("nowhere"), KeyError),
        (lambda kv: kv.get_vecattr("word8", "nothing"), KeyError),
        (lambda kv: kv.most_similar_cosmul(), ValueError),
        (lambda kv: kv.most_similar(), ValueError),
        (lambda kv: kv.get_mean_vector(["word8"], [1, 2]), ValueError),
        (lambda kv: kv.doesnt_match(["nowhere"]), ValueError),
        (lambda kv: kv.n_similarity([], ["word8"]), ZeroDivisionError),
    ],
)
def test_errors_are_of_gensims_kind(call, kind, both):
    for kv in both:
        with pytest.raises(kind):
            call(kv)


def test_an_unknown_word_names_its_like(both):
    with pytest.raises(KeyError, match='no vector for "wordx8"; similar words: .*"word8"'):
        both[0]["wordx8"]


def test_files_of_one_are_read_by_the_other(both, folder):
    for binary in (False, True):
        names = (
            [str(folder / f"{who}{binary}") for who in ("ours.bin", "theirs.bin")]
            if binary
            else [str(folder / f"{who}.txt") for who in ("ours", "theirs")]
        )
        for kv, name in zip(both, names):
            kv.save_word2vec_format(name, fvocab=name + ".counts", binary=binary)
        # Sorted by count, equal counts in their order: the same lines of counts.
        a, b = (open(name + ".counts", encoding="utf8").read() for name in names)
        assert a == b
        for name in names:
            ours = KeyedVectors.load_word2vec_format(name, name + ".counts", binary=binary)
            theirs = Gensim.load_word2vec_format(name, name + ".counts", binary=binary)
            assert ours.index_to_key == theirs.index_to_key
            np.testing.assert_array_equal(ours.vectors.view("u4"), theirs.vectors.view("u4"))
    name = str(folder / "no-header.txt")
    both[0].save_word2vec_format(name, write_header=False)
    theirs = Gensim.load_word2vec_format(name, no_header=True)
    assert KeyedVectors.load_word2vec_format(name, no_header=True).index_to_key == theirs.index_to_key


def test_analogies_by_product_are_those_of_gensims_most_similar_cosmul(both, folder):
    """gensim's own evaluation takes similarity_function and does not use it."""
    ours, theirs = both
    _, sections = ours.evaluate_word_analogies(
        folder / "questions.txt", case_insensitive=False, similarity_function="most_similar_cosmul"
    )
    kinds = {"correct": 0, "incorrect": 0}
    for kind in kinds:
        for a, b, c, expected in sections[-1][kind]:
            found = theirs.most_similar_cosmul(positive=[b, c], negative=[a], topn=1)[0][0]
            assert (found == expected) == (kind == "correct")
            kinds[kind] += 1
    assert min(kinds.values()) > 20
    with pytest.raises(ValueError, match="supported: 'most_similar', 'most_similar_cosmul'"):
        ours.evaluate_word_analogies(folder / "questions.txt", similarity_function="cosine")


def test_words_get_a_prefix_as_gensims(both, tmp_path):
    for kv, name in zip(both, ("ours.txt", "theirs.txt")):
        kv.save_word2vec_format(str(tmp_path / name), prefix="*dt_", total_vec=V)
    ours, theirs = (Gensim.load_word2vec_format(str(tmp_path / name)) for name in ("ours.txt", "theirs.txt"))
    assert ours.index_to_key == theirs.index_to_key and ours.index_to_key[0].startswith("*dt_")


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda kv, at: kv.save_word2vec_format(at, append=True), "append=True is not supported"),
        (lambda kv, at: kv.save_word2vec_format(at, total_vec=3), "total_vec is 3"),
        (lambda kv, at: kv.most_similar("word8", indexer=object()), "indexer is not supported"),
        (lambda kv, at: kv.load_word2vec_format(at, unicode_errors="ignore"), "unicode_errors 'ignore'.*on_bad='skip'"),
        (lambda kv, at: kv.load(at, limit=-1), "limit is -1, which is negative or too large"),
        (lambda kv, at: kv.load(at, limit=2**70), "limit is .* too large"),
        (lambda kv, at: kv.analogy_scores(at, threads=-1), "threads is -1, which is negative or too large"),
        (lambda kv, at: kv.analogy_scores(at, restrict_vocab=-1), "restrict_vocab is -1, which is negative"),
        (lambda kv, at: KeyedVectors([], np.zeros((0, 4), np.float32)), "there are no words; give at least one"),
    ],
)
def test_what_is_not_supported_is_told(call, words, both, tmp_path):
    with pytest.raises(ValueError, match=words):
        call(both[0], tmp_path / "x.txt")


def test_an_attribute_of_an_unknown_word_leaves_nothing():
    kv = KeyedVectors(["a", "b"], np.eye(2, dtype=np.float32))
    with pytest.raises(KeyError, match="nowhere"):
        kv.set_vecattr("nowhere", "colour", 3)
    with pytest.raises(KeyError, match="no attribute"):
        kv.get_vecattr("a", "colour")


def test_counts_are_copied_and_sorted_whatever_their_type(tmp_path):
    for kind in (np.uint8, np.uint64, np.int64):
        counts = np.array([1, 200, 3], kind)
        kv = KeyedVectors(["a", "b", "c"], np.eye(3, dtype=np.float32), counts)
        counts[0] = 99
        assert kv.get_vecattr("a", "count") == 1
        kv.save_word2vec_format(tmp_path / "x.txt")
        assert KeyedVectors.load(tmp_path / "x.txt").index_to_key == ["b", "c", "a"]


def test_a_model_has_counts(text, tmp_path):
    from lexmax import Word2Vec

    model = Word2Vec(text, vector_size=4, min_count=1, epochs=1, workers=1)
    model.save(tmp_path / "m.safetensors")
    for limit in (None, 5):
        kv = KeyedVectors.load(tmp_path / "m.safetensors", limit=limit)
        assert [kv.get_vecattr(w, "count") for w in kv.index_to_key] == [
            model.wv.get_vecattr(w, "count") for w in model.wv.index_to_key[:limit]
        ]


def test_counts_without_a_file_fall_as_gensims(folder):
    path = str(folder / "vectors.txt")
    kvs = [cls.load_word2vec_format(path, limit=50) for cls in (KeyedVectors, Gensim)]
    assert len(kvs[0]) == 50
    assert [kvs[0].get_vecattr(i, "count") for i in range(50)] == [kvs[1].get_vecattr(i, "count") for i in range(50)]


def test_vectors_are_a_view_of_rusts_memory(both):
    kv = both[0]
    memory = kv._rust.__array_interface__["data"]
    assert kv.vectors.__array_interface__["data"] == memory == (kv.vectors.ctypes.data, True)
    assert np.shares_memory(kv["word8"], kv.vectors)
    with pytest.raises(ValueError, match="read-only"):
        kv.vectors[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        kv["word8"][0] = 1


def test_the_memory_lives_as_long_as_its_views():
    vectors = KeyedVectors(["a", "b"], np.array([[1, 2], [3, 4]], np.float32)).vectors
    gc.collect()
    np.testing.assert_array_equal(vectors, [[1, 2], [3, 4]])


def test_gensim_gets_the_same_memory(both):
    ours, theirs = both
    shared = ours.to_gensim()
    assert np.shares_memory(shared.vectors, ours.vectors)
    same(shared.most_similar("word8"), theirs.most_similar("word8"))
    assert shared.get_vecattr("word8", "count") == theirs.get_vecattr("word8", "count")
    back = KeyedVectors.from_gensim(theirs)
    np.testing.assert_array_equal(back.vectors, theirs.vectors)
    assert back.index_to_key == theirs.index_to_key and not np.shares_memory(back.vectors, theirs.vectors)
    assert back.get_vecattr("word8", "count") == theirs.get_vecattr("word8", "count")


@pytest.mark.parametrize(
    "name", ["v.bin", "v.txt", "v.vec", "v.npy", "v.fifu", "v.tsv", "v.txt.gz", "v.bin.zst", "v.txt.bz2"]
)
def test_every_format_comes_back(name, both, tmp_path):
    kv = both[0]
    kv.save(tmp_path / name)
    back = KeyedVectors.load(tmp_path / name)
    assert back.index_to_key == kv.index_to_key
    # finalfusion keeps directions and lengths apart, which rounds.
    np.testing.assert_allclose(back.vectors, kv.vectors, rtol=0 if "fifu" not in name else 1e-6)


def test_the_format_can_be_named(both, tmp_path):
    both[0].save(tmp_path / "glove.txt", format="glove")
    assert len(KeyedVectors.load(tmp_path / "glove.txt", format="glove")) == V
    with pytest.raises(ValueError, match="supported: binary"):
        both[0].save(tmp_path / "x", format="word2vec")
    with pytest.raises(ValueError, match="csv"):
        both[0].save(tmp_path / "x.csv")


def test_broken_files_name_the_place(tmp_path):
    path = tmp_path / "broken.txt"
    path.write_text("2 2\na 1 2\nb 1 x\n")
    with pytest.raises(ValueError, match="broken.txt:3"):
        KeyedVectors.load(path)
    kv = KeyedVectors.load(path, on_bad="skip")
    assert len(kv) == 1 and "1 vector" in kv.passed_over
    with pytest.raises(FileNotFoundError):
        KeyedVectors.load(tmp_path / "none.bin")


def test_vectors_are_checked():
    with pytest.raises(ValueError, match='^"a" is already word 1'):
        KeyedVectors(["a", "a"], np.zeros((2, 2), np.float32))
    with pytest.raises(TypeError, match="float64"):
        KeyedVectors(["a"], np.zeros((1, 2)))
    with pytest.raises(ValueError, match="2 counts for 1 words"):
        KeyedVectors(["a"], np.zeros((1, 2), np.float32), np.array([1, 2]))


def test_pickles_hold_everything(both):
    back = pickle.loads(pickle.dumps(both[0]))
    np.testing.assert_array_equal(back.vectors, both[0].vectors)
    assert back.get_vecattr("word8", "count") == both[0].get_vecattr("word8", "count")


def test_attributes_of_words(both):
    for kv in (KeyedVectors(["a", "b"], np.eye(2, dtype=np.float32)),):
        kv.set_vecattr("b", "colour", 3)
        assert (kv.get_vecattr("a", "colour"), kv.get_vecattr("b", "colour")) == (0, 3)


def test_analogy_rules_of_lexmax(both, folder, tmp_path):
    # Without the last lines, which lexmax refuses as no questions.
    lines = (folder / "questions.txt").read_text().splitlines()[:-1]
    path = tmp_path / "questions.txt"
    path.write_text("\n".join(lines) + "\n")
    kv = both[0]
    _, sections = kv.evaluate_word_analogies(str(path))
    by_rules = kv.analogy_scores(path, rules="unicode", restrict_vocab=None)
    for theirs, ours in zip(sections, by_rules):
        assert ours["section"] == theirs["section"] and ours["asked"] == len(theirs["correct"]) + len(
            theirs["incorrect"]
        )
        # The rules differ where a spelling of a word of the question is the best answer.
        assert abs(ours["right"] - len(theirs["correct"])) <= 2
    assert kv.analogy_scores(path, method="mul")[0]["asked"] > 0
    with pytest.raises(ValueError, match="three words only|3 words"):
        kv.analogy_scores(folder / "questions.txt")
    with pytest.raises(ValueError, match="supported: add, mul"):
        kv.analogy_scores(path, method="x")

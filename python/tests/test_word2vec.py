"""`Word2Vec`: gensim's arguments, losses, callbacks, Ctrl-C, checkpoints."""

import os
import signal
import threading
import time

import numpy as np
import pytest

import lexmax
from lexmax import Word2Vec

SMALL = {"vector_size": 16, "min_count": 1, "workers": 1, "epochs": 3, "sample": 0}


def within(kv):
    """The share of nearest words that belong to the topic of the word asked for: a tenth by chance."""
    asked = [word for word in kv.index_to_key[:60]]
    near = [(word.split("w")[0], other.split("w")[0]) for word in asked for other, _ in kv.most_similar(word, topn=5)]
    return np.mean([a == b for a, b in near])


@pytest.mark.parametrize(
    "how",
    [
        {"sg": 1},
        {"sg": 0, "alpha": 0.05},
        {"sg": 1, "hs": 1},
        {"sg": 1, "hs": 1, "negative": 0},
        {"sg": 1, "layer": "full"},
        {"sg": 1, "layer": "sampled:samples=16"},
        {"sg": 1, "negative": 8, "ns_exponent": 0.5},
        {"sg": 1, "shrink_windows": False, "deterministic": True, "workers": 2},
    ],
)
def test_topics_are_found(how, text):
    # A topic's words are each other's neighbours; the share by chance is a tenth.
    assert within(Word2Vec(text, **{**SMALL, "epochs": 10, **how}).wv) > 0.6


def test_sentences_and_their_file_give_the_same_bits(text, text_file):
    models = [
        Word2Vec(text, **SMALL),
        Word2Vec(corpus_file=text_file, **SMALL),
        Word2Vec(corpus_file=[str(text_file)], **SMALL),
        Word2Vec((iter(sentence) for sentence in text), **SMALL),
    ]
    for model in models[1:]:
        assert model.wv.index_to_key == models[0].wv.index_to_key
        np.testing.assert_array_equal(model.wv.vectors, models[0].wv.vectors)
        assert model.epoch_losses == models[0].epoch_losses


def test_the_vocabulary_is_gensims(text):
    gensim_models = pytest.importorskip("gensim.models")
    text = [*text, ["New York", "t0w1"], [], ["lonely"]]
    how = {"vector_size": 4, "min_count": 3, "epochs": 1, "workers": 1}
    ours, theirs = Word2Vec(text, **how), gensim_models.Word2Vec(text, **how)
    counts = [{word: kv.get_vecattr(word, "count") for word in kv.index_to_key} for kv in (ours.wv, theirs.wv)]
    assert counts[0] == counts[1]
    assert Word2Vec(text, **{**how, "max_final_vocab": 20}).wv.vectors.shape == (20, 4)
    assert "New York" in Word2Vec(text, **{**how, "min_count": 1}).wv


def test_patience_is_at_least_one_epoch(text, text_file):
    with pytest.raises(ValueError, match="patience is 0, but must be 1 or more"):
        Word2Vec(text, **SMALL, valid=text_file, patience=0)


def test_dense_layers_have_mini_batches(text):
    """Batches are the default of dense layers alone, with the layer's own rate; arguments replace both."""
    how = {**SMALL, "sg": 0}
    facts = lambda **more: Word2Vec(text, **how, **more)._facts  # noqa: E731
    found = facts(layer="full")
    assert (found["batch"], found["optimizer"]) == (256, "adagrad") and found["rate"] == pytest.approx(0.2)
    found = facts(layer="full", batch=16, optimizer="sgd", alpha=0.1)
    assert (found["batch"], found["optimizer"]) == (16, "sgd") and found["rate"] == pytest.approx(0.1)
    for more in ({"layer": "full", "batch": 1}, {}):
        found = facts(**more)
        assert (found["batch"], found["optimizer"]) == (1, "sgd") and found["rate"] == pytest.approx(0.025)
    one, two = (Word2Vec(text, **{**how, "workers": workers}, layer="full") for workers in (1, 2))
    np.testing.assert_array_equal(one.wv.vectors, two.wv.vectors)
    with pytest.raises(ValueError, match="optimizer"):
        facts(optimizer="adam")
    with pytest.raises(ValueError, match="set a batch of 2"):
        facts(optimizer="adagrad")


def test_the_loss_of_each_epoch_is_right(text):
    """Full softmax with a rate of almost 0 keeps the weights: its loss is ln V at zero scores, in each epoch."""
    model = Word2Vec(text, **{**SMALL, "sg": 1, "layer": "full:bias=none", "alpha": 1e-12, "min_alpha": 1e-12})
    assert len(model.epoch_losses) == 3
    np.testing.assert_allclose(model.epoch_losses, np.log(len(model.wv)), rtol=1e-4)
    learned = Word2Vec(text, **{**SMALL, "sg": 1, "layer": "full", "epochs": 4}).epoch_losses
    assert learned == sorted(learned, reverse=True) and learned[-1] < learned[0]
    assert Word2Vec(text, **SMALL).get_latest_training_loss() == Word2Vec(text, **SMALL).epoch_losses[-1]


def test_held_out_text(text, text_file):
    model = Word2Vec(text, **SMALL, sg=1, layer="full", valid=text_file)
    assert 0 < model.valid_nll < np.log(len(model.wv)) + 1
    assert Word2Vec(text, **SMALL).valid_nll is None
    patient = Word2Vec(
        text, **{**SMALL, "epochs": 40}, sg=1, alpha=0.0, min_alpha=0.0, layer="full", valid=[text_file], patience=2
    )
    assert patient.facts["ended"] == "patience" and len(patient.epoch_losses) < 40


def test_ctrl_c_during_an_evaluation(tmp_path):
    """An evaluation of 5,000 examples over many words takes seconds; it is left at once."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    words = [f"w{i}" for i in range(40_000)]
    (tmp_path / "valid.txt").write_text(" ".join(words[:20_000]) + "\n", encoding="utf8")
    how = {"vector_size": 300, "sg": 1, "layer": "sampled:samples=16", "min_count": 1, "sample": 0, "workers": 1}
    model = Word2Vec(**how, epochs=1_000, valid=tmp_path / "valid.txt")
    pressed = []

    def press():
        pressed.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(4.0, press)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        model.train([words[i : i + 10] for i in range(0, len(words), 10)])
    assert time.monotonic() - pressed[0] < 1.0
    timer.join()
    assert np.isfinite(model.wv.vectors).all() and model.facts["ended"] == "interrupted"


class Calls:
    def __init__(self):
        self.calls = []

    def on_train_begin(self, model):
        self.calls.append("train begin")

    def on_epoch_begin(self, model):
        self.calls.append("begin")

    def on_epoch_end(self, model):
        self.calls.append("end")
        assert isinstance(model, Word2Vec)

    def on_train_end(self, model):
        self.calls.append("train end")
        assert len(model.wv) > 0


def test_callbacks_come_in_their_order(text):
    calls = Calls()
    Word2Vec(text, **SMALL, callbacks=[calls])
    assert calls.calls == ["train begin", *["begin", "end"] * 3, "train end"]


class Saves:
    """gensim's usual callback: the loss, and the vectors of each epoch."""

    def __init__(self, folder):
        self.folder, self.losses, self.all, self.faults = folder, [], [], []

    def on_epoch_begin(self, model):
        self.faults.append(not hasattr(model, "wv"))

    def on_epoch_end(self, model):
        self.losses.append(model.get_latest_training_loss())
        self.all.append(model.epoch_losses)
        model.wv.save(self.folder / f"{len(self.losses)}.npy")
        with pytest.raises(AttributeError, match="checkpoint="):
            model.save(self.folder / "model.safetensors")


@pytest.mark.parametrize("more", [{}, {"workers": 2}, {"deterministic": True}, {"layer": "sampled-quadratic:samples=4"}])
def test_callbacks_see_the_loss_and_the_vectors_of_each_epoch(more, text, tmp_path):
    saves = Saves(tmp_path)
    model = Word2Vec(text, **{**SMALL, "epochs": 4, **more}, callbacks=[saves])
    assert saves.losses == model.epoch_losses and len(saves.losses) == 4
    assert saves.all == [model.epoch_losses[: n + 1] for n in range(4)]
    # Vectors are there from the end of the first epoch on.
    assert saves.faults == [True, False, False, False]
    files = [lexmax.KeyedVectors.load(tmp_path / f"{n}.npy") for n in range(1, 5)]
    np.testing.assert_array_equal(files[-1].vectors, model.wv.vectors)
    assert files[0].index_to_key == model.wv.index_to_key and (files[0].vectors != files[-1].vectors).any()
    if model.workers == 1:
        # The rests at the ends of epochs leave no trace.
        again = Word2Vec(text, **{**SMALL, "epochs": 4, **more})
        np.testing.assert_array_equal(again.wv.vectors, model.wv.vectors)


def test_a_callback_ends_the_run_at_its_epoch(text):
    class Failing:
        def on_epoch_end(self, model):
            if len(model.epoch_losses) == 2:
                raise OSError("of its own")

    model = Word2Vec(**{**SMALL, "epochs": 50}, callbacks=[Failing()])
    with pytest.raises(OSError, match="of its own"):
        model.train(text)
    assert len(model.epoch_losses) in (2, 3) and model.facts["ended"] == "interrupted"


def test_the_constructor_takes_gensims_arguments(text):
    import inspect

    gensim_models = pytest.importorskip("gensim.models")
    ours, theirs = (inspect.signature(cls.__init__).parameters for cls in (Word2Vec, gensim_models.Word2Vec))
    assert set(theirs) <= set(ours)
    for name, parameter in theirs.items():
        if name != "hashfxn":
            assert ours[name].default == parameter.default, name
    with pytest.raises(TypeError, match="positional"):
        Word2Vec(text, None, 100)
    given = {name: p.default for name, p in theirs.items() if name not in ("self", "sentences", "corpus_file", *SMALL)}
    del given["negative"], given["ns_exponent"]
    assert len(Word2Vec(text, **SMALL, **{**given, "compute_loss": True}).epoch_losses) == 3
    # No noise words beside a layer is no contradiction.
    assert Word2Vec(text, **SMALL, layer="full", negative=0).facts["layer"].startswith("full")
    assert Word2Vec(text, **SMALL, hs=1).facts["layer"].startswith("hierarchical")


def test_a_callback_that_fails_ends_the_run(text):
    class Failing:
        def on_epoch_begin(self, model):
            raise OSError("of its own")

    model = Word2Vec(**{**SMALL, "epochs": 10_000}, callbacks=[Failing()])
    started = time.monotonic()
    with pytest.raises(OSError, match="of its own"):
        model.train(text)
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("constructor", [False, True])
def test_ctrl_c_leaves_a_usable_model(constructor, text):
    signal.signal(signal.SIGINT, signal.default_int_handler)
    how = {**SMALL, "sg": 1, "epochs": 10_000}
    model, pressed = None, []

    def press():
        pressed.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(1.5, press)
    timer.start()
    with pytest.raises(KeyboardInterrupt) as error:
        if constructor:
            Word2Vec(text, **how)
        else:
            model = Word2Vec(**how)
            model.train(text)
    ended = time.monotonic()
    timer.join()
    assert ended - pressed[0] < 1.0
    model = model or error.value.model
    assert model.facts["ended"] == "interrupted" and np.isfinite(model.wv.vectors).all()
    assert model.wv.most_similar("t0w1") and model.epoch_losses


def test_ctrl_c_while_a_text_is_read(tmp_path):
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def endless():
        while True:
            yield ["a", "b"]

    threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        Word2Vec(endless())


def test_checkpoints_go_on(text, tmp_path):
    how = {**SMALL, "deterministic": True, "checkpoint": tmp_path / "run"}
    whole = Word2Vec(text, **{**how, "checkpoint": None})
    first = Word2Vec(text, **how)
    with pytest.raises(ValueError, match="checkpoint"):
        Word2Vec(text, **how)
    again = Word2Vec(text, **how, resume=True)
    for model in (first, again):
        np.testing.assert_array_equal(model.wv.vectors, whole.wv.vectors)
    with pytest.raises(ValueError, match="checkpoint"):
        Word2Vec(text, **{**how, "vector_size": 8}, resume=True)


def test_models_are_saved(text, tmp_path):
    model = Word2Vec(text, **SMALL, sg=1, layer="full")
    model.save(tmp_path / "model.safetensors")
    again = Word2Vec.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.wv.vectors, model.wv.vectors)
    assert again.predict_output_word(["t3w2"], topn=4) == model.predict_output_word(["t3w2"], topn=4)
    assert sum(p for _, p in model.predict_output_word(["t3w2"], topn=10_000)) == pytest.approx(1, abs=1e-5)
    assert lexmax.KeyedVectors.load(tmp_path / "model.safetensors").index_to_key == model.wv.index_to_key
    with pytest.raises(KeyError):
        model.predict_output_word(["nowhere"])


def test_train_returns_words(text):
    model = Word2Vec(**SMALL)
    with pytest.raises(AttributeError, match="no vectors yet"):
        model.wv
    words = sum(map(len, text))
    assert model.train(text) == (3 * words, 3 * words)


@pytest.mark.parametrize(
    "how, kind, words",
    [
        ({"hs": 1, "negative": 5}, ValueError, "gensim trains the tree and the noise words together"),
        ({"negative": 0}, ValueError, "leave no layer"),
        ({"cbow_mean": 0}, ValueError, "cbow_mean=0"),
        ({"layer": "full", "negative": 5}, ValueError, "layer and negative contradict"),
        ({"layer": "full", "hs": 1}, ValueError, "layer and hs contradict"),
        ({"layer": "full", "ns_exponent": 0.5}, ValueError, "ns_exponent has no effect with layer or hs"),
        ({"max_vocab_size": 10}, ValueError, "max_vocab_size=10 is not supported: .*max_final_vocab"),
        ({"sorted_vocab": 0}, ValueError, "sorted_vocab=0 is not supported"),
        ({"batch_words": 7}, ValueError, "batch_words=7 is not supported"),
        ({"hashfxn": len}, ValueError, "hashfxn=.* is not supported"),
        ({"trim_rule": len}, ValueError, "trim_rule=.* is not supported"),
        ({"null_word": 1}, ValueError, "null_word=1 is not supported"),
        ({"comment": "mine"}, ValueError, "comment='mine' is not supported"),
        ({"layer": "softmax"}, ValueError, "unknown layer"),
        ({"vector_size": 0}, ValueError, "vector_size is 0"),
        ({"workers": 0}, ValueError, "workers is 0"),
        ({"patience": 2}, ValueError, "patience has no effect without valid"),
        ({"resume": True}, ValueError, "resume has no effect without checkpoint"),
        ({"valid": "/lexmax-none"}, OSError, "lexmax-none"),
        ({"sg": 2}, ValueError, "must be 0 or 1"),
        ({"min_count": 10**9}, ValueError, "sentences"),
    ],
)
def test_what_makes_no_sense_is_told(how, kind, words, text):
    with pytest.raises(kind, match=words):
        Word2Vec(text, **how)


@pytest.mark.parametrize(
    "sentences, words",
    [
        ("a b c", "sentences is a str"),
        (["a b c"], "sentence 0 is a str"),
        ([["a"], ["b", 3]], "sentence 1 has a word of type int"),
        (3, "not iterable"),
    ],
)
def test_sentences_are_lists_of_words(sentences, words):
    with pytest.raises(TypeError, match=words):
        Word2Vec(sentences, min_count=1)


def test_one_of_two_texts_is_given(text, text_file):
    with pytest.raises(ValueError, match="either"):
        Word2Vec(text, text_file)
    with pytest.raises(OSError, match="lexmax-none"):
        Word2Vec(corpus_file="/lexmax-none")


def test_progress_is_shown(text, capfd):
    pytest.importorskip("tqdm")
    Word2Vec(text, **SMALL, progress=True)
    assert "loss" in capfd.readouterr().err

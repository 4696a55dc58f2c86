"""`Head` against numpy, and its border: dtypes, layouts, errors, threads, pickles."""

import copy
import pickle
import threading
import time

import numpy as np
import pytest

import lexmax

V, D, B = 50, 8, 6
COUNTS = np.arange(V, 0, -1)


def head(layer="full", **options):
    return lexmax.Head(layer, COUNTS, D, **{"lr": 0.1, "seed": 3, **options})


def batch(seed=0, rows=B):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((rows, D)).astype(np.float32), rng.integers(0, V, rows)


def log_softmax(head, hidden):
    weight, bias = head.weights()
    scores = hidden.astype(np.float64) @ weight.T.astype(np.float64) + bias
    peak = scores.max(axis=1, keepdims=True)
    return scores - peak - np.log(np.exp(scores - peak).sum(axis=1, keepdims=True))


def trained(layer="full", **options):
    made = head(layer, **options)
    for seed in range(20):
        made.step(*batch(seed))
    return made


def test_full_softmax_is_numpys():
    made = trained()
    hidden, targets = batch(99)
    expected = log_softmax(made, hidden)
    np.testing.assert_allclose(made.log_probs(hidden), expected, atol=1e-5)
    np.testing.assert_allclose(made.log_prob(hidden, targets), expected[np.arange(B), targets], atol=1e-5)
    ids, ln_p = made.top_k(hidden, 5)
    np.testing.assert_array_equal(ids, np.argsort(-expected, axis=1)[:, :5])
    np.testing.assert_allclose(ln_p, -np.sort(-expected, axis=1)[:, :5], atol=1e-5)
    better = (expected > expected[np.arange(B), targets][:, None]).sum(axis=1)
    np.testing.assert_array_equal(made.rank(hidden, targets), better + 1)
    assert made.ln_z(hidden) is None


def test_a_step_is_adagrad_on_numpys_gradient():
    made = trained(optimizer="sgd")
    hidden, targets = batch(99)
    (weight, bias), p = made.weights(), np.exp(log_softmax(made, hidden))
    p[np.arange(B), targets] -= 1
    loss, d_hidden, (gradient,) = made.gradients(hidden, targets)
    assert loss == pytest.approx(-log_softmax(made, hidden)[np.arange(B), targets].sum(), abs=1e-4)
    np.testing.assert_allclose(d_hidden, p @ weight, atol=1e-5)
    np.testing.assert_allclose(gradient.weight, p.T @ hidden, atol=1e-5)
    np.testing.assert_allclose(gradient.bias, p.sum(axis=0), atol=1e-5)
    assert gradient.rows is None
    np.testing.assert_array_equal(made.weights()[0], weight)
    stepped, d_stepped = made.step(hidden, targets)
    assert stepped == pytest.approx(loss)
    np.testing.assert_allclose(d_stepped, d_hidden, atol=1e-6)
    np.testing.assert_allclose(made.weights()[0], weight - 0.1 * gradient.weight, atol=1e-6)
    np.testing.assert_allclose(made.weights()[1], bias - 0.1 * gradient.bias, atol=1e-6)


def test_the_last_lines_of_gradients_can_be_applied_by_hand():
    a, b = trained(optimizer="sgd"), trained(optimizer="sgd")
    hidden, targets = batch(99)
    a.step(hidden, targets)
    _, _, (gradient,) = b.gradients(hidden, targets)
    weight, bias = b.weights()
    b.set_weights(weight - np.float32(0.1) * gradient.weight, bias - np.float32(0.1) * gradient.bias)
    np.testing.assert_allclose(a.log_probs(hidden), b.log_probs(hidden), atol=1e-6)


LAYERS = [
    "full",
    "hierarchical",
    "sampled:samples=8",
    "negative",
    "adaptive",
    "differentiated",
    "class-based",
    "sparsemax",
]


@pytest.mark.parametrize("layer", LAYERS)
def test_every_layer_learns_and_sums_to_one(layer):
    made = head(layer, lr=0.05)
    hidden, targets = batch(1)
    before = made.log_prob(hidden, targets).sum()
    for _ in range(30):
        made.step(hidden, targets)
    assert made.log_prob(hidden, targets).sum() > before
    np.testing.assert_allclose(np.exp(made.log_probs(hidden).astype(np.float64)).sum(axis=1), 1, atol=1e-5)
    assert made.layer.startswith(layer.split(":")[0])
    cost = made.cost()
    assert cost.multiply_adds > 0 and cost.rows_written > 0


def test_sparse_gradients_name_their_rows():
    hidden, targets = batch()
    _, _, tables = head("negative").gradients(hidden, targets)
    assert set(targets) <= set(tables[0].rows.tolist())
    assert tables[0].weight.shape == (len(tables[0].rows), D)


def test_samples_follow_p():
    made = trained()
    hidden, _ = batch(5, rows=1)
    ids, ln_p = made.sample(hidden, 20_000)
    assert ids.shape == (1, 20_000)
    np.testing.assert_allclose(ln_p[0], made.log_probs(hidden)[0][ids[0]], atol=1e-5)
    shares = np.bincount(ids[0], minlength=V) / 20_000
    p = np.exp(made.log_probs(hidden)[0])
    # Five standard deviations of each share.
    assert (abs(shares - p) <= 5 * np.sqrt(p * (1 - p) / 20_000) + 1e-9).all()
    distinct, _ = made.sample(hidden, V, replacement=False)
    assert sorted(distinct[0]) == list(range(V))
    assert (made.sample(hidden, 9, temperature=1e-3)[0] == made.top_k(hidden, 1)[0]).all()


def test_self_normalized_layers_have_a_ln_z():
    assert head("self-normalized").ln_z(batch()[0]).shape == (B,)


def test_too_few_words_leave_minus_one():
    made = head("sparsemax", lr=1.0)
    hidden, targets = batch()
    for _ in range(200):
        made.step(hidden, targets)
    ids, ln_p = made.top_k(hidden, V)
    gone = np.isneginf(ln_p)
    assert gone.any() and (ids[gone] == -1).all() and (ids[~gone] >= 0).all()


def test_layouts_are_copied_and_give_the_same():
    hidden, targets = batch()
    expected = trained().step(hidden, targets)
    wide = np.zeros((B, 3 * D), np.float32)
    wide[:, ::3] = hidden
    unaligned = np.frombuffer(b"x" + hidden.tobytes(), np.uint8)[1:].view(np.float32).reshape(B, D)
    assert not unaligned.flags.aligned
    for other in (np.asfortranarray(hidden), wide[:, ::3], hidden[::-1][::-1], unaligned):
        loss, d_hidden = trained().step(other, targets)
        assert loss == expected[0]
        np.testing.assert_array_equal(d_hidden, expected[1])


@pytest.mark.parametrize("kind", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"])
def test_targets_of_every_integer_type(kind):
    hidden, targets = batch()
    expected = trained().step(hidden, targets)[0]
    assert trained().step(hidden, targets.astype(kind))[0] == expected
    assert trained().step(hidden, np.repeat(targets, 2).astype(kind)[::2])[0] == expected
    assert lexmax.Head("full", COUNTS.astype(kind), D).vocab == V


def test_lists_of_targets():
    hidden, targets = batch()
    assert trained().step(hidden, targets.tolist())[0] == trained().step(hidden, targets)[0]


@pytest.mark.parametrize("dtype", ["f2", "f8", ">f4", "i4", "c8"])
def test_other_float_types_are_refused(dtype):
    hidden, targets = batch()
    with pytest.raises(TypeError, match=r"hidden has dtype .*, expected float32; pass hidden.astype"):
        head().step(hidden.astype(dtype), targets)


def test_what_does_not_fit_is_a_value_error():
    hidden, targets = batch()
    made = trained()
    before = made.weights()[0]
    for bad in (-1, V, 2**40, -(2**40)):
        told = rf"target {bad} of example 2 is not in the vocabulary of {V} words; use numbers from 0 to {V - 1}"
        with pytest.raises(ValueError, match=told):
            made.step(hidden, np.where(np.arange(B) == 2, bad, targets))
    with pytest.raises(ValueError, match="5 targets for 6 hidden vectors"):
        made.step(hidden, targets[:5])
    with pytest.raises(ValueError, match="the shape is 6 × 9, expected 6 × 8"):
        made.step(np.zeros((B, D + 1), np.float32), targets)
    with pytest.raises(ValueError, match="1 dimensions, expected 2"):
        made.step(hidden[0], targets[:1])
    with pytest.raises(ValueError, match="pass finite numbers only"):
        made.step(np.full_like(hidden, np.nan), targets)
    with pytest.raises(TypeError, match="targets has dtype float64"):
        made.step(hidden, targets.astype(float))
    with pytest.raises(TypeError, match="hidden is of type list"):
        made.step(hidden.tolist(), targets)
    with pytest.raises(ValueError, match="unknown layer"):
        head("softmax")
    with pytest.raises(ValueError, match="sort words by falling count"):
        lexmax.Head("full", COUNTS[::-1], D)
    with pytest.raises(ValueError, match="word 0 has count -1"):
        lexmax.Head("full", [-1], D)
    with pytest.raises(ValueError, match="unsupported optimizer"):
        head(optimizer="adam")
    with pytest.raises(ValueError, match="there is no table 1"):
        made.weights(1)
    with pytest.raises(OSError, match="lexmax-none") as error:
        lexmax.Head.load("/lexmax-none/x.safetensors")
    assert isinstance(error.value, FileNotFoundError)
    np.testing.assert_array_equal(made.weights()[0], before)


def test_outputs_go_into_out():
    hidden, targets = batch()
    out = np.full_like(hidden, 7)
    loss, found = trained().step(hidden, targets, out=out)
    assert found is out
    np.testing.assert_array_equal(out, trained().step(hidden, targets)[1])
    table = np.empty((B, V), np.float32)
    assert trained().log_probs(hidden, out=table) is table
    np.testing.assert_array_equal(table, trained().log_probs(hidden))
    for bad, kind in [
        (np.empty((B, D + 1), np.float32), ValueError),
        (np.empty((B, D)), TypeError),
        (np.empty((D, B), np.float32).T, ValueError),
        (hidden, ValueError),
    ]:
        with pytest.raises(kind, match="out"):
            trained().step(hidden, targets, out=bad)
    out.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        trained().step(hidden, targets, out=out)


def test_weights_of_examples():
    hidden, targets = batch()
    ones, halves = np.ones(B, np.float32), np.full(B, 0.5, np.float32)
    full, half = trained().step(hidden, targets, weights=ones)[0], trained().step(hidden, targets, weights=halves)[0]
    assert half == pytest.approx(full / 2)


@pytest.mark.parametrize("layer", LAYERS)
def test_states_files_and_pickles_go_on_with_the_same_bits(layer, tmp_path):
    made = trained(layer)
    made.save(tmp_path / "head.safetensors")
    other = head(layer, seed=4)
    other.load_state_dict(made.state_dict())
    copies = [
        other,
        copy.deepcopy(made),
        pickle.loads(pickle.dumps(made)),
        lexmax.Head.load(tmp_path / "head.safetensors"),
    ]
    hidden, targets = batch(7)
    loss, d_hidden = made.step(hidden, targets)
    for again in copies:
        found, d_found = again.step(hidden, targets)
        assert found == loss and again.lr == made.lr
        np.testing.assert_array_equal(d_found, d_hidden)


def test_states_are_arrays_by_name():
    state = trained().state_dict()
    assert state["layer.0.weight"].shape == (V, D) and state["layer.0.weight"].dtype == np.float32
    assert state["vocab.counts"].tolist() == COUNTS.tolist()
    state["layer.0.weight"][:] = 0
    made = head()
    made.load_state_dict(state)
    assert not made.weights()[0].any()
    with pytest.raises(ValueError, match="the state is that of hierarchical"):
        made.load_state_dict(trained("hierarchical").state_dict())
    with pytest.raises(TypeError, match="layer.0.weight"):
        made.load_state_dict({**state, "layer.0.weight": state["layer.0.weight"].astype(float)})
    del state["layer.0.weight"]
    with pytest.raises(ValueError, match="layer.0.weight"):
        made.load_state_dict(state)


def test_threads_give_the_same_bits():
    hidden, targets = batch()
    np.testing.assert_array_equal(trained(threads=2).step(hidden, targets)[1], trained().step(hidden, targets)[1])


def test_the_rate_can_be_set():
    made = head()
    made.lr = 0.25
    assert made.lr == 0.25
    with pytest.raises(ValueError, match="rate is -1"):
        made.lr = -1


def test_the_gil_is_released():
    made = lexmax.Head("full", np.ones(20_000, int), 128, lr=0.1)
    hidden, targets = np.zeros((512, 128), np.float32), np.zeros(512, int)
    beats, stop = [], threading.Event()

    def beat():
        while not stop.is_set():
            beats.append(time.perf_counter())
            time.sleep(0.001)

    thread = threading.Thread(target=beat)
    thread.start()
    started = time.perf_counter()
    made.step(hidden, targets)
    ended = time.perf_counter()
    stop.set()
    thread.join()
    # A step takes tens of milliseconds; with the GIL held the other thread would not beat in it.
    assert sum(started < at < ended for at in beats) >= 3


def test_threads_of_python_may_share_a_head():
    made = head("negative")
    hidden, targets = batch()

    def work():
        for _ in range(200):
            made.step(hidden, targets)
            made.top_k(hidden, 3)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert np.isfinite(made.weights()[0]).all()


@pytest.mark.parametrize(
    "call",
    [
        lambda: head(seed=-1),
        lambda: head(threads=-1),
        lambda: lexmax.Head("full", COUNTS, -3),
        lambda: head(seed=2**64),
        lambda: head().top_k(batch()[0], -1),
        lambda: head().sample(batch()[0], -1),
        lambda: head().weights(-1),
        lambda: lexmax.Word2Vec([["a", "b"]], min_count=1, seed=-1),
        lambda: lexmax.Word2Vec([["a", "b"]], window=-1),
        lambda: lexmax.compare(["full"], dim=-1),
    ],
)
def test_negative_numbers_are_value_errors(call):
    with pytest.raises(ValueError, match=r"\w+ is -?\d+, which is negative or too large for its place"):
        call()


@pytest.mark.parametrize("kind", [">i8", "<i8", ">u4", ">i2", object])
def test_integers_of_any_byte_order(kind):
    hidden, targets = batch()
    expected = trained().log_prob(hidden, targets)
    np.testing.assert_array_equal(trained().log_prob(hidden, targets.astype(kind)), expected)


def test_numbers_beyond_64_bits_are_out_of_range():
    hidden, _ = batch(rows=3)
    for far in (2**70, -(2**70), 2**200):
        with pytest.raises(ValueError, match="not in the vocabulary|out of range"):
            trained().log_prob(hidden, [0, 1, far])
    with pytest.raises(TypeError, match="a str at place 1"):
        trained().log_prob(hidden, np.array([0, "a", 2], object))


def test_out_and_inputs_of_different_owners_may_not_share_memory():
    memory = bytearray(4 * B * D + 16)
    hidden = np.frombuffer(memory, np.float32, B * D).reshape(B, D)
    for offset in (0, 16):
        out = np.frombuffer(memory, np.float32, B * D, offset).reshape(B, D)
        for call in ("step", "gradients"):
            with pytest.raises(ValueError, match="out shares its memory with an input"):
                getattr(trained(), call)(hidden, batch()[1], out=out)
    targets = np.frombuffer(memory, np.uint32, B)
    with pytest.raises(ValueError, match="out shares its memory with an input"):
        trained().step(batch()[0], targets, out=hidden)


def test_weights_must_be_finite():
    made = head()
    weight, bias = made.weights()
    weight[3, 2] = np.nan
    with pytest.raises(ValueError, match="weights and biases must be finite"):
        made.set_weights(weight, bias)


def test_layers_are_listed():
    layers = lexmax.layers()
    assert {"full", "hierarchical", "sampled", "negative"} <= set(layers)
    assert "words drawn" in layers["sampled"]["samples"] and "samples:" not in layers["sampled"]["samples"]
    for name in layers:
        if name not in ("class-based",):
            assert lexmax.Head(name, COUNTS, D).layer.startswith(name)


def test_empty_batches():
    none = np.zeros((0, D), np.float32)
    made = head("hierarchical")
    assert made.step(none, [])[0] == 0 and made.step(none, [])[1].shape == (0, D)
    assert made.top_k(none, 3)[0].shape == (0, 3) and made.log_probs(none).shape == (0, V)
    assert made.top_k(batch()[0], 0)[0].shape == (B, 0)


def test_an_output_of_another_dtype_is_to_be_made_anew():
    head = lexmax.Head("full", np.arange(9, 0, -1), dim=4)
    hidden, targets = np.zeros((2, 4), dtype=np.float32), [0, 1]
    with pytest.raises(TypeError, match="out has dtype float64, expected float32; make it with dtype=numpy.float32"):
        head.step(hidden, targets, out=np.zeros((2, 4)))

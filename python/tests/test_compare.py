"""`compare`: the table, the report, Ctrl-C."""

import json
import os
import signal
import threading
import time

import numpy as np
import pytest

import lexmax


@pytest.fixture(scope="module")
def found(request):
    return lexmax.compare(
        ["full", "hierarchical", "sampled:samples=16"],
        synthetic=(200, 8),
        dim=12,
        examples=20_000,
        valid_examples=1_000,
        threads=1,
    )


def test_a_dict_for_each_layer(found):
    assert [row["layer"] for row in found] == ["full", "hierarchical", "sampled:samples=16"]
    assert len(found) == 3 and found[1:][0] is found[1]
    for row in found:
        assert 0 < row["valid_nll"] < np.log(200) and row["ns_per_example"] > 0 and row["examples"] == 20_000
        assert row["valid_perplexity"] == pytest.approx(np.exp(row["valid_nll"]))
    assert found[2]["draws"] > 0
    layers = json.loads(found.to_json())["layers"]
    assert [layer["valid_nll"] for layer in layers] == [row["valid_nll"] for row in found]
    assert set(found.curves) == {row["layer"] for row in found}


def test_pandas(found):
    pytest.importorskip("pandas")
    table = found.to_pandas()
    assert list(table.index) == [row["layer"] for row in found]
    assert table["valid_nll"].tolist() == [row["valid_nll"] for row in found]


def test_a_notebook_shows_the_report(found, tmp_path):
    shown = found._repr_html_()
    assert shown.startswith('<iframe srcdoc="&lt;!doctype html&gt;') and shown.count("<") == 2
    assert "hierarchical" in shown
    found.save(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf8") == found.to_html()
    assert "hierarchical" in str(found) and "NLL" in str(found)


def test_texts_and_errors(text_file):
    found = lexmax.compare("hierarchical", text_file, examples=2_000, dim=8, valid_examples=200, progress=True)
    assert found[0]["valid_nll"] > 0
    for how, kind in [
        ({"layers": ["softmax"]}, ValueError),
        ({"text": "/lexmax-none"}, OSError),
        ({"dim": 0}, ValueError),
        ({"model": "rnn"}, ValueError),
        ({"budget": -1.0}, ValueError),
        ({"synthetic": (-1, 2)}, ValueError),
        ({"synthetic": (2, 2**70)}, ValueError),
        ({"optimizer": "adam"}, ValueError),
        ({"text": text_file, "synthetic": (20, 2)}, ValueError),
    ]:
        with pytest.raises(kind):
            lexmax.compare(**{"layers": ["hierarchical"], "examples": 1_000, **how})


def test_ctrl_c_ends_a_comparison():
    signal.signal(signal.SIGINT, signal.default_int_handler)
    pressed = []

    def press():
        pressed.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(1.0, press)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        lexmax.compare(["full"], budget=120, threads=1)
    assert time.monotonic() - pressed[0] < 1.0
    timer.join()

"""A text with structure, which all tests train on: words of ten topics, and each topic's words go together."""

import numpy as np
import pytest


def sentences(count=1_500, seed=0):
    rng = np.random.default_rng(seed)
    topics = rng.integers(0, 10, count)
    ranks = np.minimum(rng.zipf(1.5, (count, 12)), 30)
    return [[f"t{topic}w{rank}" for rank in row] for topic, row in zip(topics, ranks)]


@pytest.fixture(scope="session")
def text():
    return sentences()


@pytest.fixture(scope="session")
def text_file(text, tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text("".join(" ".join(sentence) + "\n" for sentence in text), encoding="utf8")
    return path

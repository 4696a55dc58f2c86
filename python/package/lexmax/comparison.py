"""The same model with each output layer: a table, a report and a picture."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Union, overload

from . import _lexmax
from .progress import Bar

if TYPE_CHECKING:
    import pandas as _pandas

__all__ = ["Comparison", "compare"]

_Path = Union[str, "os.PathLike[str]"]
_Paths = Union[_Path, Sequence[_Path]]


class Comparison(Sequence[dict[str, Any]]):
    """The result of `compare`: a sequence of dicts, one for each layer. A notebook shows the report.

    | key | is |
    |---|---|
    | `layer` | the layer with its settings |
    | `valid_nll`, `valid_perplexity` | mean −ln P of held-out words, exact and normalized, nats; exp of it |
    | `ns_per_example` | time of training an example, nanoseconds |
    | `examples` | examples seen in training |
    | `train_loss` | mean training criterion, nats; where a layer samples, no likelihood |
    | `multiply_adds`, `rows_read`, `rows_written`, `draws` | work of the layer an example |
    | `rate`, `batch` | the rate at the start, and the examples of a batch |
    """

    def __init__(self, found: _lexmax.Comparison) -> None:
        self._found = found
        self._rows = found.rows()

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        return self._rows[index]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._rows)

    def to_pandas(self) -> _pandas.DataFrame:
        """The rows as a table of pandas, indexed by layer."""
        import pandas

        return pandas.DataFrame(self._rows).set_index("layer")

    def to_json(self) -> str:
        """All that was found, with the curves of each layer, as JSON."""
        return self._found.json()

    @property
    def curves(self) -> dict[str, list[dict[str, float | None]]]:
        """For each layer the points of its curve: seconds, examples and held-out NLL in nats."""
        layers = json.loads(self._found.json())["layers"]
        return {layer["layer"]: layer["curve"] for layer in layers}

    def to_html(self) -> str:
        """The report: a page with pictures that needs no network and no other file."""
        return self._found.html()

    def save(self, path: _Path) -> None:
        """Writes the report as an HTML page."""
        with open(path, "w", encoding="utf8") as file:
            file.write(self.to_html())

    def __str__(self) -> str:
        return self._found.text()

    def __repr__(self) -> str:
        return self._found.text()

    def _repr_html_(self) -> str:
        """The report in a frame of its own, so that its style stays apart from the notebook's."""
        page = html.escape(self.to_html(), quote=True)
        frame = 'style="width:100%;height:720px;border:0" sandbox="allow-scripts" title="lexmax: layers compared"'
        return f'<iframe srcdoc="{page}" {frame}></iframe>'


def compare(
    layers: Sequence[str] | None = None,
    text: _Paths | None = None,
    *,
    valid: _Paths | None = None,
    budget: float | None = None,
    examples: int | None = None,
    model: str | None = None,
    dim: int | None = None,
    window: int | None = None,
    min_count: int | None = None,
    sample: float | None = None,
    optimizer: str | None = None,
    lr: float | None = None,
    batch: int | None = None,
    valid_examples: int | None = None,
    synthetic: tuple[int, int] | None = None,
    threads: int | None = None,
    seed: int | None = None,
    progress: bool = False,
) -> Comparison:
    """Trains the same model with each layer on the same text, and measures the exact held-out NLL.

    layers: layers by name [default: all that cost no more than full softmax].
    text: text files [default: a synthetic language, whose every probability is known].
    valid: held-out text files [default: every twentieth line of the text].
    budget: seconds of training for each layer [default: 60 on a text]. examples: a number of examples in its place.
    model: "cbow", "skipgram" or "ngram" [default: "cbow"]. dim: the size of the vectors [default: 100 on a text].
    window: words of the context [default: 5 to the left]. min_count: the least count of a kept word [default: 5].
    sample: the threshold of subsampling [default: 0, off]. optimizer: "adagrad" or "sgd" [default: "adagrad"].
    lr, batch: rate and batch of all layers [default: each layer's own].
    valid_examples: the most held-out examples [default: 20,000].
    synthetic: words and classes of the synthetic language [default: 2,000 and 16].
    threads: threads [default: all cores]. seed: the seed of everything random [default: 1].

    Ctrl-C raises KeyboardInterrupt within a second; nothing is left of the comparison then.
    """
    given: dict[str, Any] = {
        "layers": None if layers is None else ([layers] if isinstance(layers, str) else list(layers)),
        "text": None if text is None else _paths(text),
        "valid": None if valid is None else _paths(valid),
        "budget": budget,
        "examples": examples,
        "model": model,
        "dim": dim,
        "window": window,
        "min_count": min_count,
        "sample": sample,
        "optimizer": optimizer,
        "lr": lr,
        "batch": batch,
        "valid_examples": valid_examples,
        "synthetic": synthetic,
        "threads": threads,
        "seed": seed,
    }
    with Bar(progress, "%") as bar:

        def hear(what: str, *news: Any) -> None:
            if what == "begin":
                bar.begin(100, news[0])
            elif what == "at":
                bar.move(int(100 * news[0]), f"loss {news[1]:.3f}")
            else:
                bar.move(100, f"held-out NLL {news[1]:.3f}")

        return Comparison(_lexmax.compare(given, hear))


def _paths(given: Any) -> list[Any]:
    return [given] if isinstance(given, (str, os.PathLike)) else list(given)

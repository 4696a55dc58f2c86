"""Times of `Head.step` at V = 20,000, d = 128, B = 512, one thread, Adagrad, rate 0.

usage: head.py. Prints the least and the median time of a step in milliseconds. `cargo bench --bench step -- head/`
times the same steps in Rust at other sizes.
"""

import statistics
import time

import numpy as np

import lexmax

V, D, B = 20_000, 128, 512

counts = np.arange(V, 0, -1)
i, j = np.indices((B, D))
hidden = (((i * 31 + j * 17) % 101) / 101 - 0.5).astype(np.float32)
targets = np.arange(B) * 39 % V
out = np.empty_like(hidden)

for layer in ("negative", "hierarchical", "sampled:samples=512", "full"):
    for name, given in (("out=", {"out": out}), ("new array", {})):
        head = lexmax.Head(layer, counts, D, lr=0.0)
        times = []
        for _ in range(15 if layer == "full" else 60):
            started = time.perf_counter()
            head.step(hidden, targets, **given)
            times.append(1e3 * (time.perf_counter() - started))
        print(f"{layer:24} {name:10} min {min(times):.3f} median {statistics.median(times):.3f} ms")

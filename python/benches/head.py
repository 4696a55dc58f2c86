"""Times steps of `lexmax.Head`, as `head.rs` does in Rust: the same counts, hidden vectors, targets and settings.

The recorder (`benches/README.md`) runs both by turns. Options are those that it hands to a program that takes steps,
and `--out given` to hand in an array for the result; the output is a line of JSON.
"""

import argparse
import importlib.metadata
import json
import statistics
import time

import numpy as np

import lexmax

WARM_UP = 2

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--layer", required=True)
for name in ("vocab", "threads", "dim", "batch", "repeats", "seed"):
    parser.add_argument(f"--{name}", type=int, required=True)
parser.add_argument("--out", choices=("new", "given"), default="new")
args = parser.parse_args()

counts = np.arange(args.vocab, 0, -1)
head = lexmax.Head(args.layer, counts, args.dim, lr=0.0, seed=args.seed, threads=args.threads)
i, j = np.indices((args.batch, args.dim))
hidden = ((i * 31 + j * 17) % 101).astype(np.float32) / np.float32(101) - np.float32(0.5)
targets = np.arange(args.batch) * 39 % args.vocab
given = {"out": np.empty_like(hidden)} if args.out == "given" else {}
times = []
for _ in range(WARM_UP + args.repeats):
    started = time.perf_counter()
    head.step(hidden, targets, **given)
    times.append(1e3 * (time.perf_counter() - started))
print(json.dumps({"step_ms": statistics.median(times[WARM_UP:]), "version": importlib.metadata.version("lexmax")}))

"""What the peers share: options, and the line of JSON that a run ends with."""
import argparse, json, resource, statistics, sys, time


def options(about, **kinds):
    """Reads one option for each keyword; its value is the type."""
    parser = argparse.ArgumentParser(description=about)
    for name, kind in kinds.items():
        parser.add_argument("--" + name.replace("_", "-"), type=kind, required=True)
    return parser.parse_args()


def training(about):
    """Reads what the recorder hands to a program that trains word vectors."""
    return options(about, corpus=str, model=str, layer=str, threads=int, epochs=int, dim=int, window=int,
                   min_count=int, sample=float, lr=float, seed=int, out=str)


def stepping(about):
    """Reads what the recorder hands to a program that takes single steps."""
    return options(about, layer=str, vocab=int, threads=int, dim=int, batch=int, repeats=int, seed=int)


def layer(text):
    """The name of a layer and the value of its key `samples`: 5 for negative samples without another."""
    name, *keys = text.split(":")
    values = dict(key.split("=", 1) for key in keys)
    return name, int(values.get("samples", 5))


def median_ms(step, repeats):
    """The median time of a step, after two that are not counted."""
    step(), step()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        step()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def refuse(what):
    sys.exit(f"{what}: this program has no such thing")


def tell(**facts):
    """Prints the line that the recorder reads."""
    # Kilobytes, but bytes on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    facts["peak_bytes"] = unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps(facts))

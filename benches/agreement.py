"""Holds `lexmax advise` against `lexmax scale` on this machine: time of a step and memory of every layer at every V.

usage: agreement.py [--vocab 1e4,1e5,1e6] [--dim 128] [--batch 64] [--layers …] [--rounds 1] [--keep DIR]

Needs nothing but Python and an idle machine. A ratio is what `advise` says over what `scale` measured; within 30 % is 0.77 to 1.30.
The program is target/release/lexmax, or what the variable LEXMAX names.
"""
import argparse, json, os, pathlib, subprocess, sys, tempfile

parser = argparse.ArgumentParser()
parser.add_argument("--vocab", default="1e4,1e5,1e6")
parser.add_argument("--dim", default="128")
parser.add_argument("--batch", default="64")
parser.add_argument("--layers")
parser.add_argument("--rounds", type=int, default=1)
parser.add_argument("--keep", help="folder for the files of both commands")
args = parser.parse_args()
here = pathlib.Path(__file__).resolve().parent
program = os.environ.get("LEXMAX", here.parent / "target/release/lexmax")
folder = pathlib.Path(args.keep or tempfile.mkdtemp())
common = ["--dim", args.dim, "--batch", args.batch] + (["--layers", args.layers] if args.layers else [])


def run(*arguments):
    subprocess.run([program, *arguments, *common], check=True, stdout=subprocess.DEVNULL)


def close(ratio):
    return 1 / 1.3 <= ratio <= 1.3


outside = 0
for number in range(1, args.rounds + 1):
    print(f"{'layer':26} {'V':>8} {'scale':>12} {'advise':>12} ratio {'scale':>9} {'advise':>9} ratio timed at")
    pairs = []
    for vocab in (str(int(float(k))) for k in args.vocab.split(",")):
        out = folder / f"{number}-{vocab}"
        run("scale", "--vocab", vocab, "--out", str(out))
        run("advise", "--vocab", vocab, "--tokens", "1e6", "--json", str(out / "advice.json"))
        points = json.loads((out / "scale.json").read_text())["points"]
        advice = {v["layer"]: v for v in json.loads((out / "advice.json").read_text())["layers"]}
        for point in points:
            verdict = advice[point["layer"]]
            times = verdict["step_ns_per_example"], point["step_ns_per_example"]
            bytes_ = verdict["memory_bytes"], point["peak_bytes"]
            time, memory = times[0] / times[1], bytes_[0] / bytes_[1]
            marks = [" " if close(ratio) else "!" for ratio in (time, memory)]
            pairs.append((close(time), close(memory)))
            print(
                f"{point['layer']:26} {vocab:>8} {times[1]:9.0f} ns {times[0]:9.0f} ns {time:4.2f}{marks[0]}"
                f" {bytes_[1] / 1e6:6.1f} MB {bytes_[0] / 1e6:6.1f} MB {memory:4.2f}{marks[1]}"
                f" {verdict['timed_at']} × {verdict['timed_batch']}",
                flush=True,
            )
    time, memory = (sum(pair[i] for pair in pairs) for i in (0, 1))
    outside += 2 * len(pairs) - time - memory
    print(f"round {number}: of {len(pairs)} pairs within 30 %: time {time}, memory {memory}\n", flush=True)
sys.exit(outside > 0)

"""Times one training step (forward, backward, update; with bias) of full and of sampled softmax in TensorFlow and in lexmax.

usage: step.py [--vocab 36000,100000,300000] [--batch 1024] [--dim 128] [--samples 8192] [--threads 2] [--repeats 7] [--rounds 3]

TensorFlow and lexmax take turns, `rounds` times; each round is a median of `repeats` steps, and the median of the rounds counts.
"""
import argparse, os, time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf
from common import lexmax, machine, median, table

parser = argparse.ArgumentParser()
parser.add_argument("--vocab", default="36000,100000,300000")
parser.add_argument("--batch", type=int, default=1024)
parser.add_argument("--dim", type=int, default=128)
parser.add_argument("--samples", type=int, default=8192)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--repeats", type=int, default=7)
parser.add_argument("--rounds", type=int, default=3)
args = parser.parse_args()
tf.config.threading.set_intra_op_parallelism_threads(args.threads)
tf.config.threading.set_inter_op_parallelism_threads(args.threads)


def tensorflow_steps(vocab):
    """Two functions that do a step each."""
    hidden = tf.Variable(tf.random.normal((args.batch, args.dim)) * 0.5)
    weights = tf.Variable(tf.random.normal((vocab, args.dim)) * 0.1)
    biases = tf.Variable(tf.zeros(vocab))
    zipf = 1 / np.arange(1, vocab + 1)
    labels = np.random.default_rng(1).choice(vocab, args.batch, p=zipf / zipf.sum())
    labels = tf.constant(labels[:, None].astype("int64"))

    @tf.function
    def full():
        with tf.GradientTape() as tape:
            logits = tf.matmul(hidden, weights, transpose_b=True) + biases
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels[:, 0], logits=logits))
        d_hidden, d_weights, d_biases = tape.gradient(loss, [hidden, weights, biases])
        weights.assign_sub(0.01 * d_weights)
        biases.assign_sub(0.01 * d_biases)
        return loss, d_hidden

    @tf.function
    def sampled():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sampled_softmax_loss(
                weights=weights, biases=biases, labels=labels, inputs=hidden, num_sampled=args.samples, num_classes=vocab))
        d_hidden, d_weights, d_biases = tape.gradient(loss, [hidden, weights, biases])
        weights.scatter_sub(tf.IndexedSlices(d_weights.values * 0.01, d_weights.indices))
        biases.scatter_sub(tf.IndexedSlices(d_biases.values * 0.01, d_biases.indices))
        return loss, d_hidden

    return full, sampled


def tensorflow_ms(step):
    times = []
    for _ in range(args.repeats):
        start = time.perf_counter()
        step()
        times.append(1e3 * (time.perf_counter() - start))
    return median(times)


def lexmax_ms(layer, vocab):
    return lexmax("step", "--layer", layer, "--vocab", vocab, "--dim", args.dim, "--batch", args.batch, "--threads", args.threads,
                  "--repeats", args.repeats)


rows = []
for vocab in map(int, args.vocab.split(",")):
    steps = tensorflow_steps(vocab)
    sampled = f"sampled:samples={args.samples}:proposal=log-uniform:correction=distinct"
    for layer, step in zip(["full", sampled], steps):
        step(), step()
        theirs, ours, share = [], [], []
        for _ in range(args.rounds):
            theirs.append(tensorflow_ms(step))
            report = lexmax_ms(layer, vocab)
            ours.append(report["step_ms"])
            share.append(report["sgemm_share"])
        theirs, ours = median(theirs), median(ours)
        rows.append([layer.split(":")[0], vocab, f"{theirs:.1f}", f"{ours:.1f}", f"{theirs / ours:.2f}", f"{100 * median(share):.0f} %"])

print(f"{machine()}; batch {args.batch}, d = {args.dim}, {args.threads} threads, {args.samples} samples, f32, with biases\n")
table(["layer", "V", "TensorFlow ms", "lexmax ms", "ratio", "of sgemm"], rows)

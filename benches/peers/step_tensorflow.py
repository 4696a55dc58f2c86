"""Times steps (forward, backward, update; with bias) of full or of sampled softmax in TensorFlow."""
import os

from common import layer, median_ms, refuse, stepping, tell

args = stepping(__doc__)
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(args.threads)
tf.config.threading.set_inter_op_parallelism_threads(args.threads)
tf.random.set_seed(args.seed)
name, samples = layer(args.layer)
hidden = tf.Variable(tf.random.normal((args.batch, args.dim)) * 0.5)
weights = tf.Variable(tf.random.normal((args.vocab, args.dim)) * 0.1)
biases = tf.Variable(tf.zeros(args.vocab))
zipf = 1 / np.arange(1, args.vocab + 1)
labels = np.random.default_rng(args.seed).choice(args.vocab, args.batch, p=zipf / zipf.sum())
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
            weights=weights, biases=biases, labels=labels, inputs=hidden, num_sampled=samples, num_classes=args.vocab))
    d_hidden, d_weights, d_biases = tape.gradient(loss, [hidden, weights, biases])
    weights.scatter_sub(tf.IndexedSlices(d_weights.values * 0.01, d_weights.indices))
    biases.scatter_sub(tf.IndexedSlices(d_biases.values * 0.01, d_biases.indices))
    return loss, d_hidden


steps = {"full": full, "sampled": sampled}
if name not in steps:
    refuse(args.layer)
tell(step_ms=median_ms(steps[name], args.repeats), version=tf.__version__)

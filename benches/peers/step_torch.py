"""Times steps (forward, backward, update; with bias) of full or of sampled softmax in PyTorch.

PyTorch has no sampled softmax: the step gathers the rows of the targets and of distinct log-uniform draws, and
subtracts ln of the expected counts from their scores, as TensorFlow's does.
"""
import math

from common import layer, median_ms, refuse, stepping, tell

args = stepping(__doc__)
import torch
from torch.nn.functional import cross_entropy

torch.set_num_threads(args.threads)
torch.manual_seed(args.seed)
name, samples = layer(args.layer)
hidden = (torch.randn(args.batch, args.dim) * 0.5).requires_grad_()
weights = (torch.randn(args.vocab, args.dim) * 0.1).requires_grad_()
biases = torch.zeros(args.vocab, requires_grad=True)
labels = torch.multinomial(1 / torch.arange(1, args.vocab + 1), args.batch, replacement=True)


def full():
    loss = cross_entropy(hidden @ weights.T + biases, labels)
    d_hidden, d_weights, d_biases = torch.autograd.grad(loss, [hidden, weights, biases])
    with torch.no_grad():
        weights.sub_(d_weights, alpha=0.01)
        biases.sub_(d_biases, alpha=0.01)
    return d_hidden


def draw():
    """Distinct words of falling probability, and the number of draws that gave them."""
    words, draws = torch.empty(0, dtype=torch.long), 0
    while len(words) < samples:
        more = torch.exp(torch.rand(samples) * math.log(args.vocab + 1)).long() - 1
        draws += samples
        words = torch.unique(torch.cat([words, more.clamp(0, args.vocab - 1)]))
    return words[torch.randperm(len(words))[:samples]], draws


def log_expected(words, draws):
    p = torch.log((words + 2) / (words + 1)) / math.log(args.vocab + 1)
    return torch.log(-torch.expm1(draws * torch.log1p(-p)))


def sampled():
    noise, draws = draw()
    rows = torch.cat([labels, noise])
    w, b = weights.detach()[rows].requires_grad_(), biases.detach()[rows].requires_grad_()
    bias = b - log_expected(rows, draws)
    true = (hidden * w[: args.batch]).sum(1) + bias[: args.batch]
    others = hidden @ w[args.batch :].T + bias[args.batch :]
    others = others.masked_fill(labels[:, None] == noise, -torch.inf)
    scores = torch.cat([true[:, None], others], 1)
    loss = cross_entropy(scores, torch.zeros(args.batch, dtype=torch.long))
    d_hidden, d_w, d_b = torch.autograd.grad(loss, [hidden, w, b])
    with torch.no_grad():
        weights.index_add_(0, rows, d_w, alpha=-0.01)
        biases.index_add_(0, rows, d_b, alpha=-0.01)
    return d_hidden


steps = {"full": full, "sampled": sampled}
if name not in steps:
    refuse(args.layer)
tell(step_ms=median_ms(steps[name], args.repeats), version=torch.__version__)

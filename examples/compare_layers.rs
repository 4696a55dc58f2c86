//! Compares all output layers on one model and one text: the cost of a step, and the loss reached.
//!
//! Trains a language model of five words to the left on `corpora/sample.txt`, once with each of the usual layers. All
//! start from the same embeddings and see the same examples in the same order. Prints a line for each layer. The
//! command `lexmax compare` makes the same call. Layers may be named with their settings
//! (`sampled:samples=64:proposal=uniform`).
//!
//! Run it in the root of the repository: `cargo run --release --example compare_layers`. It takes a few seconds. Expect
//! every layer below the unigram model, and hierarchical softmax and negative sampling at a fraction of the cost of
//! full softmax.

use lexmax::compare::{Builder, LayerRow, Listener};

/// Examples that each layer is trained on: about six times the text.
const EXAMPLES: u64 = 100_000;

fn main() -> lexmax::Result<()> {
    println!("{:24}  µs/example  multiply-adds  rows written   train  held out  perplexity", "layer");
    // Every twentieth line of the text is held out, since no held-out text is given.
    let found = Builder::default()
        .text("corpora/sample.txt")
        .min_count(2)
        .dim(32)
        .examples(EXAMPLES)
        .valid_examples(1_000)
        .threads(2)
        .run_with(&mut Lines)?;

    let unigram = found.corpus.unigram_nll;
    println!("{:24} {:52.3} {:11.1}", "(unigram model)", unigram, unigram.exp());
    println!("{} words, {EXAMPLES} examples a layer; train and held out in nats", found.corpus.vocab);
    println!("the training criterion of a layer that samples is no likelihood; held out all are exact and normalized");
    for row in &found.layers {
        assert!(row.valid_nll < unigram, "{} learns something", row.layer);
    }
    Ok(())
}

/// Prints a line as soon as a layer is finished.
struct Lines;

impl Listener for Lines {
    fn end(&mut self, row: &LayerRow) {
        let cost = &row.cost_per_example;
        println!(
            "{:24} {:11.2} {:14.0} {:13.1} {:7.3} {:9.3} {:11.1}",
            row.layer,
            row.ns_per_example / 1e3,
            cost.multiply_adds,
            cost.rows_written,
            row.train_loss,
            row.valid_nll,
            row.valid_perplexity,
        );
    }
}

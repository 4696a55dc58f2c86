//! A tour of the library: a text, a window, a model, training, the held-out likelihood, the vectors.
//!
//! Learns word vectors from `corpora/sample.txt` like word2vec: the mean of the words around a gap (CBOW) predicts the
//! word in it, through hierarchical softmax. Then it prints the loss on gaps in unseen sentences, beside the loss of
//! the unigram model, and the nearest neighbours of a few words.
//!
//! Run it in the root of the repository: `cargo run --release --example quickstart`. It takes less than a second.
//! Expect other countries beside `france`, food beside `bread`, and months beside `july`.

use lexmax::corpus::{Context, Corpus, Direction, TextExamples, Window, held_out};
use lexmax::eval;
use lexmax::layer::{Bias, HierarchicalSoftmax};
use lexmax::model::MeanEmbedding;
use lexmax::model::Model;
use lexmax::table::Optimizer;
use lexmax::table::{Matrix, Threads};
use lexmax::train::{Budget, TrainConfig, train};
use lexmax::tree::Tree;
use lexmax::vocab::WordId;
use std::sync::Arc;

const DIM: usize = 48;
const SEED: u64 = 1;

fn main() -> lexmax::Result<()> {
    // One sentence a line. Every tenth is held out, and words that occur only once are dropped.
    let (vocab, text, unseen) = Corpus::load_and_hold_out(&["corpora/sample.txt"], 2, 10)?;
    println!("{} sentences, {} words, {} of them different", text.len(), text.tokens().len(), vocab.len());

    // The form of an example: one to four words on either side predict the word between them. The most frequent words
    // (above 1 % of the text) are subsampled, since they carry little information.
    let window = Window::new(Direction::Cbow, Context::Both, 4, true)?;
    let mut examples = TextExamples::new(Arc::new(text), vocab.counts(), window, 1e-2, SEED)?;
    let unseen = held_out(&unseen, window.fixed(), 5_000)?;

    // The model. The biases start at the unigram model, so training starts from there too.
    let encoder = MeanEmbedding::new(vocab.len(), DIM)?;
    let layer = HierarchicalSoftmax::new(Tree::huffman(vocab.counts()), DIM, Bias::Unigram)?;
    let optimizer = Optimizer::adagrad(0.01)?;
    let mut model = Model::new(Box::new(encoder), Box::new(layer), vocab.counts(), optimizer, SEED)?;

    let threads = Threads::default();
    let before = eval::held_out(&model, &unseen, &threads);
    let budget = Budget::Examples(20 * examples.estimated_examples_per_epoch());
    let mut settings = TrainConfig::new(16, 0.1, budget);
    (settings.threads, settings.seed) = (threads.clone(), SEED);
    let outcome = train(&mut model, &mut examples, &settings, &mut |_| ())?;
    println!("\ntraining: {} examples in {:.1} s", outcome.examples, outcome.seconds);
    for (number, epoch) in (1..).zip(&outcome.epochs).filter(|(number, _)| number % 5 == 0 || *number == 1) {
        println!("  epoch {number:2}       {:.3} nats an example", epoch.train_loss);
    }

    let after = eval::held_out(&model, &unseen, &threads);
    println!("\nheld out: {} gaps", unseen.len());
    println!("  unigram model  {:.3} nats, perplexity {:.1}", before.nll(), before.perplexity());
    println!("  this model     {:.3} nats, perplexity {:.1}", after.nll(), after.perplexity());
    assert!(after.nll() < before.nll() - 0.5, "what is learned holds for sentences that were not seen");

    println!("\nnearest neighbours, by cosine");
    let vectors = &model.encoder_tables()[0];
    for word in ["france", "bread", "july", "king"] {
        let near = neighbours(vectors, vocab.id(word).expect("a word of the text"), 6);
        let near: Vec<_> = near.iter().map(|(other, cosine)| format!("{} {cosine:.2}", vocab.word(*other))).collect();
        println!("  {word:6} → {}", near.join(", "));
    }
    let months = ["march", "april", "june", "august", "september", "october", "november", "december"];
    let july = neighbours(vectors, vocab.id("july").expect("a word of the text"), 3);
    assert!(july.iter().all(|(other, _)| months.contains(&vocab.word(*other))), "months are like months");
    Ok(())
}

/// The `n` words whose vectors have the greatest cosine with the vector of `word`, the nearest first.
fn neighbours(vectors: &Matrix, word: WordId, n: usize) -> Vec<(WordId, f32)> {
    let dot = |a: WordId, b: WordId| -> f32 { vectors.row(a).iter().zip(vectors.row(b)).map(|(x, y)| x * y).sum() };
    let cosine = |other: WordId| dot(word, other) / (dot(word, word) * dot(other, other)).sqrt();
    let others = (0..vectors.shape().rows).filter(|other| *other != word);
    let mut near: Vec<_> = others.map(|other| (other, cosine(other))).collect();
    near.sort_by(|a, b| b.1.total_cmp(&a.1));
    near.truncate(n);
    near
}

//! Law 14: a sampled layer that draws every word once with a uniform q is full softmax.

use super::cases;
use super::fixed::Fixed;
use super::rig::{Check, Examples, Rig};
use super::statistics::assert_uniform_sets;
use lexmax::layer::{Bias, LayerExt, OutputLayer, SampledSoftmax};
use lexmax::sampler::Hits;
use lexmax::table::Threads;
use lexmax::vocab::WordId;

/// The weights of a full softmax under another layer; its step must be the full softmax's.
fn assert_full(what: &str, layer: Box<dyn OutputLayer>, examples: &Examples) {
    let full = Rig::new("full:bias=unigram", layer.vocab(), layer.dim(), 0.8);
    let rig = Rig { layer, ..full };
    let step = rig.step_from(examples, 1, &Threads::new(2), 0.0);
    rig.expected(examples, &step.sample).check(what, &step);
}

#[test]
fn all_words_drawn_with_uniform_q_are_the_full_softmax() {
    for (vocab, dim, batch) in [(1, 2, 2), (31, 9, 7), (1500, 37, 40)] {
        let examples = Examples::random(batch, vocab, dim, 2);
        let counts = cases::zipf(vocab);
        for name in ["sampled:correction=distinct", "sampled:correction=distinct:proposal=uniform", "target-sampled"] {
            for samples in [vocab, 2 * vocab] {
                let name = format!("{name}:samples={samples}:bias=unigram");
                if samples == vocab || name.starts_with("target") {
                    assert_full(&name, cases::build(&name, &counts, dim), &examples);
                }
            }
        }
        let all: Vec<WordId> = (0..vocab as WordId).rev().collect();
        for ln_q in [0.0, -(vocab as f64).ln(), 3.0] {
            let sampler = Fixed { words: all.clone(), ln_q: vec![ln_q; vocab], hits: Hits::Merge };
            let layer = SampledSoftmax::new(Box::new(sampler), dim, Bias::Unigram).unwrap();
            assert_full("merged hits", Box::new(layer), &examples);
        }
    }
}

/// Kept hits: the target is drawn by nobody, the others by one each.
#[test]
fn all_others_drawn_with_uniform_q_are_the_full_softmax() {
    let (vocab, dim, batch) = (31, 9, 4);
    let mut examples = Examples::random(batch, vocab, dim, 2);
    examples.targets.fill(5);
    let words = (0..vocab as WordId).filter(|w| *w != 5).collect();
    let sampler = Fixed { words, ln_q: vec![-1.0; vocab], hits: Hits::Keep };
    let layer = SampledSoftmax::new(Box::new(sampler), dim, Bias::Unigram).unwrap();
    assert_full("kept hits", Box::new(layer), &examples);
}

/// Target sampling: V' is the targets and as many other words, each other set as likely.
#[test]
fn target_sampling_draws_uniformly_from_the_other_words() {
    let (vocab, dim, targets) = (40, 1, [7, 3, 7, 39]);
    for samples in [5, 30, 200] {
        let rig = Rig::new(&format!("target-sampled:samples={samples}"), vocab, dim, 0.5);
        let examples = Examples { targets: targets.to_vec(), ..Examples::random(4, vocab, dim, 1).unweighted() };
        let mut seen = vec![0u64; vocab];
        for seed in 0..4000 {
            let rows = rig.step(&examples, seed).sample.rows;
            rows.iter().for_each(|w| seen[*w as usize] += 1);
        }
        let others: Vec<u64> = (0..vocab).filter(|w| !targets.contains(&(*w as u32))).map(|w| seen[w]).collect();
        assert!(targets.iter().all(|t| seen[*t as usize] == 4000));
        assert_uniform_sets(&others, samples.min(others.len()), 4000);
    }
}

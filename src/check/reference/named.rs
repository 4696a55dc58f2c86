//! The naive layer of every line of the catalogue.

use super::Reference;
use super::criterion::{Choice, Criterion};
use super::options::LossSettings;
use super::scores::Scores;
use crate::error::Result;
use crate::layer::catalogue::{LayerKeys, LayerSpec, Shape};
use crate::layer::{Classes, CostModel, CutoffPlan, Cutoffs};
use crate::vocab::{Counts, WordId};

/// What a value is, if it cannot be read.
const NUMBER: &str = "a number";

impl Reference {
    /// The naive layer of a name. Its σ is exact: a layer that takes another program's table is found not to be it.
    ///
    /// # Errors
    /// A value that cannot be read, as the layer itself would refuse it; and a tree that cannot be read.
    ///
    /// # Panics
    /// A layer of the catalogue that has none: it is to get one here.
    pub fn of(spec: &LayerSpec, c: &Shape) -> Result<Self> {
        let s = spec.settings();
        let (scores, criterion) = match spec.entry().name {
            "full" => (Scores::Flat, Criterion::Softmax),
            "hierarchical" => (Scores::Flat, Criterion::Path(spec.tree(c)?)),
            "differentiated" => (Scores::Slices, Criterion::Softmax),
            "differentiated-projected" => (Scores::Projections, Criterion::Softmax),
            "class-based" => (Scores::Stacked, Criterion::Choices(classes(s, c.counts)?)),
            "adaptive" => (Scores::Tails, Criterion::Choices(tails(&cutoffs(s, c)?, c.counts.len()))),
            "sparsemax" => (Scores::Flat, entmax(s, 2.0)?),
            "entmax" => (Scores::Flat, entmax(s, s.parse("alpha", 1.5, NUMBER)?)?),
            "sampled" | "sampled-quadratic" | "sampled-midx" => (Scores::Flat, Criterion::Sampled),
            "target-sampled" => (Scores::Flat, Criterion::AmongRows),
            "negative" => {
                let (ln_q, drops_hits) = (ln_noise(s, c.counts, 0.75)?, s.get("hits") == Some("drop"));
                (Scores::Flat, Criterion::Noise { ln_q, drops_hits })
            }
            "nce" if s.get("variant") == Some("ranking") => (Scores::Flat, Criterion::Sampled),
            "nce" => (Scores::Flat, Criterion::Contrastive { ln_q: ln_noise(s, c.counts, 1.0)? }),
            "blackout" => (Scores::Flat, Criterion::BlackOut),
            "one-vs-each" => (Scores::Flat, Criterion::OneVsEach),
            "self-normalized" => (Scores::Flat, Criterion::Penalized { alpha: s.parse("alpha", 0.1, NUMBER)? }),
            "infrequent" => {
                let squared = s.get("penalty") == Some("squared");
                let alpha = if squared { Some(s.parse("alpha", 1.0, NUMBER)?) } else { None };
                (Scores::Flat, Criterion::Infrequent { gamma: s.parse("fraction", 0.1, NUMBER)?, alpha })
            }
            other => panic!("the catalogue has {other}: give it a naive reference"),
        };
        Ok(Self { scores, criterion, loss: options(s)? })
    }
}

fn entmax(s: &LayerKeys, alpha: f64) -> Result<Criterion> {
    Ok(Criterion::Entmax { alpha, temperature: s.parse("temperature", 1.0, NUMBER)? })
}

/// The options of the loss, in f32 as the layer has them.
fn options(s: &LayerKeys) -> Result<LossSettings> {
    let number = |key| s.parse(key, 0.0f32, NUMBER).map(f64::from);
    let cap = s.get("soft-cap").map(|_| number("soft-cap")).transpose()?;
    let ignored = s.get("ignore").map(|_| s.parse("ignore", 0, "the number of a word")).transpose()?;
    Ok(LossSettings { smoothing: number("smoothing")?, z_loss: number("z-loss")?, cap, ignored, word_weights: None })
}

/// The choices of class-based softmax: the class, then the word in it.
fn classes(s: &LayerKeys, counts: &Counts) -> Result<Vec<Vec<Choice>>> {
    let vocab = counts.len();
    let classes = match s.get("sizes") {
        Some(sizes) => {
            let mut of_word = Vec::new();
            for (class, size) in (0..).zip(sizes.split('+')) {
                of_word.resize(size.parse().map_or(vocab, |n: usize| of_word.len() + n), class);
            }
            Classes::given(&of_word)?
        }
        None => {
            let number = s.parse("classes", vocab.isqrt().max(1), NUMBER)?;
            if s.get("by") == Some("mass") {
                Classes::by_mass(counts, number)?
            } else {
                Classes::by_frequency(vocab, number)?
            }
        }
    };
    let heads = classes.len();
    let choices = |word: WordId| {
        let (class, rows) = (classes.class(word), classes.rows(classes.class(word)));
        let of_class = heads + rows.start as usize..heads + rows.end as usize;
        let place = (classes.row(word) - rows.start) as usize;
        vec![Choice { scores: 0..heads, place: class as usize }, Choice { scores: of_class, place }]
    };
    Ok((0..vocab as WordId).map(choices).collect())
}

/// The cut-offs of the settings; those of the reference machine without.
fn cutoffs(s: &LayerKeys, c: &Shape) -> Result<Vec<usize>> {
    if let Some(text) = s.get("cutoffs") {
        let number = |n: &str| n.parse().map_err(|_| s.bad("cutoffs", text, "whole numbers joined by '+'"));
        return text.split('+').map(number).collect();
    }
    let (division, tails) = (s.parse("division", 4.0, NUMBER)?, s.parse("tails", 4, NUMBER)?);
    let plan = CutoffPlan { dim: c.dim, division, batch: 256, tails };
    Ok(Cutoffs::best(c.counts, &plan, &CostModel::REFERENCE).as_slice().iter().map(|n| *n as usize).collect())
}

/// The choices of adaptive softmax: the head, then the word in its tail.
fn tails(cutoffs: &[usize], vocab: usize) -> Vec<Vec<Choice>> {
    let listed = cutoffs.first().copied().unwrap_or(vocab);
    let heads = listed + cutoffs.len();
    let choices = |word: usize| {
        let Some(tail) = cutoffs.iter().rposition(|first| *first <= word) else {
            return vec![Choice { scores: 0..heads, place: word }];
        };
        // Scores come head first, then tail after tail.
        let end = cutoffs.get(tail + 1).copied().unwrap_or(vocab);
        let of_tail = heads + cutoffs[tail] - listed..heads + end - listed;
        vec![Choice { scores: 0..heads, place: listed + tail }, Choice { scores: of_tail, place: word - cutoffs[tail] }]
    };
    (0..vocab).map(choices).collect()
}

/// ln q of the noise: the unigram model to a power, unless the settings say otherwise.
fn ln_noise(s: &LayerKeys, counts: &Counts, power: f64) -> Result<Vec<f64>> {
    let power = s.parse("power", power, NUMBER)?;
    let weight = |w: WordId| match s.get("proposal") {
        Some("log-uniform") => (1.0 / (f64::from(w) + 1.0)).ln_1p(),
        Some("uniform") => 1.0,
        _ => counts.probability(w).powf(power),
    };
    let sum: f64 = (0..counts.len() as WordId).map(weight).sum();
    Ok((0..counts.len() as WordId).map(|w| (weight(w) / sum).ln()).collect())
}

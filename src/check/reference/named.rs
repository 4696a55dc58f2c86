//! The naive layer of every entry of the catalogue.

use super::Reference;
use super::criterion::{Choice, Criterion};
use super::options::LossSettings;
use super::scores::Scores;
use crate::error::Result;
use crate::layer::catalogue::{ClassRule, LayerKeys, LayerSpec, Penalty, ProposalName, Shape};
use crate::layer::{Classes, Contrast, CostModel, CutoffPlan, Cutoffs, NoiseHits};
use crate::vocab::{Counts, WordId};

impl Reference {
    /// Makes the naive layer of a name. Its σ is exact, so a layer with the σ table of another program is found to
    /// differ.
    ///
    /// # Errors
    /// A value that cannot be read (the layer itself would refuse it), and a tree that cannot be read.
    ///
    /// # Panics
    /// If the catalogue has a layer without a naive one; add it here.
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
            "entmax" => (Scores::Flat, entmax(s, s.value("alpha")?)?),
            "sampled" | "sampled-quadratic" | "sampled-midx" => (Scores::Flat, Criterion::Sampled),
            "target-sampled" => (Scores::Flat, Criterion::AmongRows),
            "negative" => {
                let (ln_q, drops_hits) = (ln_noise(s, c.counts)?, s.word::<NoiseHits>("hits")? == NoiseHits::Drop);
                (Scores::Flat, Criterion::Noise { ln_q, drops_hits })
            }
            "nce" => match s.word("variant")? {
                Contrast::Ranking => (Scores::Flat, Criterion::Sampled),
                Contrast::Binary => (Scores::Flat, Criterion::Contrastive { ln_q: ln_noise(s, c.counts)? }),
            },
            "blackout" => (Scores::Flat, Criterion::BlackOut),
            "one-vs-each" => (Scores::Flat, Criterion::OneVsEach),
            "self-normalized" => (Scores::Flat, Criterion::Penalized { alpha: s.value("alpha")? }),
            "infrequent" => {
                let alpha = match s.word("penalty")? {
                    Penalty::Squared => Some(s.value("alpha")?),
                    Penalty::Linear => None,
                };
                (Scores::Flat, Criterion::Infrequent { gamma: s.value("fraction")?, alpha })
            }
            other => panic!("the catalogue has {other}: give it a naive reference"),
        };
        Ok(Self { scores, criterion, loss: options(s)? })
    }
}

fn entmax(s: &LayerKeys, alpha: f64) -> Result<Criterion> {
    Ok(Criterion::Entmax { alpha, temperature: s.value("temperature")? })
}

/// Options of the loss, rounded to f32 as in the layer.
fn options(s: &LayerKeys) -> Result<LossSettings> {
    let number = |key| s.value::<f32>(key).map(f64::from);
    let (smoothing, z_loss) = (number("smoothing")?, number("z-loss")?);
    let cap = s.given::<f32>("soft-cap")?.map(f64::from);
    Ok(LossSettings { smoothing, z_loss, cap, ignored: s.given("ignore")?, word_weights: None })
}

/// Choices of class-based softmax: the class, then the word in the class.
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
            let number = s.given("classes")?.unwrap_or(vocab.isqrt().max(1));
            match s.word("by")? {
                ClassRule::Mass => Classes::by_mass(counts, number)?,
                ClassRule::Frequency => Classes::by_frequency(vocab, number)?,
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

/// Cut-offs of the settings [default: those of the reference machine].
fn cutoffs(s: &LayerKeys, c: &Shape) -> Result<Vec<usize>> {
    if let Some(text) = s.get("cutoffs") {
        let number = |n: &str| n.parse().map_err(|_| s.unreadable("cutoffs", text));
        return text.split('+').map(number).collect();
    }
    let (division, tails) = (s.value("division")?, s.value("tails")?);
    let mut plan = CutoffPlan::new(c.dim);
    (plan.division, plan.tails) = (division, tails);
    Ok(Cutoffs::best(c.counts, &plan, &CostModel::REFERENCE).as_slice().iter().map(|n| *n as usize).collect())
}

/// Choices of adaptive softmax: the head, then the word in its tail.
fn tails(cutoffs: &[usize], vocab: usize) -> Vec<Vec<Choice>> {
    let listed = cutoffs.first().copied().unwrap_or(vocab);
    let heads = listed + cutoffs.len();
    let choices = |word: usize| {
        let Some(tail) = cutoffs.iter().rposition(|first| *first <= word) else {
            return vec![Choice { scores: 0..heads, place: word }];
        };
        // The scores of the head come first, then those of the tails in turn.
        let end = cutoffs.get(tail + 1).copied().unwrap_or(vocab);
        let of_tail = heads + cutoffs[tail] - listed..heads + end - listed;
        vec![Choice { scores: 0..heads, place: listed + tail }, Choice { scores: of_tail, place: word - cutoffs[tail] }]
    };
    (0..vocab).map(choices).collect()
}

/// ln q of the noise. The default proposal is the unigram model to a power.
fn ln_noise(s: &LayerKeys, counts: &Counts) -> Result<Vec<f64>> {
    let (proposal, power) = (s.word("proposal")?, s.value("power")?);
    let weight = |w: WordId| match proposal {
        ProposalName::LogUniform => (1.0 / (f64::from(w) + 1.0)).ln_1p(),
        ProposalName::Uniform => 1.0,
        ProposalName::Unigram => counts.probability(w).powf(power),
    };
    let sum: f64 = (0..counts.len() as WordId).map(weight).sum();
    Ok((0..counts.len() as WordId).map(|w| (weight(w) / sum).ln()).collect())
}

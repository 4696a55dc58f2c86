//! From settings to layers.

use super::{LayerKeys, Shape};
use crate::error::{Error, Result};
use crate::layer::{
    AdaptiveSoftmax, BlackOut, Blocks, ClassBasedSoftmax, Classes, Contrast, CostModel, CutoffPlan, Cutoffs,
    DifferentiatedSoftmax, Entmax, FullSoftmax, HierarchicalSoftmax, InfrequentNormalization, NegativeSampling,
    NoiseContrastive, NoiseHits, Normalization, OneVsEach, OutputLayer, SampledSoftmax, SelfNormalizedSoftmax,
    TargetSampling,
};
use crate::objective::SigmoidTable;
use crate::sampler::{
    DistinctDraws, IndependentSet, LogUniform, Midx, Proposal, Quadratic, Sampler, Uniform, Unigram, WithReplacement,
};
use crate::tree::Tree;

type Built = Result<Box<dyn OutputLayer>>;

const COUNT: &str = "a whole number from 1";
const PROPOSALS: &str = "uniform, log-uniform or unigram";

pub fn full(_: &LayerKeys, c: &Shape) -> Built {
    Ok(Box::new(FullSoftmax::new(c.counts.len(), c.dim, c.bias)?))
}

pub fn hierarchical(s: &LayerKeys, c: &Shape) -> Built {
    let layer = HierarchicalSoftmax::new(super::trees::tree(s, c)?, c.dim, c.bias)?;
    Ok(Box::new(match sigmoid(s, true)? {
        Some(table) => layer.with_sigmoid(table),
        None => layer,
    }))
}

pub fn over_tree(tree: Tree, c: &Shape) -> Built {
    Ok(Box::new(HierarchicalSoftmax::new(tree, c.dim, c.bias)?))
}

pub fn differentiated(s: &LayerKeys, c: &Shape) -> Built {
    let blocks = blocks(s, c)?.unwrap_or_else(|| Blocks::slices(c.counts, c.dim));
    Ok(Box::new(DifferentiatedSoftmax::with_slices(&blocks, c.dim, c.bias)?))
}

pub fn differentiated_projected(s: &LayerKeys, c: &Shape) -> Built {
    let blocks = blocks(s, c)?.unwrap_or_else(|| Blocks::projections(c.counts, c.dim));
    Ok(Box::new(DifferentiatedSoftmax::with_projections(&blocks, c.dim, c.bias)?))
}

pub fn sampled(s: &LayerKeys, c: &Shape) -> Built {
    let samples = s.parse("samples", 256, COUNT)?;
    let proposal = proposal(s, c, ["log-uniform", "uniform", "unigram"], 1.0)?;
    let sampler: Box<dyn Sampler> =
        match s.choice("correction", &["replacement", "set", "distinct"], "replacement, set or distinct")? {
            0 => Box::new(WithReplacement::new(proposal, samples)?),
            1 => Box::new(IndependentSet::new(proposal, samples)?),
            _ => Box::new(DistinctDraws::new(proposal, samples)?),
        };
    Ok(Box::new(SampledSoftmax::new(sampler, c.dim, c.bias)?))
}

pub fn sampled_quadratic(s: &LayerKeys, c: &Shape) -> Built {
    let (samples, alpha) = (s.parse("samples", 64, COUNT)?, s.parse("alpha", 1.0, "a number")?);
    let sampler = Quadratic::new(c.counts, c.dim, samples, alpha)?;
    Ok(Box::new(SampledSoftmax::new(Box::new(sampler), c.dim, c.bias)?))
}

pub fn sampled_midx(s: &LayerKeys, c: &Shape) -> Built {
    let (samples, codes) = (s.parse("samples", 256, COUNT)?, s.parse("codes", 32, COUNT)?);
    let sampler = Midx::new(c.counts, c.dim, samples, codes)?;
    Ok(Box::new(SampledSoftmax::new(Box::new(sampler), c.dim, c.bias)?))
}

pub fn target_sampled(s: &LayerKeys, c: &Shape) -> Built {
    let samples = s.parse("samples", (c.counts.len() / 4).max(1), COUNT)?;
    Ok(Box::new(TargetSampling::new(c.counts.len(), c.dim, samples, c.bias)?))
}

pub fn negative(s: &LayerKeys, c: &Shape) -> Built {
    let samples = s.parse("samples", 5, COUNT)?;
    let proposal = proposal(s, c, ["unigram", "log-uniform", "uniform"], 0.75)?;
    let mut layer = NegativeSampling::new(WithReplacement::new(proposal, samples)?, c.dim, c.bias)?;
    if let Some(table) = sigmoid(s, false)? {
        layer = layer.with_sigmoid(table);
    }
    if s.choice("hits", &["keep", "drop"], "keep or drop")? == 1 {
        layer = layer.with_hits(NoiseHits::Drop);
    }
    Ok(Box::new(layer))
}

/// The table of σ, where it is another program's; `tree`: for hierarchical softmax.
fn sigmoid(s: &LayerKeys, tree: bool) -> Result<Option<SigmoidTable>> {
    let names = ["exact", "word2vec", "gensim", "fasttext"];
    Ok(match s.choice("sigmoid", &names, "exact, word2vec, gensim or fasttext")? {
        0 => None,
        1 => Some(SigmoidTable::word2vec(tree)),
        2 => Some(SigmoidTable::gensim()),
        _ => Some(SigmoidTable::fasttext()),
    })
}

pub fn class_based(s: &LayerKeys, c: &Shape) -> Built {
    let vocab = c.counts.len();
    if let Some(text) = s.get("sizes") {
        for key in ["classes", "by"] {
            if let Some(value) = s.get(key) {
                return Err(s.bad(key, value, "left out where sizes are given"));
            }
        }
        let classes = sizes(text, vocab).ok_or_else(|| s.bad("sizes", text, SIZES))?;
        return Ok(Box::new(ClassBasedSoftmax::new(Classes::given(&classes)?, c.dim, c.bias)?));
    }
    let classes = s.parse("classes", vocab.isqrt().max(1), COUNT)?;
    let classes = match s.choice("by", &["frequency", "mass"], "frequency or mass")? {
        0 => Classes::by_frequency(vocab, classes)?,
        _ => Classes::by_mass(c.counts, classes)?,
    };
    Ok(Box::new(ClassBasedSoftmax::new(classes, c.dim, c.bias)?))
}

const SIZES: &str = "numbers of words from 1 joined by '+' that sum to the vocabulary; the last may be 'rest'";

/// The class of each word, from the sizes of the classes.
fn sizes(text: &str, vocab: usize) -> Option<Vec<u32>> {
    let mut classes = Vec::with_capacity(vocab);
    let mut parts = text.split('+').enumerate().peekable();
    while let Some((class, part)) = parts.next() {
        let left = vocab - classes.len();
        let words = if part == "rest" && parts.peek().is_none() { left } else { part.parse().ok()? };
        if words == 0 || words > left {
            return None;
        }
        classes.resize(classes.len() + words, class as u32);
    }
    (classes.len() == vocab).then_some(classes)
}

/// The batch that cut-offs are chosen for.
const PLANNED_BATCH: usize = 256;

pub fn adaptive(s: &LayerKeys, c: &Shape) -> Built {
    let division = s.parse("division", 4.0, "a number from 1")?;
    let cutoffs = match s.get("cutoffs") {
        Some(text) => {
            if let Some(tails) = s.get("tails") {
                return Err(s.bad("tails", tails, "left out where cut-offs are given"));
            }
            let bounds = text.split('+').map(str::parse).collect::<std::result::Result<_, _>>();
            Cutoffs::new(bounds.map_err(|_| s.bad("cutoffs", text, "whole numbers joined by '+'"))?, c.counts.len())?
        }
        None => {
            let tails: usize = s.parse("tails", 4, "a whole number from 0 to 16")?;
            if tails > 16 {
                return Err(s.bad("tails", &tails.to_string(), "a whole number from 0 to 16"));
            }
            let plan = CutoffPlan { dim: c.dim, division, batch: PLANNED_BATCH, tails };
            Cutoffs::best(c.counts, &plan, &CostModel::REFERENCE)
        }
    };
    Ok(Box::new(AdaptiveSoftmax::new(&cutoffs, c.dim, division, c.bias)?))
}

pub fn sparsemax(s: &LayerKeys, c: &Shape) -> Built {
    let temperature = s.parse("temperature", 1.0, "a number")?;
    Ok(Box::new(Entmax::sparsemax(c.counts.len(), c.dim, c.bias)?.with_temperature(temperature)?))
}

pub fn entmax(s: &LayerKeys, c: &Shape) -> Built {
    let (alpha, temperature) = (s.parse("alpha", 1.5, "a number")?, s.parse("temperature", 1.0, "a number")?);
    Ok(Box::new(Entmax::new(c.counts.len(), c.dim, alpha, c.bias)?.with_temperature(temperature)?))
}

pub fn nce(s: &LayerKeys, c: &Shape) -> Built {
    let noise = draws(s, c, 64, ["unigram", "log-uniform", "uniform"])?;
    let contrast = match s.choice("variant", &["binary", "ranking"], "binary or ranking")? {
        0 => Contrast::Binary,
        _ => Contrast::Ranking,
    };
    Ok(Box::new(NoiseContrastive::new(noise, contrast, c.dim, c.bias)?))
}

pub fn black_out(s: &LayerKeys, c: &Shape) -> Built {
    let draws = draws(s, c, 256, ["unigram", "log-uniform", "uniform"])?;
    Ok(Box::new(BlackOut::new(draws, c.dim, c.bias)?))
}

pub fn one_vs_each(s: &LayerKeys, c: &Shape) -> Built {
    let draws = draws(s, c, 256, ["unigram", "log-uniform", "uniform"])?;
    Ok(Box::new(OneVsEach::new(Box::new(draws), c.dim, c.bias)?))
}

/// Draws with replacement; the unigram model to the power of 1 without settings.
fn draws(s: &LayerKeys, c: &Shape, samples: usize, proposals: [&'static str; 3]) -> Result<WithReplacement> {
    let samples = s.parse("samples", samples, COUNT)?;
    WithReplacement::new(proposal(s, c, proposals, 1.0)?, samples)
}

pub fn self_normalized(s: &LayerKeys, c: &Shape) -> Built {
    let alpha = s.parse("alpha", 0.1, "a number")?;
    Ok(Box::new(SelfNormalizedSoftmax::new(c.counts.len(), c.dim, alpha, c.bias)?))
}

pub fn infrequent(s: &LayerKeys, c: &Shape) -> Built {
    let fraction = s.parse("fraction", 0.1, "a number")?;
    let squared = s.choice("penalty", &["linear", "squared"], "linear or squared")? == 1;
    if let (Some(alpha), false) = (s.get("alpha"), squared) {
        return Err(s.bad("alpha", alpha, "left out, or penalty=squared given with it"));
    }
    let normalization =
        if squared { Normalization::Squared(s.parse("alpha", 1.0, "a number")?) } else { Normalization::Linear };
    Ok(Box::new(InfrequentNormalization::new(c.counts.len(), c.dim, fraction, normalization, c.bias)?))
}

/// The proposal by name; the first of `names` without one.
fn proposal(s: &LayerKeys, c: &Shape, names: [&'static str; 3], power: f64) -> Result<Box<dyn Proposal>> {
    let name = names[s.choice("proposal", &names, PROPOSALS)?];
    let vocab = c.counts.len();
    if let (Some(power), false) = (s.get("power"), name == "unigram") {
        return Err(s.bad("power", power, "left out, or proposal=unigram given with it"));
    }
    Ok(match name {
        "uniform" => Box::new(Uniform::new(vocab)?),
        "log-uniform" => Box::new(LogUniform::new(vocab)?),
        _ => Box::new(Unigram::new(c.counts, s.parse("power", power, "a number")?)?),
    })
}

/// `WORDSxSIZE` joined by `+`; the last may say `rest` for its words.
fn blocks(s: &LayerKeys, c: &Shape) -> Result<Option<Blocks>> {
    const FORM: &str = "WORDSxSIZE joined by '+', where the last WORDS may be 'rest'";
    let Some(text) = s.get("blocks") else { return Ok(None) };
    let bad = || -> Error { s.bad("blocks", text, FORM) };
    let (mut blocks, mut words) = (Vec::new(), 0usize);
    let mut parts = text.split('+').peekable();
    while let Some(part) = parts.next() {
        let (count, dim) = part.split_once('x').ok_or_else(bad)?;
        let count = match count {
            "rest" if parts.peek().is_none() => c.counts.len().saturating_sub(words),
            count => count.parse().map_err(|_| bad())?,
        };
        words = words.saturating_add(count);
        blocks.push((count, dim.parse().map_err(|_| bad())?));
    }
    Blocks::new(blocks, c.counts.len()).map(Some)
}

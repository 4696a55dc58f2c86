//! Builds layers from their settings.

use super::words::{ClassRule, Correction, Penalty, ProposalName};
use super::{LayerKeys, Shape};
use crate::error::{Error, Result};
use crate::layer::{
    AdaptiveSoftmax, BlackOut, Blocks, ClassBasedSoftmax, Classes, CostModel, CutoffPlan, Cutoffs,
    DifferentiatedSoftmax, Entmax, FullSoftmax, HierarchicalSoftmax, InfrequentNormalization, NegativeSampling,
    NoiseContrastive, Normalization, OneVsEach, OutputLayer, SampledSoftmax, SelfNormalizedSoftmax, TargetSampling,
};
use crate::objective::Sigmoid;
use crate::sampler::{
    DistinctDraws, IndependentSet, LogUniform, Midx, Proposal, Quadratic, Sampler, Uniform, Unigram, WithReplacement,
};
use crate::tree::Tree;

type Built = Result<Box<dyn OutputLayer>>;

pub fn full(_: &LayerKeys, c: &Shape) -> Built {
    Ok(Box::new(FullSoftmax::new(c.counts.len(), c.dim, c.bias)?))
}

pub fn hierarchical(s: &LayerKeys, c: &Shape) -> Built {
    hierarchical_over(super::trees::tree(s, c)?, s, c)
}

/// Builds the hierarchical layer over a given tree. The settings of the tree are ignored; all others apply.
pub fn hierarchical_over(tree: Tree, s: &LayerKeys, c: &Shape) -> Built {
    let layer = HierarchicalSoftmax::new(tree, c.dim, c.bias)?;
    Ok(Box::new(match s.word::<Sigmoid>("sigmoid")?.table(true) {
        Some(table) => layer.with_sigmoid(table),
        None => layer,
    }))
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
    let (samples, proposal) = (s.value("samples")?, proposal(s, c)?);
    let sampler: Box<dyn Sampler> = match s.word("correction")? {
        Correction::Replacement => Box::new(WithReplacement::new(proposal, samples)?),
        Correction::Set => Box::new(IndependentSet::new(proposal, samples)?),
        Correction::Distinct => Box::new(DistinctDraws::new(proposal, samples)?),
    };
    Ok(Box::new(SampledSoftmax::new(sampler, c.dim, c.bias)?))
}

pub fn sampled_quadratic(s: &LayerKeys, c: &Shape) -> Built {
    let (samples, alpha) = (s.value("samples")?, s.value("alpha")?);
    let sampler = Quadratic::new(c.counts, c.dim, samples, alpha)?;
    Ok(Box::new(SampledSoftmax::new(Box::new(sampler), c.dim, c.bias)?))
}

pub fn sampled_midx(s: &LayerKeys, c: &Shape) -> Built {
    let (samples, codes) = (s.value("samples")?, s.value("codes")?);
    let sampler = Midx::new(c.counts, c.dim, samples, codes)?;
    Ok(Box::new(SampledSoftmax::new(Box::new(sampler), c.dim, c.bias)?))
}

pub fn target_sampled(s: &LayerKeys, c: &Shape) -> Built {
    let samples = s.given("samples")?.unwrap_or((c.counts.len() / 4).max(1));
    Ok(Box::new(TargetSampling::new(c.counts.len(), c.dim, samples, c.bias)?))
}

pub fn negative(s: &LayerKeys, c: &Shape) -> Built {
    let layer = NegativeSampling::new(draws(s, c)?, c.dim, c.bias)?;
    let layer = match s.word::<Sigmoid>("sigmoid")?.table(false) {
        Some(table) => layer.with_sigmoid(table),
        None => layer,
    };
    Ok(Box::new(layer.with_hits(s.word("hits")?)))
}

pub fn class_based(s: &LayerKeys, c: &Shape) -> Built {
    let vocab = c.counts.len();
    if let Some(text) = s.get("sizes") {
        for key in ["classes", "by"] {
            if let Some(value) = s.get(key) {
                return Err(s.bad(key, value, "left out where sizes are given"));
            }
        }
        let classes = sizes(text, vocab).ok_or_else(|| s.unreadable("sizes", text))?;
        return Ok(Box::new(ClassBasedSoftmax::new(Classes::given(&classes)?, c.dim, c.bias)?));
    }
    let classes = s.given("classes")?.unwrap_or(vocab.isqrt().max(1));
    let classes = match s.word("by")? {
        ClassRule::Frequency => Classes::by_frequency(vocab, classes)?,
        ClassRule::Mass => Classes::by_mass(c.counts, classes)?,
    };
    Ok(Box::new(ClassBasedSoftmax::new(classes, c.dim, c.bias)?))
}

/// Returns the class of each word from the sizes of the classes, or `None` if the text is invalid.
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

pub fn adaptive(s: &LayerKeys, c: &Shape) -> Built {
    let division = s.value("division")?;
    let cutoffs = match s.get("cutoffs") {
        Some(text) => {
            if let Some(tails) = s.get("tails") {
                return Err(s.bad("tails", tails, "left out where cut-offs are given"));
            }
            let bounds = text.split('+').map(str::parse).collect::<std::result::Result<_, _>>();
            Cutoffs::new(bounds.map_err(|_| s.unreadable("cutoffs", text))?, c.counts.len())?
        }
        None => {
            let tails: usize = s.value("tails")?;
            if tails > 16 {
                return Err(s.unreadable("tails", &tails.to_string()));
            }
            let mut plan = CutoffPlan::new(c.dim);
            (plan.division, plan.tails) = (division, tails);
            Cutoffs::best(c.counts, &plan, &CostModel::REFERENCE)
        }
    };
    Ok(Box::new(AdaptiveSoftmax::new(&cutoffs, c.dim, division, c.bias)?))
}

pub fn sparsemax(s: &LayerKeys, c: &Shape) -> Built {
    Ok(Box::new(Entmax::sparsemax(c.counts.len(), c.dim, c.bias)?.with_temperature(s.value("temperature")?)?))
}

pub fn entmax(s: &LayerKeys, c: &Shape) -> Built {
    let (alpha, temperature) = (s.value("alpha")?, s.value("temperature")?);
    Ok(Box::new(Entmax::new(c.counts.len(), c.dim, alpha, c.bias)?.with_temperature(temperature)?))
}

pub fn nce(s: &LayerKeys, c: &Shape) -> Built {
    Ok(Box::new(NoiseContrastive::new(draws(s, c)?, s.word("variant")?, c.dim, c.bias)?))
}

pub fn black_out(s: &LayerKeys, c: &Shape) -> Built {
    Ok(Box::new(BlackOut::new(draws(s, c)?, c.dim, c.bias)?))
}

pub fn one_vs_each(s: &LayerKeys, c: &Shape) -> Built {
    Ok(Box::new(OneVsEach::new(Box::new(draws(s, c)?), c.dim, c.bias)?))
}

/// Builds the sampler with replacement.
fn draws(s: &LayerKeys, c: &Shape) -> Result<WithReplacement> {
    WithReplacement::new(proposal(s, c)?, s.value("samples")?)
}

pub fn self_normalized(s: &LayerKeys, c: &Shape) -> Built {
    let alpha = s.value("alpha")?;
    Ok(Box::new(SelfNormalizedSoftmax::new(c.counts.len(), c.dim, alpha, c.bias)?))
}

pub fn infrequent(s: &LayerKeys, c: &Shape) -> Built {
    let fraction = s.value("fraction")?;
    let normalization = match s.word("penalty")? {
        Penalty::Linear => Normalization::Linear,
        Penalty::Squared => Normalization::Squared(s.value("alpha")?),
    };
    Ok(Box::new(InfrequentNormalization::new(c.counts.len(), c.dim, fraction, normalization, c.bias)?))
}

/// Builds the proposal of the settings.
fn proposal(s: &LayerKeys, c: &Shape) -> Result<Box<dyn Proposal>> {
    let vocab = c.counts.len();
    Ok(match s.word("proposal")? {
        ProposalName::Uniform => Box::new(Uniform::new(vocab)?),
        ProposalName::LogUniform => Box::new(LogUniform::new(vocab)?),
        ProposalName::Unigram => Box::new(Unigram::new(c.counts, s.value("power")?)?),
    })
}

/// Reads blocks as `WORDSxSIZE` joined by `+`; the last WORDS may be `rest`.
fn blocks(s: &LayerKeys, c: &Shape) -> Result<Option<Blocks>> {
    let Some(text) = s.get("blocks") else { return Ok(None) };
    let bad = || -> Error { s.unreadable("blocks", text) };
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

//! From settings to layers.

use super::{Context, Settings};
use crate::error::{Error, Result};
use crate::layer::{
    Blocks, DifferentiatedSoftmax, FullSoftmax, HierarchicalSoftmax, NegativeSampling, OutputLayer, SampledSoftmax,
    TargetSampling,
};
use crate::sampler::{DistinctDraws, IndependentSet, LogUniform, Proposal, Sampler, Uniform, Unigram, WithReplacement};

type Built = Result<Box<dyn OutputLayer>>;

const COUNT: &str = "a whole number from 1";
const PROPOSALS: &str = "uniform, log-uniform or unigram";

pub fn full(_: &Settings, c: &Context) -> Built {
    Ok(Box::new(FullSoftmax::new(c.counts.len(), c.dim, c.bias)?))
}

pub fn hierarchical(s: &Settings, c: &Context) -> Built {
    Ok(Box::new(HierarchicalSoftmax::new(super::trees::tree(s, c)?, c.dim, c.bias)?))
}

pub fn differentiated(s: &Settings, c: &Context) -> Built {
    let blocks = blocks(s, c)?.unwrap_or_else(|| Blocks::slices(c.counts, c.dim));
    Ok(Box::new(DifferentiatedSoftmax::with_slices(&blocks, c.dim, c.bias)?))
}

pub fn differentiated_projected(s: &Settings, c: &Context) -> Built {
    let blocks = blocks(s, c)?.unwrap_or_else(|| Blocks::projections(c.counts, c.dim));
    Ok(Box::new(DifferentiatedSoftmax::with_projections(&blocks, c.dim, c.bias)?))
}

pub fn sampled(s: &Settings, c: &Context) -> Built {
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

pub fn target_sampled(s: &Settings, c: &Context) -> Built {
    let samples = s.parse("samples", (c.counts.len() / 4).max(1), COUNT)?;
    Ok(Box::new(TargetSampling::new(c.counts.len(), c.dim, samples, c.bias)?))
}

pub fn negative(s: &Settings, c: &Context) -> Built {
    let samples = s.parse("samples", 5, COUNT)?;
    let proposal = proposal(s, c, ["unigram", "log-uniform", "uniform"], 0.75)?;
    Ok(Box::new(NegativeSampling::new(WithReplacement::new(proposal, samples)?, c.dim, c.bias)?))
}

/// The proposal by name; the first of `names` without one.
fn proposal(s: &Settings, c: &Context, names: [&'static str; 3], power: f64) -> Result<Box<dyn Proposal>> {
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
fn blocks(s: &Settings, c: &Context) -> Result<Option<Blocks>> {
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

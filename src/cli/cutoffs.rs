//! `lexmax cutoffs`.

use crate::compare::Builder;
use crate::corpus::Corpus;
use crate::layer::{CutoffPlan, Cutoffs};
use crate::measure::cost_model;
use crate::{Error, Result};
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub struct Arguments {
    /// Training text, to count its words; one sentence a line.
    #[arg(long, num_args = 1.., value_name = "PATH", required = true)]
    corpus: Vec<PathBuf>,
    /// Least count of a word that is kept.
    #[arg(long, default_value_t = Builder::MIN_COUNT, value_name = "N", value_parser = super::natural::<u64>())]
    min_count: u64,
    /// Size of hidden vectors, and of the layer's word vectors.
    #[arg(long, default_value_t = CutoffPlan::DIM as u32, value_name = "D", value_parser = super::dim())]
    dim: u32,
    /// Examples in a batch.
    #[arg(
        long, default_value_t = CutoffPlan::BATCH as u32, value_name = "B",
        value_parser = super::whole::<u32>(1..=65_536)
    )]
    batch: u32,
    /// Most tails.
    #[arg(
        long, default_value = CutoffPlan::TAILS, value_name = "J",
        value_parser = super::whole::<u32>(0..=16)
    )]
    tails: u32,
    /// Factor that shortens the vectors from one tail to the next.
    #[arg(long, default_value = CutoffPlan::DIVISION, value_name = "X", value_parser = super::number::<f64>)]
    division: f64,
    /// Threads [default: all cores].
    #[arg(long, value_name = "T", value_parser = super::whole::<u32>(1..=1024))]
    threads: Option<u32>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let (batch, dim, division) = (arguments.batch as usize, arguments.dim as usize, arguments.division);
    if !(division >= 1.0 && division.is_finite()) {
        return Err(Error::OutOfRange { name: "division", value: division, limit: "1 or more, and finite" });
    }
    let (vocab, _) = Corpus::load(&arguments.corpus, arguments.min_count)?;
    let model = cost_model(batch, dim, super::threads(arguments.threads))?;
    let mut plan = CutoffPlan::new(dim);
    (plan.division, plan.batch, plan.tails) = (division, batch, arguments.tails as usize);
    let cutoffs = Cutoffs::best(vocab.counts(), &plan, &model);
    let bounds: Vec<String> = cutoffs.as_slice().iter().map(u32::to_string).collect();
    let name = match bounds.len() {
        0 => "full: no cut is faster".to_string(),
        _ => format!("adaptive:cutoffs={}:division={division}", bounds.join("+")),
    };
    super::print(&format!(
        "a call over k multiply-adds: {:.0} ns + {:.5} ns · max(0, k − {:.0})\n{} words: {name}\n",
        model.call_ns,
        model.ns_per_multiply_add,
        model.free_multiply_adds,
        vocab.len(),
    ))
}

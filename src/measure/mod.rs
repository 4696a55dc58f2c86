//! What this machine does: the time of one step of a layer, how it grows with the vocabulary, and the rate of plain
//! matrix products.

mod advise;
mod calls;
mod growth;
pub mod heap;
mod machine;
mod rig;
mod scale;
mod step;
mod timing;
mod trial;
mod vocabs;

pub use crate::machine::{cores, free_bytes, peak_bytes};
pub use advise::{Advice, AdviseConfig, Need, Verdict, advise};
pub use calls::cost_model;
pub use growth::{Crossover, Fit, Times, crossover};
pub use machine::{RunFacts, sgemm_gflops};
pub use rig::zipf;
pub use scale::{Event, POINT_SECONDS, Point, Scale, ScaleConfig, Skipped, scale};
pub use step::{StepConfig, StepReport, time_step};
pub use trial::{PASSES, STEP_SECONDS};
pub use vocabs::Vocabs;

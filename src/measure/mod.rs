//! Measurements of this machine: the time of one step of a layer, its growth with the vocabulary, and the rate of plain
//! matrix products.
//!
//! Memory is measured only if the program counts its allocations, as the binary `lexmax` does. Your own program counts
//! them with the crate `peak_alloc`, after
//! `#[global_allocator] static HEAP: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;`.

mod advise;
mod calls;
mod growth;
mod heap;
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
pub use machine::{RunFacts, peak_gflops, sgemm_gflops, vector_path};
pub use scale::{Event, POINT_SECONDS, Point, Scale, ScaleConfig, Skipped, scale};
pub use step::{StepConfig, StepReport, time_step, time_step_over};
#[cfg(feature = "cli")]
pub(crate) use trial::PASSES;
pub(crate) use trial::STEP_SECONDS;
pub use vocabs::Vocabs;

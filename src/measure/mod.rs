//! What this machine does: the time of one step of a layer, and the rate of plain matrix products.

mod machine;
mod step;

pub use machine::{peak_bytes, sgemm_gflops};
pub use step::{StepConfig, StepReport, time_step};

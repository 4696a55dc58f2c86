//! The laws of the house, over every line of the catalogue and over variants of its settings, beside naive layers in
//! f64 (`lexmax::check::reference`). A test that draws says its α: the chance that a right layer fails it, had its seed been
//! random.

#[path = "laws/batches.rs"]
mod batches;
#[path = "laws/cases.rs"]
mod cases;
#[path = "laws/cost.rs"]
mod cost;
#[path = "laws/descent.rs"]
mod descent;
#[path = "laws/distribution.rs"]
mod distribution;
#[path = "laws/encoder.rs"]
mod encoder;
#[path = "laws/enumeration.rs"]
mod enumeration;
#[path = "laws/fixed.rs"]
mod fixed;
#[path = "laws/gradients.rs"]
mod gradients;
#[path = "laws/loss.rs"]
mod loss;
#[path = "laws/names.rs"]
mod names;
#[path = "laws/rig.rs"]
mod rig;
#[path = "laws/sampling.rs"]
mod sampling;
#[path = "laws/statistics.rs"]
mod statistics;
#[path = "laws/tables.rs"]
mod tables;
#[path = "laws/verbs.rs"]
mod verbs;

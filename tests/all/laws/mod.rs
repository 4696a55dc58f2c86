//! The laws of the house, over every line of the catalogue and over variants of its settings, beside naive layers in
//! f64 (`lexmax::check::reference`). A test that draws says its α: the chance that a right layer fails it, had its seed been
//! random.

mod batches;
mod cases;
mod cost;
mod descent;
mod distribution;
#[cfg(feature = "text")]
mod encoder;
mod enumeration;
mod fixed;
mod gradients;
mod loss;
mod names;
mod rig;
mod sampling;
mod statistics;
mod tables;
mod verbs;

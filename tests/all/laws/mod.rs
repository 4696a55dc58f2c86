//! The laws that every layer obeys; `docs/laws.md` lists them. They are tested on every layer of the catalogue and on
//! variants of its settings, beside naive layers in f64 (`lexmax::check::reference`). A test that draws states its α:
//! the probability that a correct layer fails it with a random seed.

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
mod ranks;
mod rig;
mod sampling;
mod statistics;
mod tables;
mod verbs;

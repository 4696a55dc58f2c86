//! Exact likelihood of a model on held-out text, and its distance from the truth if that is known.

mod excess;
mod likelihood;

#[cfg(feature = "eval")]
pub(crate) use excess::Distributions;
pub use excess::{EXACT_VOCAB, excess_nats};
#[cfg(feature = "text")]
pub(crate) use likelihood::held_out_while;
pub use likelihood::{HeldOut, LnZ, held_out, held_out_by};

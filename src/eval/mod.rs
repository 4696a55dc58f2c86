//! What a model is worth: the exact likelihood of held-out text, and the distance from the truth.

mod excess;
mod likelihood;

pub use excess::{EXACT_VOCAB, excess_nats};
pub use likelihood::{HeldOut, LnZ, held_out};

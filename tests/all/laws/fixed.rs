//! A sampler whose draws the test chooses.

pub use lexmax::check::enumeration::Fixed;

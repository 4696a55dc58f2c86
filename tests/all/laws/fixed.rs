//! Samplers that draw what a test says.

pub use lexmax::check::enumeration::Fixed;

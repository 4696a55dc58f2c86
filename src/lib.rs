//! Output layers for large vocabularies.
#![forbid(unsafe_code)]

pub mod compare;
pub mod corpus;
pub mod encoder;
pub mod error;
pub mod eval;
pub mod layer;
pub mod math;
pub mod model;
pub mod objective;
pub mod optimizer;
pub mod report;
pub mod rng;
pub mod sampler;
pub mod simd;
pub mod table;
pub mod train;
pub mod tree;
pub mod vocab;

pub use error::{Error, Result};

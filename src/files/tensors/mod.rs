//! Files of named tensors, in the open [safetensors](https://github.com/huggingface/safetensors) format: written in parts, and
//! read without trust in what they say.

mod read;
mod write;

pub use read::Tensors;
pub use write::{Layout, Numbers};

/// A length that may be any, where a tensor of some shape is asked for.
pub const ANY: usize = usize::MAX;

/// A header of more bytes is refused.
const LONGEST_HEADER: u64 = 16 << 20;
/// Bytes that are moved at a time.
const PART: usize = 1 << 16;

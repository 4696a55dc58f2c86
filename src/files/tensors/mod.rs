//! Files of named tensors in the [safetensors](https://github.com/huggingface/safetensors) format. They are written in
//! parts, and read without trusting their content.

mod read;
mod write;

pub use read::Tensors;
pub use write::{Layout, Numbers};

/// A length of any value, in a requested tensor shape.
pub const ANY: usize = usize::MAX;

/// The maximum length of a header in bytes.
const LONGEST_HEADER: u64 = 16 << 20;
/// Bytes moved at a time.
const PART: usize = 1 << 16;

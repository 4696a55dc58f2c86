//! Files: compressed ones read as plain ones, and outputs that are there whole or not at all.

mod atomic;
mod compress;
mod open;
mod tensors;
mod zstd;

pub use atomic::{check_writable, create_atomically, sha256, stream_atomically, write_atomically};
pub use compress::{create_compressed, without_compression};
pub use open::{is_compressed, is_stdin, open};
pub use tensors::{ANY, Layout, Numbers, Tensors};

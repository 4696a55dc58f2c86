//! Files: compressed ones read as plain ones, and outputs that are there whole or not at all.

mod atomic;
mod open;
mod zstd;

pub use atomic::{check_writable, sha256, stream_atomically, write_atomically};
pub use open::{is_stdin, open};

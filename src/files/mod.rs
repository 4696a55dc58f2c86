//! Files: compressed ones read as plain ones, and outputs that are there whole or not at all.

mod atomic;
#[cfg(feature = "text")]
mod compress;
#[cfg(feature = "text")]
mod digest;
#[cfg(feature = "text")]
mod open;
mod tensors;
#[cfg(feature = "text")]
mod zstd;

pub use atomic::stream_atomically;
#[cfg(feature = "report")]
pub use atomic::write_atomically;
#[cfg(feature = "text")]
pub use atomic::{check_writable, create_atomically};
#[cfg(feature = "text")]
pub use compress::{create_compressed, without_compression};
#[cfg(feature = "text")]
pub use digest::sha256;
#[cfg(feature = "text")]
pub use open::{is_compressed, is_stdin, open};
pub use tensors::{ANY, Layout, Numbers, Tensors};

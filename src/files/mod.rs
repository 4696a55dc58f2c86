//! Files: compressed files read as plain ones, texts as UTF-8, and outputs that are written completely or not at all.

#[cfg(feature = "text")]
mod ahead;
#[cfg(feature = "text")]
mod apart;
#[cfg(feature = "text")]
mod decode;
#[cfg(feature = "text")]
mod digest;
mod disk;
#[cfg(feature = "text")]
mod foreign;
#[cfg(feature = "text")]
mod identity;
#[cfg(feature = "text")]
mod open;
mod output;
mod packing;
#[cfg(feature = "text")]
mod part;
mod place;
mod target;
mod temporary;
mod tensors;
#[cfg(feature = "text")]
mod text;
#[cfg(feature = "text")]
mod texts;
#[cfg(feature = "text")]
mod unpack;

#[cfg(feature = "text")]
pub use crate::error::shown::name;
#[cfg(feature = "text")]
pub use apart::Plan;
#[cfg(feature = "text")]
pub use digest::{sha256, sha256_of};
#[cfg(all(test, feature = "cli"))]
pub use disk::test::failing;
#[cfg(feature = "text")]
pub use disk::{OnDisk, on};
#[cfg(feature = "text")]
pub use foreign::{Foreign, not_vectors};
#[cfg(feature = "text")]
pub use open::{is_compressed, is_stdin, open};
pub use output::Output;
#[cfg(feature = "text")]
pub use packing::{packings, partial, refuse_endings, without_packing, without_partial};
#[cfg(feature = "text")]
pub use part::{Extent, Part, is_stream};
#[cfg(feature = "cli")]
pub use place::is_stdout;
#[cfg(feature = "text")]
pub use temporary::Temporary;
#[cfg(feature = "cli")]
pub use temporary::remove_temporaries;
pub use tensors::{ANY, Layout, Numbers, Tensors};
#[cfg(feature = "text")]
pub use text::{decoded, is_wide, text, text_with_half_letters, unmarked};
#[cfg(feature = "text")]
pub use texts::files;

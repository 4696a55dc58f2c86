//! Word vectors from a text, as word2vec trains them, through any layer of the catalogue.
//!
//! ```no_run
//! use lexmax::word2vec::{Preset, Word2Vec};
//!
//! # fn main() -> lexmax::Result<()> {
//! let vectors = Word2Vec::preset(Preset::Gensim).layer("hierarchical")?.train("text.txt")?;
//! # Ok(())
//! # }
//! ```
//!
//! [`Word2Vec`] collects [`Options`] over a [`Preset`]. [`Word2Vec::config`] resolves them to a [`Word2VecConfig`],
//! with every value filled in. [`Word2Vec::train`] returns vectors and model in plain memory. [`train()`] takes a
//! [`Word2VecConfig`] and returns [`Embeddings`], which write vectors straight from the tables of the trainer; `lexmax
//! train` does that. [`plan()`] estimates the memory, work and time of a run.

mod builder;
mod claims;
mod config;
mod facts;
mod options;
mod phrases;
mod plan;
mod preset;
mod ranks;
mod settings;
mod train;
mod trained;
mod trainee;
mod warm;

pub use crate::run::{Checkpoints, Closed, Control, Ended, Run, Subject, Valid};
pub use builder::Word2Vec;
#[cfg(feature = "cli")]
pub(crate) use claims::{claim_init, claims};
pub use config::Word2VecConfig;
pub use facts::{EpochEnd, Facts, Text, Watch};
pub use options::{Network, Options};
pub use phrases::PhraseOptions;
pub use plan::{Plan, plan};
pub use preset::{Defaults, Preset};
pub use train::{Embeddings, train, train_sentences};
pub use trained::Trained;
pub use warm::Warm;

//! The names that a program types most: `use lexmax::prelude::*;`.
//!
//! | name | for |
//! |---|---|
//! | [`Head`], [`Counts`], [`Optimizer`] | an output layer on hidden vectors of one's own |
//! | [`WordVectors`], [`Word2Vec`], [`Preset`] | word vectors: files of them, and training |
//! | [`OutputLayer`], [`LayerShape`], [`Batch`], [`Scratch`], [`Tables`], [`LayerExt`] | a layer of one's own |
//! | [`Duration`] | budgets |

pub use crate::head::Head;
pub use crate::layer::{Batch, LayerExt, LayerShape, OutputLayer, Scratch};
pub use crate::optimizer::Optimizer;
pub use crate::table::Tables;
pub use crate::vectors::WordVectors;
pub use crate::vocab::Counts;
pub use crate::word2vec::{Preset, Word2Vec};
pub use std::time::Duration;

//! Encoders: from contexts to the hidden vector, and back.

mod mean;

pub use mean::MeanEmbedding;

use crate::table::{Bags, TableShape, Tables};
use ndarray::{ArrayView2, ArrayViewMut2};

/// Turns the context words of a batch into hidden vectors.
pub trait Encoder: Send + Sync {
    /// The tables that the encoder needs.
    fn tables(&self) -> Vec<TableShape>;

    /// hidden (B×d) from B bags of context words.
    fn forward(&self, w: &mut Tables, contexts: Bags, hidden: ArrayViewMut2<f32>);

    /// Hands ∂L/∂W to the tables, given ∂L/∂hidden (B×d).
    fn backward(&self, w: &mut Tables, contexts: Bags, d_hidden: ArrayView2<f32>);
}

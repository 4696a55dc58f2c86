//! Initial parameters of a layer.

use crate::error::{InputFault, Result};
use crate::layer::{Bias, OutputLayer};
use crate::optimizer::Optimizer;
use crate::rng::WorkerRng;
use crate::table::Parameters;
use crate::vocab::Counts;

/// Creates the tables of a layer with their initial weights. Biases that start at the unigram model are set from
/// `counts`; without counts all biases are zero.
///
/// # Errors
/// A table does not fit in memory, its storage does not support the optimizer, or the layer returns a wrong number of
/// unigram biases.
pub fn set_up<P: Parameters>(
    layer: &dyn OutputLayer,
    counts: Option<&Counts>,
    optimizer: Optimizer,
    rng: &mut WorkerRng,
) -> Result<Vec<P>> {
    let shape = layer.shape();
    let tables = shape.tables.iter().map(|table| P::new(*table, optimizer, rng));
    let mut tables = tables.collect::<Result<Vec<_>>>()?;
    let (Bias::Unigram, Some(counts)) = (shape.bias, counts) else { return Ok(tables) };
    for ((table, biases), shape) in tables.iter_mut().zip(layer.unigram_biases(counts)).zip(&shape.tables) {
        if !shape.bias || biases.is_empty() {
            continue;
        }
        if biases.len() != shape.rows as usize {
            let (found, needed) = ([biases.len(), 1], [shape.rows as usize, 1]);
            return Err(InputFault::Shape { what: "unigram biases of a table", found, needed }.into());
        }
        table.set_bias(&biases);
    }
    Ok(tables)
}

//! Initial parameters of a layer.

use crate::error::{InputFault, Result};
use crate::layer::{Bias, LayerShape, OutputLayer};
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
    for (number, biases) in unigram_biases(layer, &shape, counts)? {
        tables[number].set_bias(&biases);
    }
    Ok(tables)
}

/// The starting biases of the tables that have any, with the numbers of the tables.
pub fn unigram_biases(
    layer: &dyn OutputLayer,
    shape: &LayerShape,
    counts: Option<&Counts>,
) -> Result<Vec<(usize, Vec<f32>)>> {
    let (Bias::Unigram, Some(counts)) = (shape.bias, counts) else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for (number, (biases, table)) in layer.unigram_biases(counts).into_iter().zip(&shape.tables).enumerate() {
        if !table.bias || biases.is_empty() {
            continue;
        }
        if biases.len() != table.rows as usize {
            let (found, needed) = ([biases.len(), 1], [table.rows as usize, 1]);
            return Err(InputFault::Shape { what: "unigram biases of a table", found, needed }.into());
        }
        all.push((number, biases));
    }
    Ok(all)
}

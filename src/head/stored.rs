//! The tensors of an output layer in a file: counts, tree, and the state of an adaptive proposal. Files of heads and of
//! models share them.

use crate::error::{Error, ModelFault, Result};
use crate::files::{Layout, Numbers, Tensors};
use crate::layer::OutputLayer;
use crate::tree::Tree;
use crate::vocab::Counts;
use ndarray::{Array2, CowArray, Ix2};
use safetensors::Dtype;
use std::io::{self, Read, Seek};

/// The counts, in falling order: U64 \[V\].
pub const COUNTS: &str = "vocab.counts";
/// The decision above each word, `node << 1 | code`: U32 \[V\].
pub const LEAVES: &str = "tree.leaves";
/// The decision above each decision: U32 \[V − 1\].
pub const NODES: &str = "tree.nodes";

/// Returns the name of a tensor of the state of a proposal.
pub fn proposal(number: usize) -> String {
    format!("proposal.{number}")
}

/// Checks the counts of a file.
///
/// # Errors
/// [`ModelFault::Counts`].
pub fn counts<R: Read + Seek>(file: &Tensors<R>, counts: Vec<u64>) -> Result<Counts> {
    Counts::new(counts).map_err(|source| file.fault(ModelFault::Counts { source: Box::new(source) }))
}

/// Adds the tensors of a tree to the layout.
pub fn push_tree(layout: &mut Layout, tree: &Tree) {
    layout.push(LEAVES.into(), Dtype::U32, vec![tree.vocab()]);
    layout.push(NODES.into(), Dtype::U32, vec![tree.nodes()]);
}

/// Writes the tensors of a tree.
///
/// # Errors
/// The errors of the writer.
pub fn write_tree(tree: &Tree, out: &mut Numbers) -> io::Result<()> {
    tree.links().iter().flatten().try_for_each(|link| out.push(&link.to_le_bytes()))
}

/// Reads the tree over `vocab` words.
///
/// # Errors
/// The errors of the reader, and [`Error::ModelFile`].
pub fn read_tree<R: Read + Seek>(file: &mut Tensors<R>, vocab: usize) -> Result<Tree> {
    let (leaves, nodes) = (file.u32s(LEAVES, vocab)?, file.u32s(NODES, vocab.saturating_sub(1))?);
    Tree::from_raw_links(leaves, nodes).map_err(|fault| file.fault(ModelFault::Tree { fault }))
}

/// Returns the state of the layer's adaptive proposal; empty for layers without one.
pub fn state(layer: &dyn OutputLayer) -> Vec<CowArray<'_, f32, Ix2>> {
    layer.adaptive().map_or_else(Vec::new, |proposal| proposal.state())
}

/// Rejects a proposal whose state has numbers that are not finite.
///
/// # Errors
/// [`Error::NotFinite`] for the first such number.
pub fn check_state(state: &[CowArray<'_, f32, Ix2>]) -> Result<()> {
    for (number, seen) in state.iter().enumerate() {
        if let Some(((row, _), value)) = seen.indexed_iter().find(|(_, value)| !value.is_finite()) {
            return Err(Error::NotFinite { table: proposal(number), row: row as u32, value: *value });
        }
    }
    Ok(())
}

/// Adds the tensors of a proposal to the layout.
pub fn push_state(layout: &mut Layout, state: &[CowArray<'_, f32, Ix2>]) {
    for (number, seen) in state.iter().enumerate() {
        layout.push(proposal(number), Dtype::F32, seen.shape().to_vec());
    }
}

/// Writes the tensors of a proposal.
///
/// # Errors
/// The errors of the writer.
pub fn write_state(state: &[CowArray<'_, f32, Ix2>], out: &mut Numbers) -> io::Result<()> {
    state.iter().flatten().try_for_each(|value| out.push(&value.to_le_bytes()))
}

/// Reads the state of a layer's proposal.
///
/// # Errors
/// The errors of the reader, and [`Error::ModelFile`].
pub fn read_state<R: Read + Seek>(file: &mut Tensors<R>, layer: &dyn OutputLayer) -> Result<Vec<Array2<f32>>> {
    let shapes: Vec<[usize; 2]> = state(layer).iter().map(|seen| seen.dim().into()).collect();
    let mut all = Vec::with_capacity(shapes.len());
    for (number, shape) in shapes.into_iter().enumerate() {
        let mut seen = Array2::zeros(shape);
        file.rows(&proposal(number), &shape, f32::MIN, |row, values| {
            seen.row_mut(row).iter_mut().zip(values).for_each(|(to, from)| *to = *from);
        })?;
        all.push(seen);
    }
    Ok(all)
}

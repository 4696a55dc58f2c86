//! The start of a run from vectors or from a model with another vocabulary.

use crate::error::{Error, InitFault, Result};
use crate::model::{Model, ModelOver, ModelReader, Side};
use crate::table::stored::Stored;
use crate::table::{Matrix, TableShape};
use crate::vectors::{self, Loaded, OnBad, PassedOver, ReadOptions};
use crate::vocab::{Vocabulary, WordId};
use serde::Serialize;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// Parts of earlier vectors or of a model that a run took over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Warm {
    /// Words of the text with a vector in the file.
    pub copied: usize,
    /// Words of the text without a vector in the file; they start as usual.
    pub new: usize,
    /// Words of the file that are not in the text and were left out.
    pub left_out: usize,
    /// Tables of the output layer that were taken over, and all its tables.
    pub layer_tables: [usize; 2],
    /// Entries of the vector file that were skipped.
    #[serde(skip_serializing_if = "PassedOver::is_empty")]
    pub passed_over: PassedOver,
}

/// Takes over parameters from a file of vectors or of a model.
///
/// The vocabulary is that of the text, with its counts; trees, classes and proposals are made from it as always. Rows
/// of known words are copied. These are their vectors and, from a model of the same layer whose table has one row per
/// word, their output rows and biases.
///
/// All other parameters of the layer (inner nodes of a tree, classes, projections) belong to all words together. They
/// are copied only if words, counts and tree are the same; otherwise they start as usual. The hidden layer of an n-gram
/// model is copied if its shape is the same.
///
/// # Errors
/// A file that cannot be read, that has another size of vectors, or that has no word in common.
pub(super) fn start<M: Stored>(
    model: &mut ModelOver<M>,
    vocab: &Vocabulary,
    layer: &str,
    (path, on_bad): (&Path, OnBad),
) -> Result<Warm> {
    let mut magic = [0; 9];
    let mut file = BufReader::new(File::open(path).map_err(Error::io(path))?);
    let read = file.read(&mut magic).map_err(Error::io(path))?;
    // A safetensors file has a brace behind the length of its header; a count of words does not look like this.
    if read == magic.len() && magic[8] == b'{' && magic[7] == 0 {
        let (architecture, words, old) =
            ModelReader::open(BufReader::new(File::open(path).map_err(Error::io(path))?), path)?.read()?;
        return from_model(model, vocab, (&words, &old), layer == architecture.layer.to_string(), path);
    }
    from_vectors(model, vocab, path, on_bad)
}

fn from_vectors<M: Stored>(model: &mut ModelOver<M>, vocab: &Vocabulary, path: &Path, on_bad: OnBad) -> Result<Warm> {
    let options = ReadOptions { on_bad, ..ReadOptions::default() };
    let Loaded { vectors: old, passed_over } = vectors::read(path, &options)?;
    check_dim(model, old.dim(), path)?;
    let table = &mut model.tables_mut(Side::Encoder)[0];
    let mut copied = 0;
    for word in 0..vocab.len() as WordId {
        if let Some(number) = old.id(vocab.word(word)) {
            table.write_row(word, old.vector(number));
            copied += 1;
        }
    }
    let warm = warm(copied, vocab.len(), old.len(), [0, model.tables(Side::Layer).len()], path)?;
    Ok(Warm { passed_over, ..warm })
}

fn check_dim<M: Stored>(model: &ModelOver<M>, found: usize, path: &Path) -> Result<()> {
    let needed = model.tables(Side::Encoder)[0].shape().dim;
    if found == needed {
        Ok(())
    } else {
        Err(Error::Init { path: path.into(), fault: InitFault::OtherDim { found, needed } })
    }
}

fn warm(copied: usize, words: usize, old: usize, layer_tables: [usize; 2], path: &Path) -> Result<Warm> {
    if copied == 0 {
        return Err(Error::Init { path: path.into(), fault: InitFault::NothingInCommon { words: old } });
    }
    let passed_over = PassedOver::default();
    Ok(Warm { copied, new: words - copied, left_out: old - copied, layer_tables, passed_over })
}

fn from_model<M: Stored>(
    model: &mut ModelOver<M>,
    vocab: &Vocabulary,
    (words, old): (&Vocabulary, &Model),
    same_layer: bool,
    path: &Path,
) -> Result<Warm> {
    check_dim(model, old.encoder_tables()[0].shape().dim, path)?;
    let known: Vec<(WordId, WordId)> =
        (0..vocab.len() as WordId).filter_map(|word| Some((word, words.id(vocab.word(word))?))).collect();
    let same_words = known.len() == vocab.len()
        && known.iter().all(|(word, id)| word == id)
        && vocab.counts().as_slice() == words.counts().as_slice();
    let one_each = known.iter().copied();
    for number in 0..model.tables(Side::Encoder).len() {
        let shape = model.tables(Side::Encoder)[number].shape();
        let Some(from) = old.encoder_tables().get(number) else { break };
        if number == 0 {
            let padding = (shape.rows as usize > vocab.len() && from.shape().rows as usize > words.len())
                .then_some((vocab.len() as WordId, words.len() as WordId));
            copy(model, Side::Encoder, number, from, one_each.clone().chain(padding));
        } else if same_shape(&shape, &from.shape()) {
            copy(model, Side::Encoder, number, from, (0..shape.rows).map(|row| (row, row)));
        }
    }
    let shapes: Vec<TableShape> = model.tables(Side::Layer).iter().map(|t| t.shape()).collect();
    let same_tree = model.layer().tree() == old.layer().tree();
    let mut taken = 0;
    for (number, shape) in shapes.iter().enumerate() {
        let Some(from) = old.layer_tables().get(number).filter(|_| same_layer) else { continue };
        let a_row_a_word = shapes.len() == 1
            && shape.rows as usize == vocab.len()
            && from.shape().rows as usize == words.len()
            && (shape.dim, shape.bias) == (from.shape().dim, from.shape().bias);
        if same_words && same_tree && same_shape(shape, &from.shape()) {
            copy(model, Side::Layer, number, from, (0..shape.rows).map(|row| (row, row)));
        } else if a_row_a_word {
            copy(model, Side::Layer, number, from, one_each.clone());
        } else {
            continue;
        }
        taken += 1;
    }
    warm(known.len(), vocab.len(), words.len(), [taken, shapes.len()], path)
}

fn same_shape(a: &TableShape, b: &TableShape) -> bool {
    (a.rows, a.dim, a.bias) == (b.rows, b.dim, b.bias)
}

/// Copies rows with their biases. `rows` are pairs of the destination row and the source row.
fn copy<M: Stored>(
    model: &mut ModelOver<M>,
    side: Side,
    number: usize,
    from: &Matrix,
    rows: impl Iterator<Item = (u32, u32)>,
) {
    let table = &mut model.tables_mut(side)[number];
    let mut bias = table.biases();
    for (to, row) in rows {
        table.write_row(to, from.row(row));
        if let (Some(to), Some(from)) = (bias.get_mut(to as usize), from.bias().get(row as usize)) {
            *to = *from;
        }
    }
    table.set_biases(&bias);
}

//! Sizes of a layer and of its tables.

use crate::layer::Bias;
use crate::table::{Init, TableShape};
use crate::vocab::{Counts, WordId};

/// The vocabulary size, the size of hidden vectors, and the tables of a layer.
///
/// ```
/// use lexmax::layer::{Bias, LayerShape};
///
/// // One table with a row per word.
/// let flat = LayerShape::flat(10_000, 64, Bias::Unigram);
/// assert_eq!((flat.tables.len(), flat.tables[0].rows), (1, 10_000));
/// // Two tables: a row per class, and a row per word.
/// let classes = LayerShape::new(10_000, 64, Bias::Zero).with_rows(100, 64).with_rows(10_000, 64);
/// assert!(classes.tables.iter().all(|table| table.bias));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LayerShape {
    /// Number of words, V.
    pub vocab: usize,
    /// Size of the hidden vector, d.
    pub dim: usize,
    /// Whether there are biases, and their starting values.
    pub bias: Bias,
    /// The tables, in the order of their numbers in [`Tables`](crate::table::Tables).
    pub tables: Vec<TableShape>,
    /// Numbers of the tables that are projections of the hidden vector: they stay whole where the other tables are
    /// divided among ranks ([`Divisions`](crate::layer::Divisions)).
    pub projections: Vec<usize>,
    /// Whether a word may have the probability 0, so that its ln P is −∞.
    pub gives_zeros: bool,
    /// Whether a step accepts a [`Batch::block`](crate::layer::Batch::block).
    pub takes_blocks: bool,
}

impl LayerShape {
    /// Creates the shape of a layer over `vocab` words and hidden vectors of size `dim`, without tables.
    pub fn new(vocab: usize, dim: usize, bias: Bias) -> Self {
        let (tables, projections) = (Vec::new(), Vec::new());
        Self { vocab, dim, bias, tables, projections, gives_zeros: false, takes_blocks: false }
    }

    /// Creates the shape of a layer with one table. The table has a row of size `dim` per word, and a bias per word
    /// unless `bias` is [`Bias::None`]. If there are more words than ids ([`WordId`]), the table has 2³² − 1 rows.
    pub fn flat(vocab: usize, dim: usize, bias: Bias) -> Self {
        Self::new(vocab, dim, bias).with_rows(u32::try_from(vocab).unwrap_or(u32::MAX), dim)
    }

    /// Adds a table of `rows` rows of size `dim` that start at zero. The table has biases if the layer has them.
    pub fn with_rows(self, rows: u32, dim: usize) -> Self {
        let bias = self.bias != Bias::None;
        self.with_table(TableShape { rows, dim, bias, init: Init::Zero })
    }

    /// Adds a table.
    pub fn with_table(mut self, table: TableShape) -> Self {
        self.tables.push(table);
        self
    }

    /// Adds a table that projects the hidden vector.
    pub fn with_projection(mut self, table: TableShape) -> Self {
        self.projections.push(self.tables.len());
        self.with_table(table)
    }

    /// Declares that a word may have the probability 0.
    pub fn giving_zeros(self) -> Self {
        Self { gives_zeros: true, ..self }
    }

    /// Declares that a step accepts a [`Batch::block`](crate::layer::Batch::block).
    pub fn taking_blocks(self) -> Self {
        Self { takes_blocks: true, ..self }
    }

    /// The default of [`OutputLayer::unigram_biases`](crate::layer::OutputLayer::unigram_biases).
    pub(in crate::layer) fn unigram_biases(&self, counts: &Counts) -> Vec<Vec<f32>> {
        match self.tables[..] {
            [table] if table.bias && table.rows as usize == self.vocab => {
                vec![(0..table.rows as WordId).map(|word| counts.ln_probability(word) as f32).collect()]
            }
            _ => vec![Vec::new(); self.tables.len()],
        }
    }
}

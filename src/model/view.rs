//! A model that is only read, whatever stores its parameters.

use super::{Model, ModelOver, Side};
use crate::encoder::Encoder;
use crate::error::{Divergence, Result};
use crate::layer::{Divisions, OutputLayer};
use crate::table::stored::{self, Stored};
use crate::table::{Matrix, TableShape};
use std::any::Any;
use std::fmt;

/// A model during training, for code that only reads it: a [`Model`](super::Model) or a
/// [`SharedModel`](super::SharedModel).
#[derive(Clone, Copy)]
pub struct ModelView<'a>(&'a dyn AnyModel);

/// A model over any storage.
trait AnyModel {
    fn encoder(&self) -> &dyn Encoder;
    fn layer(&self) -> &dyn OutputLayer;
    fn len(&self, side: Side) -> usize;
    fn table(&self, side: Side, number: usize) -> &dyn Stored;
    fn plain(&self) -> Option<&Model>;
    fn divisions(&self) -> &Divisions;
}

impl<M: Stored> AnyModel for ModelOver<M> {
    fn encoder(&self) -> &dyn Encoder {
        self.encoder()
    }

    fn layer(&self) -> &dyn OutputLayer {
        self.layer()
    }

    fn len(&self, side: Side) -> usize {
        self.tables(side).len()
    }

    fn table(&self, side: Side, number: usize) -> &dyn Stored {
        &self.tables(side)[number]
    }

    fn plain(&self) -> Option<&Model> {
        (self as &dyn Any).downcast_ref()
    }

    fn divisions(&self) -> &Divisions {
        &self.divisions
    }
}

impl<'a, M: Stored> From<&'a ModelOver<M>> for ModelView<'a> {
    fn from(model: &'a ModelOver<M>) -> Self {
        Self(model)
    }
}

impl fmt::Debug for ModelView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("ModelView").field("encoder", &self.encoder()).field("layer", &self.layer()).finish()
    }
}

impl<'a> ModelView<'a> {
    /// Returns the encoder.
    pub fn encoder(self) -> &'a dyn Encoder {
        self.0.encoder()
    }

    /// Returns the output layer.
    pub fn layer(self) -> &'a dyn OutputLayer {
        self.0.layer()
    }

    pub(crate) fn tables(self, side: Side) -> impl Iterator<Item = &'a dyn Stored> {
        (0..self.0.len(side)).map(move |number| self.0.table(side, number))
    }

    /// The division of the layer's tables among ranks.
    pub(crate) fn divisions(self) -> &'a Divisions {
        self.0.divisions()
    }

    /// Returns the shapes of the tables of one side.
    pub fn shapes(self, side: Side) -> Vec<TableShape> {
        self.tables(side).map(Stored::shape).collect()
    }

    /// Copies a row of the encoder's first table, the word vectors. `out` has the size of a word vector.
    ///
    /// # Panics
    /// If there is no such row, or `out` has another length.
    pub fn read_embedding(self, row: u32, out: &mut [f32]) {
        self.0.table(Side::Encoder, 0).read(row, out);
    }

    /// Returns the model itself if its parameters are in plain matrices, which can be read in place.
    pub fn plain(self) -> Option<&'a Model> {
        self.0.plain()
    }

    /// Returns a copy of the parameters of one side.
    ///
    /// # Errors
    /// A copy that does not fit in memory.
    pub fn copy(self, side: Side) -> Result<Vec<Matrix>> {
        self.tables(side).map(Stored::to_matrix).collect()
    }

    /// Whether no parameter is infinite or NaN.
    pub fn is_finite(self) -> bool {
        self.not_finite().is_none()
    }

    /// Returns the first parameter that is infinite or NaN.
    pub fn not_finite(self) -> Option<Divergence> {
        let tables = |side| self.tables(side).enumerate().map(move |(number, table)| (side, number, table));
        tables(Side::Encoder).chain(tables(Side::Layer)).find_map(|(side, number, table)| {
            let (row, value) = stored::not_finite(table)?;
            Some(Divergence::Parameter { table: side.table(number), row, value })
        })
    }
}

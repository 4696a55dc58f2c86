//! A model whose parameters several workers train at once.

use super::{Handles, Model, ModelOver, parameters};
use crate::encoder::Encoder;
use crate::error::Result;
use crate::layer::{Divisions, OutputLayer};
use crate::optimizer::Optimizer;
use crate::table::{CachedRows, Shared, SharedMatrix, Table, Tables};
use crate::vocab::Counts;

/// Encoder, layer and parameters that several workers share.
pub type SharedModel = ModelOver<SharedMatrix>;

impl SharedModel {
    /// Creates a model at the start of training, in place. The same seed gives the same entries as [`Model::new`].
    ///
    /// # Errors
    /// Parameters that do not fit in memory.
    pub fn new(encoder: Box<dyn Encoder>, layer: Box<dyn OutputLayer>, counts: &Counts, seed: u64) -> Result<Self> {
        let [encoder_tables, layer_tables] = parameters(&*encoder, &*layer, counts, Optimizer::Sgd, seed)?;
        Ok(Self { encoder, layer, encoder_tables, layer_tables, divisions: Divisions::default() })
    }

    /// Converts a model, one table after the other.
    ///
    /// # Errors
    /// An optimizer other than plain SGD, a model that is divided among ranks, and a table that does not fit in memory
    /// a second time.
    pub fn from_model(model: Model) -> Result<Self> {
        let Model { encoder, layer, encoder_tables, layer_tables, divisions } = model;
        divisions.check_whole("shared by workers")?;
        let shared =
            |tables: Vec<_>| tables.into_iter().map(|t| SharedMatrix::from_matrix(&t)).collect::<Result<Vec<_>>>();
        let [encoder_tables, layer_tables] = [shared(encoder_tables)?, shared(layer_tables)?];
        Ok(Self { encoder, layer, encoder_tables, layer_tables, divisions })
    }

    /// Converts to a model with plain parameters, one table after the other.
    ///
    /// # Errors
    /// A table that does not fit in memory a second time.
    pub fn into_model(self) -> Result<Model> {
        let plain = |tables: Vec<SharedMatrix>| tables.into_iter().map(|t| t.to_matrix()).collect::<Result<Vec<_>>>();
        Ok(Model {
            encoder: self.encoder,
            layer: self.layer,
            encoder_tables: plain(self.encoder_tables)?,
            layer_tables: plain(self.layer_tables)?,
            divisions: self.divisions,
        })
    }

    /// Returns the handles of one of `workers` workers. The worker exchanges cached rows after `period` of its own
    /// updates: see [`Shared::new`].
    pub fn handles(&self, rate: f32, cached: CachedRows, workers: usize, period: usize) -> Handles<'_> {
        self.handles_caching(rate, [cached; 2], workers, period)
    }

    /// Returns handles with separate numbers of cached rows for the encoder's and for the layer's tables.
    pub(crate) fn handles_caching(
        &self,
        rate: f32,
        [encoder, layer]: [CachedRows; 2],
        workers: usize,
        period: usize,
    ) -> Handles<'_> {
        let handles = |matrices, cached| Tables::new(shared(matrices, rate, cached, workers, period));
        Handles { encoder: handles(&self.encoder_tables, encoder), layer: handles(&self.layer_tables, layer) }
    }

    /// Lets an adaptive proposal of the layer look at the weights. The exclusive reference guarantees that no worker
    /// runs.
    pub fn refresh(&mut self) {
        if let Some(proposal) = self.layer.adaptive_mut() {
            proposal.refresh(&mut Tables::new(shared(&self.layer_tables, 0.0, CachedRows::First(0), 1, 1)));
        }
    }
}

fn shared<'a>(
    matrices: &'a [SharedMatrix],
    rate: f32,
    cached: CachedRows,
    workers: usize,
    period: usize,
) -> Vec<Box<dyn Table + 'a>> {
    let handle = |matrix| -> Box<dyn Table + 'a> { Box::new(Shared::new(matrix, rate, cached, workers, period)) };
    matrices.iter().map(handle).collect()
}

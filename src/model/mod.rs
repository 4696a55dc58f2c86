//! A model: an encoder, an output layer, and the matrices of both.

mod architecture;
mod encoding;
mod file;
mod predict;
mod reading;
mod shared;
mod view;

pub use crate::encoder::{BagGradient, Encoder, MeanEmbedding, NGram};
pub use architecture::Architecture;
pub use encoding::{Encoding, ModelKind};
pub use file::{ModelReader, ModelWriter, Side};
pub use predict::{Prediction, Predictor};
pub use reading::Reading;
pub use shared::SharedModel;
pub use view::ModelView;

use crate::error::{Error, Result};
use crate::layer::{Divisions, LayerExt, OutputLayer, set_up};
use crate::optimizer::Optimizer;
use crate::peers::Team;
use crate::rng::WorkerRng;
use crate::table::{Deferred, Frozen, Matrix, Online, Parameters, Table, TableShape, Tables, Threads};
use crate::vocab::Counts;
use ndarray::Array2;
use std::fmt;

/// The largest size of word vectors and hidden vectors that runs and commands accept.
pub(crate) const MOST_DIM: usize = 16_384;

/// Encoder, layer and parameters in matrices of type `M`: [`Model`] and [`SharedModel`].
pub struct ModelOver<M> {
    encoder: Box<dyn Encoder>,
    layer: Box<dyn OutputLayer>,
    encoder_tables: Vec<M>,
    layer_tables: Vec<M>,
    /// The division of the layer's tables among ranks. The encoder's are whole on every rank.
    divisions: Divisions,
}

/// Encoder, layer and parameters in plain matrices.
pub type Model = ModelOver<Matrix>;

impl<M> fmt::Debug for ModelOver<M> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Model").field("encoder", &self.encoder).field("layer", &self.layer).finish_non_exhaustive()
    }
}

impl<M> ModelOver<M> {
    /// Restores the state of the layer's adaptive proposal, if it has one.
    pub(crate) fn restore_proposal(&mut self, state: Vec<Array2<f32>>) -> Result<()> {
        self.layer.adaptive_mut().map_or(Ok(()), |proposal| proposal.restore(state))
    }

    /// Returns the encoder.
    pub fn encoder(&self) -> &dyn Encoder {
        &*self.encoder
    }

    /// Returns the output layer.
    pub fn layer(&self) -> &dyn OutputLayer {
        &*self.layer
    }

    /// Returns the encoder's parameters, the embeddings first.
    pub fn encoder_tables(&self) -> &[M] {
        &self.encoder_tables
    }

    /// Returns the layer's parameters, in the order of its `tables()`. In a model that is divided among ranks these are
    /// this rank's rows.
    pub fn layer_tables(&self) -> &[M] {
        &self.layer_tables
    }

    pub(crate) fn tables(&self, side: Side) -> &[M] {
        match side {
            Side::Encoder => &self.encoder_tables,
            Side::Layer => &self.layer_tables,
        }
    }

    pub(crate) fn tables_mut(&mut self, side: Side) -> &mut [M] {
        match side {
            Side::Encoder => &mut self.encoder_tables,
            Side::Layer => &mut self.layer_tables,
        }
    }
}

/// Handles on all parameters of a model, for one worker.
#[derive(Debug)]
pub struct Handles<'a> {
    /// The encoder's tables.
    pub encoder: Tables<'a>,
    /// The layer's tables.
    pub layer: Tables<'a>,
}

impl<'a> Handles<'a> {
    /// Handles that only read.
    pub fn frozen(encoder: &'a [Matrix], layer: &'a [Matrix], threads: &Threads) -> Self {
        Self { encoder: Tables::new(frozen(encoder, threads)), layer: Tables::new(frozen(layer, threads)) }
    }
}

/// Time at which updates take effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Updates {
    /// At once, with every verb: for examples one by one.
    Online,
    /// At the end of a mini-batch.
    Deferred,
}

/// Streams of random numbers. They are separate, so that the initial embeddings do not depend on the layer.
const ENCODER_STREAM: u64 = 1;
const LAYER_STREAM: u64 = 2;

impl Model {
    /// Creates a model at the start of training. The same seed gives the same embeddings for every layer.
    ///
    /// # Errors
    /// Parameters that do not fit in memory.
    pub fn new(
        encoder: Box<dyn Encoder>,
        layer: Box<dyn OutputLayer>,
        counts: &Counts,
        optimizer: Optimizer,
        seed: u64,
    ) -> Result<Self> {
        Self::over(encoder, layer, counts, optimizer, seed, &Team::default())
    }

    /// Creates a model at the start of training whose layer is divided among the ranks of a team: each rank holds its
    /// rows of the layer's tables, and the whole encoder. All ranks pass the same arguments, and then take the same
    /// steps with the same examples: see [`Divisions`]. The numbers are those of [`Model::new`].
    ///
    /// # Errors
    /// The rows of this rank do not fit in memory.
    pub fn over(
        encoder: Box<dyn Encoder>,
        layer: Box<dyn OutputLayer>,
        counts: &Counts,
        optimizer: Optimizer,
        seed: u64,
        team: &Team,
    ) -> Result<Self> {
        let divisions = Divisions::new(&*layer, team);
        let own =
            |(number, shape): (usize, &TableShape)| divisions.of_table(number).map_or(*shape, |d| d.shape(*shape));
        let of_layer: Vec<_> = layer.tables().iter().enumerate().map(own).collect();
        check_memory(encoder.tables().iter().chain(&of_layer), optimizer)?;
        let encoder_tables = of_encoder(&*encoder, optimizer, seed)?;
        let layer_tables =
            divisions.set_up(&*layer, Some(counts), optimizer, &mut WorkerRng::new(seed, LAYER_STREAM))?;
        Ok(Self { encoder, layer, encoder_tables, layer_tables, divisions })
    }

    /// The division of the layer's tables among ranks.
    pub fn divisions(&self) -> &Divisions {
        &self.divisions
    }

    /// Drops the optimizer's state.
    pub(crate) fn drop_state(&mut self) {
        self.encoder_tables.iter_mut().chain(&mut self.layer_tables).for_each(Matrix::drop_state);
    }

    /// Handles that only read.
    pub fn frozen(&self, threads: &Threads) -> Handles<'_> {
        let handle = |(number, m)| self.divisions.handle(number, Frozen::new(m, threads.clone()));
        let layer = self.layer_tables.iter().enumerate().map(handle).collect();
        Handles { encoder: Tables::new(frozen(&self.encoder_tables, threads)), layer: Tables::new(layer) }
    }

    /// Returns the parts of the model with handles that train it. They are for the one worker that owns the model.
    pub fn trainable(&mut self, updates: Updates, rate: f32, threads: &Threads) -> Trainable<'_> {
        let Self { encoder, layer, encoder_tables, layer_tables, divisions } = self;
        let handles = Handles {
            encoder: Tables::new(exclusive(encoder_tables, &Divisions::default(), updates, rate, threads)),
            layer: Tables::new(exclusive(layer_tables, divisions, updates, rate, threads)),
        };
        Trainable { encoder: &**encoder, layer: &mut **layer, handles }
    }
}

/// Initial parameters of an encoder and of a layer.
fn parameters<P: Parameters>(
    encoder: &dyn Encoder,
    layer: &dyn OutputLayer,
    counts: &Counts,
    optimizer: Optimizer,
    seed: u64,
) -> Result<[Vec<P>; 2]> {
    let of_encoder = of_encoder(encoder, optimizer, seed)?;
    Ok([of_encoder, set_up(layer, Some(counts), optimizer, &mut WorkerRng::new(seed, LAYER_STREAM))?])
}

/// Initial parameters of an encoder.
fn of_encoder<P: Parameters>(encoder: &dyn Encoder, optimizer: Optimizer, seed: u64) -> Result<Vec<P>> {
    let mut rng = WorkerRng::new(seed, ENCODER_STREAM);
    encoder.tables().into_iter().map(|shape| P::new(shape, optimizer, &mut rng)).collect()
}

/// Refuses parameters that do not fit in memory together, before any memory is used.
fn check_memory<'a>(shapes: impl Iterator<Item = &'a TableShape>, optimizer: Optimizer) -> Result<()> {
    let copies = 1 + usize::from(optimizer.initial_state().is_some());
    let entries = |s: &TableShape| (s.rows as usize).saturating_mul(s.dim.saturating_add(usize::from(s.bias)));
    let (mut sum, mut largest) = (0usize, (0, 0, 0));
    for shape in shapes {
        sum = sum.saturating_add(entries(shape).saturating_mul(copies));
        largest = largest.max((entries(shape), shape.rows as usize, shape.dim));
    }
    let (_, rows, dim) = largest;
    Vec::<f32>::new().try_reserve_exact(sum).map_err(|_| Error::TooLarge { rows, dim })
}

/// A model during training.
#[derive(Debug)]
pub struct Trainable<'a> {
    /// The encoder.
    pub encoder: &'a dyn Encoder,
    /// The output layer.
    pub layer: &'a mut dyn OutputLayer,
    /// The parameters of both.
    pub handles: Handles<'a>,
}

fn frozen<'a>(matrices: &'a [Matrix], threads: &Threads) -> Vec<Box<dyn Table + 'a>> {
    let handle = |m: &'a Matrix| -> Box<dyn Table + 'a> { Box::new(Frozen::new(m, threads.clone())) };
    matrices.iter().map(handle).collect()
}

fn exclusive<'a>(
    matrices: &'a mut [Matrix],
    divisions: &Divisions,
    updates: Updates,
    rate: f32,
    threads: &Threads,
) -> Vec<Box<dyn Table + 'a>> {
    let handle = |(number, m): (usize, &'a mut Matrix)| match updates {
        Updates::Online => divisions.handle(number, Online::new(m, rate, threads.clone())),
        Updates::Deferred => divisions.handle(number, Deferred::new(m, rate, threads.clone())),
    };
    matrices.iter_mut().enumerate().map(handle).collect()
}

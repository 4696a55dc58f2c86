//! Files of heads.
//!
//! The file is a [safetensors](https://github.com/huggingface/safetensors) file. Its metadata has one entry, `head`:
//! JSON with the layer's name, its sizes, the optimizer, the rate and the random numbers. The tensors have the same
//! names as the tensors of the output layer in a model's file, so [`Head::load`] reads the layer of a model too:
//!
//! | tensor | is |
//! |---|---|
//! | `vocab.counts`, U64 \[V\] | the counts, in falling order |
//! | `tree.leaves`, U32 \[V\]; `tree.nodes`, U32 \[V − 1\] | the tree of a layer that decides along one |
//! | `layer.N.weight`, `layer.N.bias`, `….adagrad` | the tables |
//! | `proposal.N`, F32 \[rows, dim\] | the state of a proposal that depends on the weights |
//! | `loss.weights`, F32 \[V\] | the word weights of the loss, if there are any |

use super::builder::Plan;
use super::training::check_threads;
use super::{Head, stored};
use crate::error::{Error, HeadFault, ModelFault, Result};
use crate::files::{ANY, Layout, Numbers, Output, Tensors};
use crate::layer::Bias;
use crate::layer::catalogue::{LayerSpec, Shape};
use crate::objective::LossOptions;
use crate::optimizer::Optimizer;
use crate::rng::WorkerRng;
use crate::table::{Matrix, Threads, stored as tables};
use crate::vocab::{Counts, WordId};
use safetensors::Dtype;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};
use std::path::Path;

/// The format that this version writes and reads.
const FORMAT: u32 = 1;
/// Metadata entries of a head's file and of a model's file.
const HEAD: &str = "head";
const MODEL: &str = "lexmax";
const WORD_WEIGHTS: &str = "loss.weights";
/// A limit above any real run; twice the limit still fits a u64.
const MOST_BATCHES: u64 = 1 << 62;

/// Writes a head to a stream.
pub(super) type Writer<'a> = &'a dyn Fn(&mut dyn Write) -> io::Result<()>;

/// The description of a head in JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadDescription {
    format: u32,
    /// The version of the program that wrote the file.
    lexmax: String,
    /// The name of the layer; `None` for a layer outside the catalogue.
    layer: Option<String>,
    bias: Bias,
    vocab: usize,
    dim: usize,
    optimizer: Optimizer,
    rate: f32,
    batches: u64,
    rng: WorkerRng,
    loss: Loss,
}

/// The loss options that are single numbers.
#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Loss {
    smoothing: f32,
    z_loss: f32,
    soft_cap: Option<f32>,
    ignored: Option<WordId>,
    soft_targets: bool,
}

/// The part of a model's description that is read here.
#[derive(Deserialize)]
struct ModelDescription {
    layer: String,
    bias: Bias,
    dim: usize,
    optimizer: Optimizer,
}

fn table(number: usize) -> String {
    format!("layer.{number}")
}

impl Head {
    /// Writes the head to a file. The write is atomic: the file is complete or absent. Equal heads give equal bytes.
    ///
    /// # Errors
    /// [`Error::Io`] with the path; [`Error::NotFinite`] for a weight that is not finite, in which case nothing is
    /// written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        self.write(path, |write| Output::plain(path, "a head")?.stream(write))
    }

    /// Checks the head, and passes `to` a function that writes it.
    pub(super) fn write(&self, path: &Path, to: impl FnOnce(Writer) -> Result<()>) -> Result<()> {
        let layer = self.layer.read();
        let matrices: Vec<&Matrix> = (0..self.shape.tables.len()).filter_map(|number| self.table(number)).collect();
        for (number, matrix) in matrices.iter().enumerate() {
            tables::check_finite(*matrix, || table(number))?;
        }
        let state = stored::state(&**layer);
        stored::check_state(&state)?;
        let word_weights = self.loss.word_weights().unwrap_or_default();
        let header = || {
            let description = serde_json::to_string(&self.description())?;
            let mut layout = Layout::new(HashMap::from([(HEAD.into(), description)]));
            if let Some(counts) = &self.counts {
                layout.push(stored::COUNTS.into(), Dtype::U64, vec![counts.len()]);
            }
            if let Some(tree) = layer.tree() {
                stored::push_tree(&mut layout, tree);
            }
            for (number, matrix) in matrices.iter().enumerate() {
                let has_state = matrix.optimizer().initial_state().is_some();
                for (name, shape) in tables::tensors(&table(number), &matrix.shape(), has_state) {
                    layout.push(name, Dtype::F32, shape);
                }
            }
            stored::push_state(&mut layout, &state);
            if !word_weights.is_empty() {
                layout.push(WORD_WEIGHTS.into(), Dtype::F32, vec![word_weights.len()]);
            }
            layout.header()
        };
        let (header, _) = header().map_err(Error::io(path))?;
        to(&|out| {
            let mut out = Numbers::behind(&header, out)?;
            for count in self.counts.iter().flat_map(|counts| counts.as_slice()) {
                out.push(&count.to_le_bytes())?;
            }
            layer.tree().map_or(Ok(()), |tree| stored::write_tree(tree, &mut out))?;
            matrices.iter().try_for_each(|matrix| tables::write(*matrix, &mut out))?;
            stored::write_state(&state, &mut out)?;
            out.floats(word_weights)?;
            out.finish()
        })
    }

    fn description(&self) -> HeadDescription {
        HeadDescription {
            format: FORMAT,
            lexmax: env!("CARGO_PKG_VERSION").into(),
            layer: self.name.clone(),
            bias: self.shape.bias,
            vocab: self.shape.vocab,
            dim: self.shape.dim,
            optimizer: self.mode.optimizer,
            rate: self.mode.rate,
            batches: self.mode.batches,
            rng: self.scratch.rng.clone(),
            loss: Loss {
                smoothing: self.loss.smoothing(),
                z_loss: self.loss.z_loss(),
                soft_cap: self.loss.soft_cap(),
                ignored: self.loss.ignored(),
                soft_targets: self.loss.takes_soft_targets(),
            },
        }
    }

    /// Reads a head that [`Head::save`] wrote, or the output layer in the file of a model. A saved head continues
    /// training bit by bit as before. Steps use one thread; [`Head::load_with`] sets another number.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::ModelFile`] with the byte or the field for a file that is not such a file, is damaged,
    /// or comes from a newer version. A layer outside the catalogue is an error too; use
    /// [`HeadBuilder::load`](super::HeadBuilder::load) for it.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Self::load_with(path, 1)
    }

    /// Like [`Head::load`], with this number of threads.
    ///
    /// # Errors
    /// The errors of [`Head::load`], and `threads` = 0.
    pub fn load_with(path: impl AsRef<Path>, threads: usize) -> Result<Self> {
        check_threads(threads)?;
        HeadFile::open(path.as_ref())?.load(threads)
    }
}

impl<R: Read + Seek> HeadFile<R> {
    /// The head, whose layer the file names.
    pub fn load(self, threads: usize) -> Result<Head> {
        let mut file = self;
        let Some(name) = file.layer.clone() else {
            return Err(HeadFault::OwnLayerInFile { path: file.tensors.path().into() }.into());
        };
        let counts =
            file.counts()?.ok_or_else(|| file.tensors.fault(ModelFault::NoTensor { tensor: stored::COUNTS.into() }))?;
        let senseless = |field, source: Error| ModelFault::Senseless { field, source: Box::new(source) };
        let spec: LayerSpec = name.parse().map_err(|e| file.tensors.fault(senseless("layer", e)))?;
        let tree = if spec.has_tree() { Some(stored::read_tree(&mut file.tensors, counts.len())?) } else { None };
        let context = Shape::new(&counts, file.dim, file.bias);
        let built = spec.build_over(tree, &context).and_then(|layer| Ok((layer, spec.loss()?)));
        let (layer, loss) = built.map_err(|e| file.tensors.fault(senseless("layer", e)))?;
        let plan = Plan {
            layer,
            name: Some(name),
            loss,
            loss_given: false,
            optimizer: file.optimizer,
            rate: Some(spec.entry().tuning.rate(&file.optimizer)),
            given: None,
            seed: 1,
            threads: Threads::new(threads),
        };
        file.into_head(plan, Some(&counts))
    }
}

/// Reads the head in a file for an existing layer.
pub(super) fn load_into(path: &Path, plan: Plan, counts: Option<&Counts>) -> Result<Head> {
    let mut file = HeadFile::open(path)?;
    let other = |setting, found: String, needed: String| {
        Err(HeadFault::OtherHead { path: path.into(), setting, found, needed }.into())
    };
    if file.run.is_some() && plan.loss_given && file.loss != plan.loss {
        return other("the loss", format!("{:?}", file.loss), format!("{:?}", plan.loss));
    }
    let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "a layer outside the catalogue".into());
    if file.layer != plan.name {
        return other("the layer", name(&file.layer), name(&plan.name));
    }
    let shape = plan.layer.shape();
    if file.dim != shape.dim {
        return other("the size of the hidden vectors", file.dim.to_string(), shape.dim.to_string());
    }
    // A bias in the name of the layer overrides the separate field.
    let named = file.layer.as_deref().map(str::parse::<LayerSpec>).transpose()?;
    let bias = named.map_or(Ok(file.bias), |spec| spec.bias(file.bias))?;
    if bias != shape.bias {
        return other("the start of the biases", format!("{bias:?}"), format!("{:?}", shape.bias));
    }
    if file.optimizer != plan.optimizer {
        return other("the optimizer", format!("{:?}", file.optimizer), format!("{:?}", plan.optimizer));
    }
    if let (Some(found), Some(needed)) = (file.counts()?, counts)
        && found.as_slice() != needed.as_slice()
    {
        let said = |counts: &Counts| format!("that of {} words with {} tokens", counts.len(), counts.total());
        return other("the vocabulary", said(&found), said(needed));
    }
    if let Some(tree) = plan.layer.tree()
        && stored::read_tree(&mut file.tensors, tree.vocab())? != *tree
    {
        return other("the tree", "another one".into(), "that of the layer".into());
    }
    file.into_head(plan, counts)
}

/// An open file with its parsed description.
pub(super) struct HeadFile<R> {
    tensors: Tensors<R>,
    layer: Option<String>,
    bias: Bias,
    dim: usize,
    optimizer: Optimizer,
    loss: LossOptions,
    /// Rate, batches and random numbers of a head; `None` for a model.
    run: Option<(f32, u64, WorkerRng)>,
}

impl HeadFile<BufReader<File>> {
    fn open(path: &Path) -> Result<Self> {
        let file = BufReader::new(File::open(path).map_err(Error::io(path))?);
        Self::read(Tensors::open(file, path)?)
    }
}

impl<R: Read + Seek> HeadFile<R> {
    pub fn read(mut tensors: Tensors<R>) -> Result<Self> {
        let found = match tensors.entry(HEAD) {
            None if tensors.entry(MODEL).is_some() => {
                let ModelDescription { layer, bias, dim, optimizer } = tensors.json_of_format(MODEL, FORMAT)?;
                let (layer, loss) = (Some(layer), LossOptions::new());
                Self { tensors, layer, bias, dim, optimizer, loss, run: None }
            }
            _ => {
                let d: HeadDescription = tensors.json_of_format(HEAD, FORMAT)?;
                let loss = loss_of(&mut tensors, &d)?;
                let run = Some((d.rate, d.batches, d.rng));
                Self { tensors, layer: d.layer, bias: d.bias, dim: d.dim, optimizer: d.optimizer, loss, run }
            }
        };
        found.check()?;
        Ok(found)
    }

    /// Rejects invalid values before any allocation of a size that the file states.
    fn check(&self) -> Result<()> {
        let senseless = |field, source| self.tensors.fault(ModelFault::Senseless { field, source: Box::new(source) });
        // A layer outside the catalogue exists before its file is read, so the file determines no allocation.
        let most = self.layer.as_ref().map_or(usize::MAX, |_| self.tensors.data_bytes() / size_of::<f32>());
        if self.dim == 0 || self.dim > most {
            let limit = "from 1 to the numbers that the file holds";
            return Err(senseless("dim", Error::OutOfRange { name: "dim", value: self.dim as f64, limit }));
        }
        if let Optimizer::Adagrad { initial } = self.optimizer {
            Optimizer::adagrad(initial).map_err(|e| senseless("optimizer", e))?;
        }
        let (rate, batches) = self.run.as_ref().map_or((0.0, 0), |run| (run.0, run.1));
        if batches > MOST_BATCHES {
            let limit = "at most 2⁶²";
            return Err(senseless("batches", Error::OutOfRange { name: "batches", value: batches as f64, limit }));
        }
        super::training::check_rate(rate).map_err(|e| senseless("rate", e))
    }

    fn counts(&mut self) -> Result<Option<Counts>> {
        if !self.tensors.has(stored::COUNTS) {
            return Ok(None);
        }
        let counts = self.tensors.u64s(stored::COUNTS, ANY)?;
        stored::counts(&self.tensors, counts).map(Some)
    }

    /// Builds the head over the tables of the file.
    fn into_head(mut self, mut plan: Plan, counts: Option<&Counts>) -> Result<Head> {
        let (shape, has_state) = (plan.layer.shape(), self.optimizer.initial_state().is_some());
        // The loss options of the file override those in the name of the layer.
        if self.run.is_some() && self.loss != plan.loss {
            let senseless = |source| ModelFault::Senseless { field: "loss", source: Box::new(source) };
            plan.layer.set_loss(self.loss.clone()).map_err(|e| self.tensors.fault(senseless(e)))?;
            plan.loss = self.loss.clone();
        }
        let mut known = vec![stored::COUNTS.into(), WORD_WEIGHTS.into()];
        // All tensors are checked before memory for any is allocated.
        for (number, shape) in shape.tables.iter().enumerate() {
            for (name, dims) in tables::tensors(&table(number), shape, has_state) {
                self.tensors.info(&name, Dtype::F32, &dims)?;
                known.push(name);
            }
        }
        let is_head = self.run.is_some();
        if is_head {
            known.extend(
                plan.layer.tree().map(|_| [stored::LEAVES, stored::NODES].map(String::from)).into_iter().flatten(),
            );
            known.extend((0..stored::state(&*plan.layer).len()).map(stored::proposal));
            self.tensors.check_known(&known)?;
        }
        let mut matrices = Vec::with_capacity(shape.tables.len());
        for (number, shape) in shape.tables.iter().enumerate() {
            let mut matrix = Matrix::new(*shape, self.optimizer, &mut WorkerRng::new(0, 0))?;
            tables::read(&mut self.tensors, &table(number), &mut matrix, None)?;
            matrices.push(matrix);
        }
        if self.tensors.has(&stored::proposal(0)) {
            let state = stored::read_state(&mut self.tensors, &*plan.layer)?;
            if let Some(proposal) = plan.layer.adaptive_mut() {
                proposal.restore(state)?;
            }
        }
        if let Some((rate, ..)) = self.run {
            plan.rate = plan.given.or(Some(rate));
        }
        let mut head = plan.head(matrices, counts)?;
        if let Some((_, batches, rng)) = self.run {
            head.mode.batches = batches;
            head.scratch.rng = rng;
        }
        Ok(head)
    }
}

fn loss_of<R: Read + Seek>(tensors: &mut Tensors<R>, description: &HeadDescription) -> Result<LossOptions> {
    let Loss { smoothing, z_loss, soft_cap, ignored, soft_targets } = description.loss;
    let options = || -> Result<LossOptions> {
        let mut loss = LossOptions::new().with_smoothing(smoothing)?.with_z_loss(z_loss)?;
        if let Some(cap) = soft_cap {
            loss = loss.with_soft_cap(cap)?;
        }
        if let Some(target) = ignored {
            loss = loss.ignoring(target);
        }
        Ok(if soft_targets { loss.with_soft_targets() } else { loss })
    };
    let senseless = |source| ModelFault::Senseless { field: "loss", source: Box::new(source) };
    let loss = options().map_err(|e| tensors.fault(senseless(e)))?;
    if !tensors.has(WORD_WEIGHTS) {
        return Ok(loss);
    }
    let mut weights = Vec::new();
    tensors.rows(WORD_WEIGHTS, &[description.vocab], 0.0, |_, weight| weights.extend_from_slice(weight))?;
    loss.with_word_weights(weights)
}

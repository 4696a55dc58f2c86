//! `Head`: an output layer with its weights, over numpy arrays.

use crate::arrays::{Floats, Out, Row, counts, named, targets};
use crate::examples::Examples;
use crate::failure::{Failure, detached};
use lexmax::head;
use lexmax::layer::Bias;
use lexmax::layer::verbs::{Sampling, Scored};
use lexmax::prelude::{Counts, Optimizer};
use lexmax::table::{self, OptimizerKind};
use numpy::{PyArray1, PyArray2, PyArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyType};
use std::path::PathBuf;
use std::sync::Mutex;

/// ∂L/∂hidden and the loss of a step.
type Step<'py> = (f64, Bound<'py, PyArray2<f32>>);
/// Words of each hidden vector, with their ln P.
type Words<'py> = (Bound<'py, PyArray2<i64>>, Bound<'py, PyArray2<f32>>);

/// Work done by a head since it was built.
#[pyclass(frozen, get_all, module = "lexmax")]
#[derive(Clone, Debug)]
pub struct Cost {
    /// Multiply-adds.
    multiply_adds: u64,
    /// Rows of parameters read.
    rows_read: u64,
    /// Rows of parameters updated.
    rows_written: u64,
    /// Random words drawn.
    draws: u64,
}

#[pymethods]
impl Cost {
    fn __repr__(&self) -> String {
        let Self { multiply_adds, rows_read, rows_written, draws } = self;
        format!(
            "Cost(multiply_adds={multiply_adds}, rows_read={rows_read}, rows_written={rows_written}, draws={draws})"
        )
    }
}

/// ∂L/∂W of one table of a head.
#[pyclass(frozen, get_all, module = "lexmax")]
#[derive(Debug)]
pub struct TableGradient {
    /// The rows with a gradient, uint32 of shape (R,), in the order of their first use; None where every row has one.
    rows: Option<Py<PyArray1<u32>>>,
    /// Their gradients, float32 of shape (R, size of a row).
    weight: Py<PyArray2<f32>>,
    /// The gradients of their biases, float32 of shape (R,); None for a table without biases.
    bias: Option<Py<PyArray1<f32>>>,
}

/// A head, and the process that its threads belong to.
struct State {
    head: head::Head,
    process: u32,
}

/// An output layer with its weights and its optimizer, on hidden vectors of your own.
///
/// layer: a layer by name, such as "full", "hierarchical" or "sampled:samples=512"; `lexmax.layers()` lists them.
/// counts: how often each word occurs, integers of shape (V,), falling. Word ids are ranks by count, from 0.
/// dim: the size d of a hidden vector.
/// optimizer: "adagrad" or "sgd".
/// lr: the rate, on the summed loss of a batch [default: the rate tuned for the layer and the optimizer].
/// seed: the seed of the first weights and of all draws.
/// threads: threads for layers that touch all words. Results do not depend on their number.
/// initial_accumulator_value: the start of Adagrad's sum of squares [default: 0.01].
/// bias: the start of the biases, "unigram", "zero" or "none" [default: "unigram", unless the name says it].
///
/// Hidden vectors are float32 of shape (B, d). C-contiguous arrays are read in place, other layouts are copied, other
/// dtypes are a TypeError. Targets are integers of shape (B,). Losses and ln P are in nats. Every call releases the
/// GIL. Calls from several threads wait for each other. Do not change an array while a call reads it.
#[pyclass(frozen, module = "lexmax")]
pub struct Head {
    state: Mutex<State>,
    vocab: usize,
    dim: usize,
    name: String,
    threads: usize,
}

impl Head {
    fn over(head: head::Head) -> Self {
        let (vocab, dim, threads) = (head.vocab(), head.dim(), head.threads());
        let name = head.name().unwrap_or_default().into();
        Self { state: Mutex::new(State { head, process: std::process::id() }), vocab, dim, name, threads }
    }

    /// Calls `work` with the head and without the interpreter.
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut head::Head) -> lexmax::Result<T> + Send,
    ) -> PyResult<T> {
        detached(py, || {
            let fault = "an earlier call failed inside and may have left the head half changed; load it again";
            let mut state = self.state.lock().map_err(|_| Failure::Value(fault.into()))?;
            // A fork leaves the threads of the parent behind.
            if self.threads > 1 && state.process != std::process::id() {
                let head = head::Head::from_bytes(&state.head.to_bytes()?, self.threads)?;
                // The threads of the old head do not exist here, and its end would wait for them.
                std::mem::forget(std::mem::replace(&mut state.head, head));
                state.process = std::process::id();
            }
            Ok(work(&mut state.head)?)
        })
    }

    /// The words that `work` finds for each hidden vector, in so many columns. Fewer words leave −1 and −∞.
    fn words<'py>(
        &self,
        py: Python<'py>,
        columns: usize,
        work: impl FnOnce(&mut head::Head) -> lexmax::Result<Vec<Vec<Scored>>> + Send,
    ) -> PyResult<Words<'py>> {
        let (shape, ids, ln_p) = self.with(py, |head| {
            let found = work(head)?;
            let cells = found.len() * columns;
            let (mut ids, mut ln_p) = (vec![-1i64; cells], vec![f32::NEG_INFINITY; cells]);
            for (row, found) in found.iter().enumerate() {
                for (place, scored) in (row * columns..).zip(found) {
                    (ids[place], ln_p[place]) = (i64::from(scored.word), scored.ln_p as f32);
                }
            }
            Ok(([found.len(), columns], ids, ln_p))
        })?;
        Ok((PyArray1::from_vec(py, ids).reshape(shape)?, PyArray1::from_vec(py, ln_p).reshape(shape)?))
    }
}

/// The kind of optimizer with a name.
pub fn optimizer(name: &str) -> PyResult<OptimizerKind> {
    match name {
        "sgd" => Ok(OptimizerKind::Sgd),
        "adagrad" => Ok(OptimizerKind::Adagrad),
        _ => Err(PyValueError::new_err(format!("unsupported optimizer {name:?} (supported: \"adagrad\", \"sgd\")"))),
    }
}

fn with_initial(kind: OptimizerKind, initial: Option<f32>) -> PyResult<Optimizer> {
    match initial {
        None => Ok(kind.into()),
        Some(initial) if kind == OptimizerKind::Adagrad => Ok(Optimizer::adagrad(initial).map_err(Failure::from)?),
        Some(_) => {
            let message = "initial_accumulator_value has no effect with sgd; remove one of them";
            Err(PyValueError::new_err(message))
        }
    }
}

fn bias(name: &str) -> PyResult<Bias> {
    match name {
        "unigram" => Ok(Bias::Unigram),
        "zero" => Ok(Bias::Zero),
        "none" => Ok(Bias::None),
        _ => Err(PyValueError::new_err(format!(
            "unsupported bias {name:?} (supported: \"unigram\", \"zero\", \"none\")"
        ))),
    }
}

#[pymethods]
impl Head {
    #[new]
    #[pyo3(signature = (layer, counts, dim, *, optimizer="adagrad", lr=None, seed=1, threads=1,
                        initial_accumulator_value=None, bias=None))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of the constructor in Python")]
    fn new(
        py: Python<'_>,
        layer: &str,
        counts: &Bound<'_, PyAny>,
        #[pyo3(from_py_with = named::dim)] dim: usize,
        optimizer: &str,
        lr: Option<f32>,
        #[pyo3(from_py_with = named::seed)] seed: u64,
        #[pyo3(from_py_with = named::threads)] threads: usize,
        initial_accumulator_value: Option<f32>,
        bias: Option<&str>,
    ) -> PyResult<Self> {
        let counts = self::counts(counts)?;
        let (optimizer, bias) =
            (with_initial(self::optimizer(optimizer)?, initial_accumulator_value)?, bias.map(self::bias).transpose()?);
        let head = detached(py, || {
            let counts = Counts::new(counts)?;
            let mut builder = head::Head::builder(layer, &counts, dim).optimizer(optimizer).seed(seed).threads(threads);
            if let Some(rate) = lr {
                builder = builder.rate(rate);
            }
            if let Some(bias) = bias {
                builder = builder.bias(bias);
            }
            Ok(builder.build()?)
        })?;
        Ok(Self::over(head))
    }

    /// Trains on a batch: returns the summed loss in nats, and ∂L/∂hidden of shape (B, d) (in `out` if given).
    ///
    /// hidden: float32 of shape (B, d). targets: word ids, integers of shape (B,).
    /// weights: the weight of each example, float32 of shape (B,) [default: 1].
    /// out: a C-contiguous float32 array of shape (B, d) for ∂L/∂hidden [default: a new array].
    ///
    /// All examples see the weights from before the step. A loss that is not finite is a ValueError, and no weight has
    /// moved then.
    #[pyo3(signature = (hidden, targets, *, weights=None, out=None))]
    fn step<'py>(
        &self,
        py: Python<'py>,
        hidden: &Bound<'py, PyAny>,
        targets: &Bound<'py, PyAny>,
        weights: Option<&Bound<'py, PyAny>>,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Step<'py>> {
        let examples = Examples::of(hidden, targets, weights, self.vocab)?;
        let mut out = examples.out(py, out, self.dim)?;
        let (batch, view) = (examples.batch(), out.view());
        let loss = self.with(py, |head| head.step_into(batch, view))?;
        Ok((loss, out.into_array()))
    }

    /// The summed loss of a batch in nats, ∂L/∂hidden of shape (B, d), and the gradients of all tables.
    ///
    /// No weight moves.
    ///
    /// Arguments as in `step`. Apply the gradients with `weights` and `set_weights`.
    #[pyo3(signature = (hidden, targets, *, weights=None, out=None))]
    fn gradients<'py>(
        &self,
        py: Python<'py>,
        hidden: &Bound<'py, PyAny>,
        targets: &Bound<'py, PyAny>,
        weights: Option<&Bound<'py, PyAny>>,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(f64, Bound<'py, PyArray2<f32>>, Vec<TableGradient>)> {
        let examples = Examples::of(hidden, targets, weights, self.vocab)?;
        let mut out = examples.out(py, out, self.dim)?;
        let (batch, mut view) = (examples.batch(), out.view());
        let (loss, tables) = self.with(py, |head| {
            let found = head.gradients_of(batch)?;
            view.assign(&found.d_hidden);
            let tables = found.tables.iter().map(|table| match table {
                table::TableGradient::Dense { weights, bias } => (None, weights.to_owned(), bias.to_vec()),
                table::TableGradient::Rows { rows, weights, bias } => {
                    (Some(rows.to_vec()), weights.to_owned(), bias.to_vec())
                }
            });
            Ok((found.loss, tables.collect::<Vec<_>>()))
        })?;
        let tables = tables.into_iter().map(|(rows, weight, bias)| TableGradient {
            rows: rows.map(|rows| PyArray1::from_vec(py, rows).unbind()),
            weight: PyArray2::from_owned_array(py, weight).unbind(),
            bias: (!bias.is_empty()).then(|| PyArray1::from_vec(py, bias).unbind()),
        });
        Ok((loss, out.into_array(), tables.collect()))
    }

    /// ln P(target | hidden) in nats, float64 of shape (B,): exact and normalized, whatever the layer was trained with.
    fn log_prob<'py>(
        &self,
        py: Python<'py>,
        hidden: &Bound<'py, PyAny>,
        targets: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let (hidden, targets) = (Floats::of(hidden, "hidden")?, self::targets(targets, self.vocab)?);
        let (hidden, targets) = (hidden.view(), targets.slice());
        Ok(PyArray1::from_vec(py, self.with(py, |head| head.log_prob(hidden, targets))?))
    }

    /// ln P of every word in nats, float32 of shape (B, V), in `out` where it is given.
    #[pyo3(signature = (hidden, *, out=None))]
    fn log_probs<'py>(
        &self,
        py: Python<'py>,
        hidden: &Bound<'py, PyAny>,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let hidden = Floats::of(hidden, "hidden")?;
        let mut out = Out::of(py, out, [hidden.rows(), self.vocab], &[hidden.span()])?;
        let (hidden, view) = (hidden.view(), out.view());
        self.with(py, |head| head.log_probs_into(hidden, view))?;
        Ok(out.into_array())
    }

    /// The `k` most probable words of each hidden vector, the best first: int64 ids and float32 ln P, of shape (B, k).
    ///
    /// Fewer words with a probability leave the id −1 and ln P = −∞.
    fn top_k<'py>(
        &self,
        py: Python<'py>,
        hidden: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = named::k)] k: usize,
    ) -> PyResult<Words<'py>> {
        let hidden = Floats::of(hidden, "hidden")?;
        let hidden = hidden.view();
        self.words(py, k.min(self.vocab), |head| head.top_k(hidden, k))
    }

    /// 1 + the number of words that are more probable than the target, int64 of shape (B,).
    fn rank<'py>(
        &self,
        py: Python<'py>,
        hidden: &Bound<'py, PyAny>,
        targets: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray1<i64>>> {
        let (hidden, targets) = (Floats::of(hidden, "hidden")?, self::targets(targets, self.vocab)?);
        let (hidden, targets) = (hidden.view(), targets.slice());
        let ranks =
            self.with(py, |head| Ok(head.rank(hidden, targets)?.into_iter().map(|rank| rank as i64).collect()))?;
        Ok(PyArray1::from_vec(py, ranks))
    }

    /// Words drawn from P for each hidden vector: int64 ids and float32 ln P, of shape (B, draws).
    ///
    /// temperature: T in P^(1/T) / Σ P^(1/T).
    /// replacement: False draws distinct words; too few words leave the id −1 and ln P = −∞.
    #[pyo3(signature = (hidden, draws=1, *, temperature=1.0, replacement=true))]
    fn sample<'py>(
        &self,
        py: Python<'py>,
        hidden: &Bound<'py, PyAny>,
        #[pyo3(from_py_with = named::draws)] draws: usize,
        temperature: f64,
        replacement: bool,
    ) -> PyResult<Words<'py>> {
        let hidden = Floats::of(hidden, "hidden")?;
        let hidden = hidden.view();
        self.words(py, if replacement { draws } else { draws.min(self.vocab) }, |head| {
            let how = Sampling::new(draws).at_temperature(temperature)?;
            head.sample(hidden, if replacement { how } else { how.without_replacement() })
        })
    }

    /// ln Z of each hidden vector in nats, float64 of shape (B,), as the training criterion models it.
    ///
    /// None for layers that normalize in training. 0 means that a self-normalized layer has reached its aim.
    fn ln_z<'py>(&self, py: Python<'py>, hidden: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyArray1<f64>>>> {
        let hidden = Floats::of(hidden, "hidden")?;
        let hidden = hidden.view();
        Ok(self.with(py, |head| head.ln_z(hidden))?.map(|ln_z| PyArray1::from_vec(py, ln_z)))
    }

    /// Work done since the head was built: multiply-adds, rows read and written, words drawn.
    fn cost(&self, py: Python<'_>) -> PyResult<Cost> {
        let table::Cost { multiply_adds, rows_read, rows_written, draws, .. } =
            self.with(py, |head| Ok(head.cost()))?;
        Ok(Cost { multiply_adds, rows_read, rows_written, draws })
    }

    /// Copies of the weights, float32 of shape (rows, size), and of the biases, (rows,) or None, of a table.
    #[pyo3(signature = (table=0))]
    #[expect(clippy::type_complexity, reason = "the pair that Python gets")]
    fn weights<'py>(
        &self,
        py: Python<'py>,
        #[pyo3(from_py_with = named::table)] table: usize,
    ) -> PyResult<(Bound<'py, PyArray2<f32>>, Option<Bound<'py, PyArray1<f32>>>)> {
        let found = self.with(py, |head| {
            let copy = |matrix: &table::Matrix| {
                let shape = matrix.shape();
                ([shape.rows as usize, shape.dim], matrix.weights().to_vec(), matrix.bias().to_vec())
            };
            Ok((head.table(table).map(copy), head.shape().tables.len()))
        })?;
        let (Some((shape, weights, bias)), _) = found else { return Err(no_table(table, found.1)) };
        let bias = (!bias.is_empty()).then(|| PyArray1::from_vec(py, bias));
        Ok((PyArray1::from_vec(py, weights).reshape(shape)?, bias))
    }

    /// Sets the weights of a table, float32 of shape (rows, size), and its biases, (rows,), where they are given.
    #[pyo3(signature = (weight, bias=None, *, table=0))]
    fn set_weights(
        &self,
        py: Python<'_>,
        weight: &Bound<'_, PyAny>,
        bias: Option<&Bound<'_, PyAny>>,
        #[pyo3(from_py_with = named::table)] table: usize,
    ) -> PyResult<()> {
        let weight = Floats::of(weight, "weight")?;
        let bias = bias.map(|bias| Row::of(bias, "bias")).transpose()?;
        let (weight, bias) = (weight.view(), bias.as_ref().map(Row::slice));
        let fault = self.with(py, |head| {
            let tables = head.shape().tables.len();
            if weight.iter().chain(bias.into_iter().flatten()).any(|x| !x.is_finite()) {
                return Ok(Some((Some("weights and biases must be finite".into()), tables)));
            }
            let Some(shape) = head.table(table).map(table::Matrix::shape) else { return Ok(Some((None, tables))) };
            let (rows, dim) = (shape.rows as usize, shape.dim);
            let expected = [rows, dim, if shape.bias { rows } else { 0 }];
            let biases = bias.map_or(expected[2], <[f32]>::len);
            if [weight.nrows(), weight.ncols(), biases] != expected {
                let [rows, dim, biases] = expected;
                return Ok(Some((Some(format!("expected weights of {rows} × {dim}, and {biases} biases")), tables)));
            }
            if let Some(mut weights) = head.weights_mut(table) {
                weights.assign(&weight);
            }
            if let (Some(given), Some(biases)) = (bias, head.bias_mut(table)) {
                biases.copy_from_slice(given);
            }
            Ok(None)
        })?;
        match fault {
            None => Ok(()),
            Some((Some(message), _)) => Err(PyValueError::new_err(message)),
            Some((None, tables)) => Err(no_table(table, tables)),
        }
    }

    /// The state as a dict: tensors by name as numpy arrays, and "head", the settings as JSON text.
    fn state_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let bytes = self.with(py, |head| head.to_bytes())?;
        py.import("lexmax._state")?.call_method1("state_of_bytes", (PyBytes::new(py, &bytes),))
    }

    /// Takes the state of a head with the same layer, counts and sizes, from `state_dict`.
    fn load_state_dict(&self, py: Python<'_>, state: &Bound<'_, PyDict>) -> PyResult<()> {
        let bytes = py.import("lexmax._state")?.call_method1("bytes_of_state", (state,))?;
        let bytes: Vec<u8> = bytes.extract()?;
        let threads = self.threads;
        let other = self.with(py, |head| {
            let new = head::Head::from_bytes(&bytes, threads)?;
            if (new.name(), new.shape(), new.optimizer()) == (head.name(), head.shape(), head.optimizer()) {
                *head = new;
                return Ok(None);
            }
            let of = |head: &head::Head| {
                let (name, optimizer) = (head.name().unwrap_or_default().to_string(), head.optimizer().kind());
                format!("{name} with V = {}, d = {} and {optimizer:?}", head.vocab(), head.dim())
            };
            Ok(Some((of(&new), of(head))))
        })?;
        match other {
            None => Ok(()),
            Some((found, expected)) => {
                Err(PyValueError::new_err(format!("the state is that of {found}, expected {expected}")))
            }
        }
    }

    /// Writes the head to a safetensors file: the file is there whole or not at all.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        self.with(py, |head| head.save(&path))
    }

    /// Reads a head that `save` wrote, or the output layer of a lexmax model.
    #[staticmethod]
    #[pyo3(signature = (path, *, threads=1))]
    fn load(py: Python<'_>, path: PathBuf, #[pyo3(from_py_with = named::threads)] threads: usize) -> PyResult<Self> {
        Ok(Self::over(detached(py, || Ok(head::Head::load_with(&path, threads)?))?))
    }

    #[classmethod]
    fn _from_bytes(_cls: &Bound<'_, PyType>, py: Python<'_>, bytes: &[u8], threads: usize) -> PyResult<Self> {
        Ok(Self::over(detached(py, || Ok(head::Head::from_bytes(bytes, threads)?))?))
    }

    #[expect(clippy::type_complexity, reason = "what pickle asks for")]
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>, usize))> {
        let (py, this) = (slf.py(), slf.get());
        let bytes = this.with(py, |head| head.to_bytes())?;
        Ok((slf.get_type().getattr("_from_bytes")?, (PyBytes::new(py, &bytes), this.threads)))
    }

    /// The number of words, V.
    #[getter]
    fn vocab(&self) -> usize {
        self.vocab
    }

    /// The size of a hidden vector, d.
    #[getter]
    fn dim(&self) -> usize {
        self.dim
    }

    /// The layer's name with its settings.
    #[getter]
    fn layer(&self) -> &str {
        &self.name
    }

    /// Threads that a call may use.
    #[getter]
    fn threads(&self) -> usize {
        self.threads
    }

    /// The number of tables of weights.
    #[getter]
    fn tables(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, |head| Ok(head.shape().tables.len()))
    }

    /// The rate in force, on the summed loss of a batch.
    #[getter]
    fn lr(&self, py: Python<'_>) -> PyResult<f32> {
        self.with(py, |head| Ok(head.rate()))
    }

    #[setter]
    fn set_lr(&self, py: Python<'_>, lr: f32) -> PyResult<()> {
        self.with(py, |head| head.set_rate(lr))
    }

    fn __repr__(&self) -> String {
        format!("Head({:?}, V={}, d={})", self.name, self.vocab, self.dim)
    }
}

fn no_table(table: usize, tables: usize) -> PyErr {
    PyValueError::new_err(format!("there is no table {table}: the tables are 0 to {}", tables.saturating_sub(1)))
}

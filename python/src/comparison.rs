//! `compare`: the same model with each output layer, under the eyes of Python.

use crate::arrays::whole;
use crate::failure::{Failure, Stop, detached};
use crate::head::optimizer;
use crate::worker::{Line, apart};
use lexmax::compare::{Builder, Comparison as Found, LayerRow, Listener};
use lexmax::layer::catalogue::LayerSpec;
use lexmax::model::ModelKind;
use lexmax::report::Cell;
use lexmax::train::Progress;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// Time between two reports of progress.
const REPORT_EVERY: Duration = Duration::from_millis(100);

/// News of a comparison.
enum News {
    /// A layer begins: its name, its number from 0, and how many there are.
    Begin(String, usize, usize),
    /// Share of the layer's budget, and loss in nats an example.
    At(f64, f64),
    /// A layer is done: its name and its held-out NLL in nats.
    End(String, f64),
}

struct Heard {
    line: Line<News>,
    last: Instant,
}

impl Listener for Heard {
    fn begin(&mut self, layer: &LayerSpec, number: usize, of: usize) {
        self.line.tell(News::Begin(layer.to_string(), number, of));
    }

    fn progress(&mut self, at: &Progress) {
        if self.line.stop.load(Relaxed) {
            // The library cannot end a comparison early. Unwinding leaves it, and `guarded` catches that.
            std::panic::resume_unwind(Box::new(Stop));
        }
        if self.last.elapsed() >= REPORT_EVERY {
            self.last = Instant::now();
            self.line.tell(News::At(at.share, at.loss));
        }
    }

    fn end(&mut self, row: &LayerRow) {
        self.line.tell(News::End(row.layer.clone(), row.valid_nll));
    }
}

/// The result of a comparison.
#[pyclass(frozen, module = "lexmax._lexmax")]
#[derive(Debug)]
pub struct Comparison {
    inner: Found,
}

#[pymethods]
impl Comparison {
    /// A dict for each layer; a number that does not exist is None.
    fn rows<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let grid = detached(py, || Ok(self.inner.grid()))?;
        let rows = PyList::empty(py);
        for row in &grid.rows {
            let found = PyDict::new(py);
            for (column, cell) in grid.columns.iter().zip(row) {
                match cell {
                    Cell::Text(text) => found.set_item(column.key, text)?,
                    Cell::Number(value, _) => found.set_item(column.key, value)?,
                    Cell::Missing => found.set_item(column.key, py.None())?,
                }
            }
            rows.append(found)?;
        }
        Ok(rows)
    }

    /// The report as an HTML page that needs no network and no other file.
    fn html(&self, py: Python<'_>) -> PyResult<String> {
        detached(py, || Ok(self.inner.page().to_html()?))
    }

    /// The comparison as JSON.
    fn json(&self, py: Python<'_>) -> PyResult<String> {
        detached(py, || Ok(self.inner.to_json()))
    }

    /// The table for a terminal.
    fn text(&self, py: Python<'_>) -> PyResult<String> {
        detached(py, || Ok(self.inner.to_string()))
    }
}

fn builder(given: &Bound<'_, PyDict>) -> PyResult<Builder> {
    let mut builder = Builder::default();
    for (name, value) in given {
        let name: String = name.extract()?;
        if value.is_none() {
            continue;
        }
        builder = match name.as_str() {
            "layers" => Builder::of(value.extract::<Vec<String>>()?).map_err(Failure::from)?,
            _ => builder,
        };
    }
    for (name, value) in given {
        let name: String = name.extract()?;
        if value.is_none() {
            continue;
        }
        builder = match name.as_str() {
            "layers" => builder,
            "text" => value.extract::<Vec<PathBuf>>()?.into_iter().fold(builder, Builder::text),
            "valid" => value.extract::<Vec<PathBuf>>()?.into_iter().fold(builder, Builder::valid),
            "synthetic" => {
                let (vocab, classes): (Bound<'_, PyAny>, Bound<'_, PyAny>) = value.extract()?;
                builder.synthetic(whole(&vocab, "synthetic[0]")?, whole(&classes, "synthetic[1]")?)
            }
            "min_count" => builder.min_count(whole(&value, &name)?),
            "sample" => builder.sample(value.extract()?),
            "model" => builder.model(kind(&value.extract::<String>()?)?),
            "dim" => builder.dim(whole(&value, &name)?),
            "window" => builder.window(whole(&value, &name)?),
            "optimizer" => builder.optimizer(optimizer(&value.extract::<String>()?)?.into()),
            "lr" => builder.rate(value.extract()?),
            "batch" => builder.batch(whole(&value, &name)?),
            "budget" => {
                let seconds: f64 = value.extract()?;
                let time = Duration::try_from_secs_f64(seconds);
                builder.budget(time.map_err(|_| {
                    PyValueError::new_err(format!("budget is {seconds}, but must be seconds, more than 0"))
                })?)
            }
            "examples" => builder.examples(whole(&value, &name)?),
            "valid_examples" => builder.valid_examples(whole(&value, &name)?),
            "threads" => builder.threads(whole(&value, &name)?),
            "seed" => builder.seed(whole(&value, &name)?),
            _ => return Err(PyRuntimeError::new_err(format!("there is no option {name}"))),
        };
    }
    Ok(builder)
}

fn kind(name: &str) -> PyResult<ModelKind> {
    match name {
        "cbow" => Ok(ModelKind::Cbow),
        "skipgram" => Ok(ModelKind::SkipGram),
        "ngram" => Ok(ModelKind::NGram),
        _ => Err(PyValueError::new_err(format!("unsupported model {name:?} (supported: cbow, ngram, skipgram)"))),
    }
}

/// Trains and evaluates every layer. `hear` is called with ("begin", layer, number, of), ten times a second with
/// ("at", share, loss), and with ("end", layer, NLL).
#[pyfunction]
pub fn compare(py: Python<'_>, options: &Bound<'_, PyDict>, hear: &Bound<'_, PyAny>) -> PyResult<Comparison> {
    let builder = self::builder(options)?;
    builder.config().map_err(Failure::from)?;
    let work = move |line: Line<News>| builder.run_with(&mut Heard { line, last: Instant::now() });
    let ended = apart(py, work, &mut |_, news| {
        match news {
            News::Begin(layer, number, of) => hear.call1(("begin", layer, number, of))?,
            News::At(share, loss) => hear.call1(("at", share, loss))?,
            News::End(layer, nll) => hear.call1(("end", layer, nll))?,
        };
        Ok(())
    })?;
    match (ended.interrupted, ended.result) {
        (Some(error), _) => Err(error),
        (None, Some(Ok(inner))) => Ok(Comparison { inner }),
        (None, Some(Err(failure))) => Err(failure.into()),
        (None, None) => Err(PyRuntimeError::new_err("the comparison was left")),
    }
}

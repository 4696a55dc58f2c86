//! The compiled half of the Python package `lexmax`: layers, word vectors, training and comparisons over numpy arrays.
//!
//! | module | has |
//! |---|---|
//! | [`arrays`] | numpy arrays as views: what is read in place, what is copied, what is refused |
//! | [`failure`] | errors and panics of the library as exceptions of Python |
//! | [`head`] | `Head` |
//! | [`vectors`] | `WordVectors`, on which `lexmax.KeyedVectors` rests |
//! | [`worker`] | long calls on a thread of their own, which Ctrl-C ends |
//! | [`training`] | `train`, on which `lexmax.Word2Vec` rests |
//! | [`comparison`] | `compare`, on which `lexmax.compare` rests |
#![forbid(unsafe_code)]

mod arrays;
mod comparison;
mod examples;
mod failure;
mod head;
mod sentences;
mod training;
mod vectors;
mod worker;

use lexmax::layer::catalogue::CATALOGUE;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The version of the library.
#[pyfunction]
fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// The output layers: for each name its settings, each with its default and its meaning.
#[pyfunction]
fn layers(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let layers = PyDict::new(py);
    for entry in CATALOGUE {
        let keys = PyDict::new(py);
        for key in entry.all_keys() {
            let line = key.to_string();
            keys.set_item(key.name, line.strip_prefix(&format!("{}: ", key.name)).unwrap_or(&line))?;
        }
        layers.set_item(entry.name, keys)?;
    }
    Ok(layers)
}

/// Two-sided p-value of Student's t with `df` degrees of freedom.
#[pyfunction]
fn student_p(t: f64, df: f64) -> f64 {
    use statrs::distribution::{ContinuousCDF, StudentsT};
    StudentsT::new(0.0, 1.0, df).map_or(f64::NAN, |law| 2.0 * law.cdf(-t.abs()))
}

/// Panics within the library's guard. Only the tests call it.
#[pyfunction]
fn _panic(py: Python<'_>) -> PyResult<()> {
    failure::detached(py, || panic!("a panic for a test"))
}

/// The compiled half of lexmax.
#[pymodule]
mod _lexmax {
    #[pymodule_export]
    use super::comparison::{Comparison, compare};
    #[pymodule_export]
    use super::head::{Cost, Head, TableGradient};
    #[pymodule_export]
    use super::training::{Trained, train};
    #[pymodule_export]
    use super::vectors::WordVectors;
    #[pymodule_export]
    use super::{_panic, layers, student_p, version};
}

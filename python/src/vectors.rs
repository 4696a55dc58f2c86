//! `WordVectors`: words and their vectors, in the memory of Rust, seen by numpy without a copy.

use crate::arrays::{Floats, named as whole};
use crate::failure::detached;
use lexmax::vectors::{self, AnalogyOptions, AnalogyRules, Format, Loaded, Method, OnBad, Questions, ReadOptions};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use std::path::PathBuf;

/// Words and a float32 vector each. `numpy.asarray` gives a read-only view of shape (V, d).
#[pyclass(frozen, module = "lexmax._lexmax")]
#[derive(Debug)]
pub struct WordVectors {
    inner: vectors::WordVectors,
    passed_over: String,
}

impl WordVectors {
    pub fn over(inner: vectors::WordVectors) -> Self {
        Self { inner, passed_over: String::new() }
    }
}

fn format(name: &str) -> PyResult<Format> {
    let known = || Format::ALL.iter().copied().chain([Format::Model]);
    known().find(|format| format.name() == name).ok_or_else(|| {
        let names = known().map(Format::name).collect::<Vec<_>>().join(", ");
        PyValueError::new_err(format!("unsupported format {name:?} (supported: {names})"))
    })
}

/// A value of a list by its name.
fn named<T: Copy>(what: &str, name: &str, known: &[(&str, T)]) -> PyResult<T> {
    known.iter().find(|(known, _)| *known == name).map(|(_, value)| *value).ok_or_else(|| {
        let names = known.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        PyValueError::new_err(format!("unsupported {what} {name:?} (supported: {names})"))
    })
}

#[pymethods]
impl WordVectors {
    /// Takes words and the rows of a float32 array of shape (V, d), which is copied.
    #[new]
    fn new(py: Python<'_>, words: Vec<String>, vectors: &Bound<'_, PyAny>) -> PyResult<Self> {
        let values = Floats::of(vectors, "vectors")?;
        let values = values.view();
        if words.is_empty() {
            return Err(PyValueError::new_err("there are no words; give at least one word and its vector"));
        }
        detached(py, || Ok(Self::over(vectors::WordVectors::new(words, values.to_owned())?)))
    }

    /// Reads a file in any format that lexmax knows.
    #[staticmethod]
    #[pyo3(signature = (path, *, format=None, words=None, limit=None, on_bad="error"))]
    fn read(
        py: Python<'_>,
        path: PathBuf,
        format: Option<&str>,
        words: Option<PathBuf>,
        #[pyo3(from_py_with = whole::limit)] limit: Option<usize>,
        on_bad: &str,
    ) -> PyResult<Self> {
        let mut options = ReadOptions::default();
        options.format = format.map(self::format).transpose()?;
        (options.words, options.first) = (words, limit);
        options.on_bad = named("on_bad", on_bad, &[("error", OnBad::Error), ("skip", OnBad::Skip)])?;
        let Loaded { vectors: inner, passed_over, .. } = detached(py, || Ok(vectors::read(&path, &options)?))?;
        let passed_over = if passed_over.is_empty() { String::new() } else { passed_over.to_string() };
        Ok(Self { inner, passed_over })
    }

    /// Writes a file, in the format that its name tells unless `format` is given.
    #[pyo3(signature = (path, *, format=None))]
    fn write(&self, py: Python<'_>, path: PathBuf, format: Option<&str>) -> PyResult<()> {
        let format = format.map(self::format).transpose()?;
        detached(py, || {
            let format = format.map_or_else(|| Format::to_write(&path), Ok)?;
            Ok(vectors::write(&path, format, &self.inner)?)
        })
    }

    /// All words, in their order.
    fn words<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.inner.words())
    }

    /// The number of a word, or None.
    fn id(&self, word: &str) -> Option<u32> {
        self.inner.id(word)
    }

    /// A word.
    fn word(&self, id: usize) -> PyResult<&str> {
        let words = self.inner.len();
        if id >= words {
            return Err(PyValueError::new_err(format!("there is no word {id}: the words are 0 to {}", words - 1)));
        }
        Ok(self.inner.word(id as u32))
    }

    /// The message for a word without a vector, with known words of nearly the same spelling.
    fn unknown(&self, py: Python<'_>, word: &str) -> String {
        py.detach(|| self.inner.known(word).err().map_or_else(String::new, |error| error.to_string()))
    }

    /// Answers analogy questions by the rules of lexmax: right, asked and all questions of each section.
    #[pyo3(signature = (path, *, rules="word2vec", method="add", restrict_vocab=None, threads=1))]
    fn analogies<'py>(
        &self,
        py: Python<'py>,
        path: PathBuf,
        rules: &str,
        method: &str,
        #[pyo3(from_py_with = whole::restrict_vocab)] restrict_vocab: Option<usize>,
        #[pyo3(from_py_with = whole::threads)] threads: usize,
    ) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let all =
            [("word2vec", AnalogyRules::Word2vec), ("unicode", AnalogyRules::Unicode), ("exact", AnalogyRules::Exact)];
        let mut options = AnalogyOptions::default();
        options.rules = named("rules", rules, &all)?;
        options.method = named("method", method, &[("add", Method::CosAdd), ("mul", Method::CosMul)])?;
        (options.first, options.threads) = (restrict_vocab, threads);
        let found = detached(py, || Ok(vectors::analogies(&self.inner, &Questions::read(&path)?, &options)))?;
        let section = |section: &vectors::Section| {
            let row = PyDict::new(py);
            row.set_item("section", &section.name)?;
            row.set_item("semantic", section.semantic)?;
            row.set_item("right", section.score.right)?;
            row.set_item("asked", section.score.asked)?;
            row.set_item("questions", section.score.questions)?;
            Ok(row)
        };
        found.sections.iter().map(section).collect()
    }

    /// Entries of the file that were passed over, in words; empty if there are none.
    #[getter]
    fn passed_over(&self) -> &str {
        &self.passed_over
    }

    /// The size d of a vector.
    #[getter]
    fn dim(&self) -> usize {
        self.inner.dim()
    }

    /// The protocol by which numpy sees the memory: read-only, and alive as long as the array is.
    #[getter]
    fn __array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let interface = PyDict::new(py);
        interface.set_item("version", 3)?;
        interface.set_item("typestr", if cfg!(target_endian = "little") { "<f4" } else { ">f4" })?;
        interface.set_item("shape", (self.inner.len(), self.inner.dim()))?;
        interface.set_item("data", (self.inner.entries().as_ptr().expose_provenance(), true))?;
        Ok(interface)
    }

    fn __len__(&self) -> usize {
        self.inner.len()
    }

    #[expect(clippy::type_complexity, reason = "what pickle asks for")]
    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyList>, Bound<'py, PyAny>))> {
        let py = slf.py();
        let array = numpy::get_array_module(py)?.call_method1("array", (slf,))?;
        Ok((slf.get_type().into_any(), (slf.get().words(py)?, array)))
    }
}

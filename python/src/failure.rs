//! Errors and panics of the library as exceptions of Python.

use lexmax::Error;
use pyo3::exceptions::{PyKeyError, PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A call of the library that gave no result.
pub enum Failure {
    /// An error of the library.
    Library(Error),
    /// The caller handed in an impossible value.
    Value(String),
    /// A panic: a fault of the library.
    Panic(String),
    /// The call was told to end.
    Stopped,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Library(error) => raised(&error),
            Failure::Value(message) => PyValueError::new_err(message),
            Failure::Panic(message) => PyRuntimeError::new_err(format!(
                "lexmax failed inside: {message}; this is a fault of the library, please report it with the call"
            )),
            Failure::Stopped => PyRuntimeError::new_err("the call was stopped"),
        }
    }
}

/// The exception of an error, with the words of the library.
fn raised(error: &Error) -> PyErr {
    let words = error.to_string();
    // Vectors of no file have an empty path before their fault.
    let words = words.strip_prefix(": ").map_or(words.clone(), String::from);
    let mut cause = error;
    while let Error::InLayer { source, .. } = cause {
        cause = source;
    }
    match cause {
        // With an error number, Python chooses the subclass: FileNotFoundError, PermissionError, ….
        Error::Io { source, .. } => match source.raw_os_error() {
            Some(number) => PyOSError::new_err((number, words)),
            None => PyOSError::new_err(words),
        },
        Error::UnknownWord { .. } | Error::NotInVocabulary(_) => PyKeyError::new_err(words),
        _ => PyValueError::new_err(words),
    }
}

/// Unwinds a long call of the library that was told to end. [`guarded`] turns it into [`Failure::Stopped`].
pub struct Stop;

/// Calls `work`; a panic becomes a failure and goes no further.
pub fn guarded<T, E: Into<Failure>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, Failure> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(Into::into),
        Err(payload) if payload.is::<Stop>() => Err(Failure::Stopped),
        Err(payload) => Err(Failure::Panic(message(&*payload))),
    }
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).into());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without words".into())
}

/// Calls `work` with the interpreter released.
pub fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T, Failure> + Send) -> PyResult<T> {
    py.detach(|| guarded(work)).map_err(PyErr::from)
}

//! Numpy arrays as views: what is read in place, what is copied, and what is refused.

use numpy::ndarray::{ArrayView2, ArrayViewMut2};
use numpy::{
    Element, PyArray, PyArray1, PyArray2, PyArrayDescrMethods, PyArrayMethods, PyReadonlyArray, PyReadonlyArray1,
    PyReadonlyArray2, PyReadwriteArray2, PyUntypedArray, PyUntypedArrayMethods, dtype,
};
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use std::ops::Range;

/// An array of any type, of so many dimensions.
fn array<'py>(value: &Bound<'py, PyAny>, name: &str, ndim: usize) -> PyResult<Bound<'py, PyUntypedArray>> {
    let Ok(array) = value.cast::<PyUntypedArray>() else {
        let kind = value.get_type().qualname()?;
        return Err(PyTypeError::new_err(format!("{name} is of type {kind}, expected a numpy array")));
    };
    if array.ndim() == ndim {
        return Ok(array.clone());
    }
    let found = array.ndim();
    Err(PyValueError::new_err(format!("{name} has {found} dimensions, expected {ndim}")))
}

/// The array itself where it lies aligned and row by row, else a copy that does.
fn laid_out<'py, T: Element, D: numpy::ndarray::Dimension>(
    array: &Bound<'py, PyArray<T, D>>,
) -> PyResult<PyReadonlyArray<'py, T, D>> {
    let readonly = |array: &Bound<'py, PyArray<T, D>>| {
        array.try_readonly().map_err(|_| PyValueError::new_err("the array is being written to by another call"))
    };
    let here = readonly(array)?;
    if array.is_c_contiguous() && here.as_slice().is_ok() {
        return Ok(here);
    }
    drop(here);
    readonly(array.call_method1("copy", ("C",))?.cast::<PyArray<T, D>>()?)
}

/// Refuses arrays of another type than f32.
fn check_f32(array: &Bound<'_, PyUntypedArray>, name: &str) -> PyResult<()> {
    let (found, expected) = (array.dtype(), dtype::<f32>(array.py()));
    if found.is_equiv_to(&expected) {
        return Ok(());
    }
    let found = found.str()?;
    // A converted copy of an output would be filled and lost.
    let remedy = if name == "out" {
        "make it with dtype=numpy.float32".into()
    } else {
        format!("pass {name}.astype(numpy.float32)")
    };
    Err(PyTypeError::new_err(format!("{name} has dtype {found}, expected float32; {remedy}")))
}

/// A matrix of f32, read in place where its rows lie one after the other.
pub struct Floats<'py>(PyReadonlyArray2<'py, f32>);

impl<'py> Floats<'py> {
    pub fn of(value: &Bound<'py, PyAny>, name: &str) -> PyResult<Self> {
        let array = array(value, name, 2)?;
        check_f32(&array, name)?;
        Ok(Self(laid_out(array.cast::<PyArray2<f32>>()?)?))
    }

    pub fn view(&self) -> ArrayView2<'_, f32> {
        self.0.as_array()
    }

    pub fn span(&self) -> Range<usize> {
        span(self.0.as_slice().unwrap_or_default())
    }

    pub fn rows(&self) -> usize {
        self.0.shape()[0]
    }
}

/// A list of f32.
pub struct Row<'py>(PyReadonlyArray1<'py, f32>);

impl<'py> Row<'py> {
    pub fn of(value: &Bound<'py, PyAny>, name: &str) -> PyResult<Self> {
        let array = array(value, name, 1)?;
        check_f32(&array, name)?;
        Ok(Self(laid_out(array.cast::<PyArray1<f32>>()?)?))
    }

    pub fn slice(&self) -> &[f32] {
        self.0.as_slice().unwrap_or_default()
    }
}

/// Whole numbers of any integer type: those of type `T` in place, others converted.
pub enum Integers<'py, T: Element> {
    Here(PyReadonlyArray1<'py, T>),
    Converted(Vec<T>),
}

impl<'py, T: Element + Copy + Send + TryFrom<i128>> Integers<'py, T> {
    /// `fault` says what is wrong with a number that is no `T`, given its place and itself. The interpreter is released
    /// meanwhile, except for numbers that numpy keeps as objects.
    pub fn of(value: &Bound<'py, PyAny>, name: &str, fault: impl Fn(usize, i128) -> String + Sync) -> PyResult<Self> {
        // Lists and tuples become arrays, as numpy reads them.
        let value = if value.is_instance_of::<PyUntypedArray>() {
            value.clone()
        } else {
            numpy::get_array_module(value.py())?.call_method1("asarray", (value,))?
        };
        let array = array(&value, name, 1)?;
        if let Ok(array) = array.cast::<PyArray1<T>>() {
            return Ok(Self::Here(laid_out(array)?));
        }
        macro_rules! of_type {
            ($($integer:ty),*) => {$(
                if let Ok(array) = array.cast::<PyArray1<$integer>>() {
                    let array = laid_out(array)?;
                    let all = array.as_slice().unwrap_or_default();
                    let converted = value.py().detach(|| converted(all, &fault));
                    return converted.map(Self::Converted).map_err(PyValueError::new_err);
                }
            )*};
        }
        of_type!(i64, i32, u32, u64, i16, u16, i8, u8);
        if array.is_empty() {
            return Ok(Self::Converted(Vec::new()));
        }
        let dtype = array.dtype();
        match dtype.kind() {
            // The bytes of each number lie in the other order.
            b'i' | b'u' if dtype.is_native_byteorder() == Some(false) => {
                let native = dtype.call_method1("newbyteorder", ("=",))?;
                Self::of(&array.call_method1("astype", (native,))?, name, fault)
            }
            // numpy keeps numbers beyond 64 bits as objects.
            b'O' => {
                let mut converted = Vec::with_capacity(array.len());
                for (place, value) in array.try_iter()?.enumerate() {
                    converted.push(Self::of_object(&value?, place, name, &fault)?);
                }
                Ok(Self::Converted(converted))
            }
            _ => {
                let found = dtype.str()?;
                Err(PyTypeError::new_err(format!("{name} has dtype {found}, expected an integer type")))
            }
        }
    }

    fn of_object(
        value: &Bound<'py, PyAny>,
        place: usize,
        name: &str,
        fault: &impl Fn(usize, i128) -> String,
    ) -> PyResult<T> {
        match value.extract::<i128>() {
            Ok(whole) => T::try_from(whole).map_err(|_| PyValueError::new_err(fault(place, whole))),
            Err(error) if error.is_instance_of::<PyOverflowError>(value.py()) => {
                Err(PyValueError::new_err(format!("{name} has {value} at place {place}, which is out of range")))
            }
            Err(_) => {
                let kind = value.get_type().qualname()?;
                Err(PyTypeError::new_err(format!("{name} has a {kind} at place {place}, expected an integer")))
            }
        }
    }

    pub fn slice(&self) -> &[T] {
        match self {
            Self::Here(array) => array.as_slice().unwrap_or_default(),
            Self::Converted(all) => all,
        }
    }

    pub fn into_vec(self) -> Vec<T> {
        match self {
            Self::Here(array) => array.as_slice().unwrap_or_default().to_vec(),
            Self::Converted(all) => all,
        }
    }
}

/// All numbers as `T`, or the fault of the first that is none.
fn converted<T: TryFrom<i128>, I: Copy + Into<i128>>(
    all: &[I],
    fault: &impl Fn(usize, i128) -> String,
) -> Result<Vec<T>, String> {
    let one = |(place, value): (usize, &I)| T::try_from((*value).into()).map_err(|_| fault(place, (*value).into()));
    all.iter().enumerate().map(one).collect()
}

/// Words as targets of a layer with so many words.
pub fn targets<'py>(value: &Bound<'py, PyAny>, vocab: usize) -> PyResult<Integers<'py, u32>> {
    Integers::of(value, "targets", |example, target| {
        format!(
            "target {target} of example {example} is not in the vocabulary of {vocab} words; use numbers from 0 to {}",
            vocab.saturating_sub(1)
        )
    })
}

/// Counts of words.
pub fn counts(value: &Bound<'_, PyAny>) -> PyResult<Vec<u64>> {
    Ok(Integers::of(value, "counts", |word, count| format!("word {word} has count {count}; a count is at least 1"))?
        .into_vec())
}

/// The addresses of a slice.
pub fn span<T>(slice: &[T]) -> Range<usize> {
    let Range { start, end } = slice.as_ptr_range();
    start.addr()..end.addr()
}

/// A matrix of f32 that a call fills: the caller's, or a new one.
pub struct Out<'py> {
    array: Bound<'py, PyArray2<f32>>,
    view: PyReadwriteArray2<'py, f32>,
}

impl<'py> Out<'py> {
    /// `inputs` are the addresses of what the call reads, none of which `given` may cover.
    pub fn of(
        py: Python<'py>,
        given: Option<&Bound<'py, PyAny>>,
        shape: [usize; 2],
        inputs: &[Range<usize>],
    ) -> PyResult<Self> {
        let array = match given {
            None => PyArray2::<f32>::zeros(py, shape, false),
            Some(given) => {
                let array = array(given, "out", 2)?;
                check_f32(&array, "out")?;
                let array = array.cast::<PyArray2<f32>>()?.clone();
                if array.shape() != shape {
                    let ([rows, dim], found) = (shape, array.shape());
                    let message = format!("out has the shape {} × {}, expected {rows} × {dim}", found[0], found[1]);
                    return Err(PyValueError::new_err(message));
                }
                array
            }
        };
        let mut view = array.try_readwrite().map_err(|_| {
            PyValueError::new_err("out is read-only, or shares its memory with an input; pass another array")
        })?;
        if !array.is_c_contiguous() || view.as_slice_mut().is_err() {
            return Err(PyValueError::new_err("out must lie in memory row by row; pass a C-contiguous array"));
        }
        // Arrays of different owners may lie in one memory, which the check of borrows does not see.
        let own = span(view.as_slice().unwrap_or_default());
        if inputs.iter().any(|input| input.start.max(own.start) < input.end.min(own.end)) {
            return Err(PyValueError::new_err("out shares its memory with an input; pass another array"));
        }
        Ok(Self { array, view })
    }

    pub fn view(&mut self) -> ArrayViewMut2<'_, f32> {
        self.view.as_array_mut()
    }

    pub fn into_array(self) -> Bound<'py, PyArray2<f32>> {
        self.array
    }
}

/// A whole number of Python as one of Rust. One that is negative or too large is a ValueError with the argument's name.
pub fn whole<T: TryFrom<u64>>(value: &Bound<'_, PyAny>, name: &str) -> PyResult<T> {
    let whole = match value.extract::<u64>() {
        Ok(whole) => T::try_from(whole).ok(),
        Err(error) if error.is_instance_of::<PyOverflowError>(value.py()) => None,
        Err(error) => return Err(error),
    };
    whole.ok_or_else(|| {
        PyValueError::new_err(format!("{name} is {value}, which is negative or too large for its place"))
    })
}

/// Whole numbers by the name of their argument; None leaves out one that is not needed.
pub mod named {
    use super::{Bound, PyAny, PyAnyMethods, PyResult};

    macro_rules! named {
        ($($name:ident)*) => {$(
            pub fn $name<T: TryFrom<u64>>(value: &Bound<'_, PyAny>) -> PyResult<T> {
                super::whole(value, stringify!($name))
            }
        )*};
    }
    named!(dim seed threads table k draws topn);

    macro_rules! optional {
        ($($name:ident)*) => {$(
            pub fn $name<T: TryFrom<u64>>(value: &Bound<'_, PyAny>) -> PyResult<Option<T>> {
                if value.is_none() { Ok(None) } else { super::whole(value, stringify!($name)).map(Some) }
            }
        )*};
    }
    optional!(limit restrict_vocab);
}

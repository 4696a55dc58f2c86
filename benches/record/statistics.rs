//! Medians and means of a few numbers.

use serde::Serialize;

/// The median and the extremes of some numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    pub n: usize,
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    /// `None` without numbers. The median of an even number of values is the mean of the middle two.
    pub fn new(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_unstable_by(f64::total_cmp);
        let n = values.len();
        let (min, max) = (*values.first()?, *values.last()?);
        Some(Self { n, median: 0.5 * (values[(n - 1) / 2] + values[n / 2]), min, max })
    }
}

/// A mean with its standard error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Mean {
    pub n: usize,
    pub mean: f64,
    /// √(Σ (x − mean)² / (n − 1) / n); null for one number.
    pub standard_error: Option<f64>,
}

impl Mean {
    /// `None` without numbers.
    pub fn new(values: &[f64]) -> Option<Self> {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
        let standard_error = (values.len() > 1).then(|| (squares / (n - 1.0) / n).sqrt());
        (!values.is_empty()).then_some(Self { n: values.len(), mean, standard_error })
    }
}

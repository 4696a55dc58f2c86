//! One step of a layer, with all its results and draws.

use super::params::Params;
use super::spy::Spy;
use crate::layer::{Batch, OutputLayer, Scratch};
use crate::rng::WorkerRng;
use crate::sampler::Hits;
use crate::table::{Cost, Deferred, Matrix, Table, Tables, Threads};
use crate::vocab::WordId;
use ndarray::Array2;

/// The draws of a step.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Words that were drawn.
    pub words: Vec<WordId>,
    /// Correction of each draw.
    pub ln_q: Vec<f64>,
    /// Correction of each example's target.
    pub target_ln_q: Vec<f64>,
    /// Treatment of a draw that equals the target.
    pub hits: Hits,
    /// Rows that the step read from the first table.
    pub rows: Vec<WordId>,
    /// Whether each example was scanned against all rows of the first table.
    pub scanned: Vec<bool>,
}

/// The results of a step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Σ_b weight_b·loss_b, as the layer returns it.
    pub total: f64,
    /// Loss of each example.
    pub losses: Vec<f64>,
    /// ∂L/∂hidden, B×d, added to its initial value.
    pub d_hidden: Array2<f32>,
    /// ∂L/∂W of each table.
    pub gradients: Vec<Params>,
    /// Draws of the step.
    pub sample: Sample,
    /// Counted work.
    pub cost: Cost,
}

/// Records of work on tables.
#[derive(Debug)]
pub struct Recorded {
    /// ∂L/∂W of each table.
    pub gradients: Vec<Params>,
    /// Rows of every few-row step on the first table.
    rows: Vec<WordId>,
    /// Hidden vectors of every scan of the first table.
    scanned: Vec<Vec<f32>>,
}

/// Runs `work` on tables. Their gradients are recorded and not applied.
pub fn recorded<T>(matrices: &[Matrix], threads: &Threads, work: impl FnOnce(&mut Tables) -> T) -> (T, Recorded) {
    let mut matrices = matrices.to_vec();
    let shapes: Vec<_> = matrices.iter().map(Matrix::shape).collect();
    let mut handles: Vec<_> = matrices.iter_mut().map(|m| Deferred::new(m, 1.0, threads.clone())).collect();
    let mut rows = vec![Vec::new(); handles.len()];
    let mut scanned = vec![Vec::new(); handles.len()];
    let spy = |((inner, rows), scanned)| Box::new(Spy { inner, rows, scanned }) as Box<dyn Table>;
    let inner = handles.iter_mut().map(|h| h as &mut dyn Table);
    let mut w = Tables::new(inner.zip(&mut rows).zip(&mut scanned).map(spy).collect());
    let done = work(&mut w);
    drop(w);
    let gradients =
        handles.iter().zip(shapes).map(|(handle, shape)| gradients(handle, shape.rows, shape.bias)).collect();
    let first = |of: Vec<_>| of.into_iter().next();
    let rows = rows.into_iter().next().unwrap_or_default();
    (done, Recorded { gradients, rows, scanned: first(scanned).unwrap_or_default() })
}

impl Step {
    /// Takes a step that moves nothing. `d_hidden` starts at `from`.
    pub fn take(
        layer: &dyn OutputLayer,
        matrices: &[Matrix],
        batch: Batch,
        seed: u64,
        threads: &Threads,
        from: f32,
    ) -> Self {
        let mut s = Scratch::new(WorkerRng::new(seed, 0));
        let mut d_hidden = Array2::from_elem(batch.hidden.raw_dim(), from);
        let mut losses = vec![f64::NAN; batch.len()];
        let ((total, cost), Recorded { gradients, rows, scanned }) = recorded(matrices, threads, |w| {
            let total = layer.step(w, batch, &mut s, d_hidden.view_mut(), Some(&mut losses));
            (total, w.cost())
        });
        let wide = |xs: &[f32]| xs.iter().map(|x| f64::from(*x)).collect();
        let sample = Sample {
            ln_q: wide(&s.draws.ln_q),
            target_ln_q: wide(&s.draws.target_ln_q),
            hits: s.draws.hits,
            words: s.draws.words,
            rows,
            scanned: batch.hidden.rows().into_iter().map(|h| scanned.contains(&h.to_vec())).collect(),
        };
        Self { total, losses, d_hidden, gradients, sample, cost }
    }
}

fn gradients(handle: &Deferred, rows: u32, has_bias: bool) -> Params {
    let (mut weights, mut bias) = (Vec::new(), Vec::new());
    for row in 0..rows {
        let (gradient, of_bias) = handle.row_gradient(row);
        weights.push(gradient.into_iter().map(f64::from).collect());
        if has_bias {
            bias.push(f64::from(of_bias));
        }
    }
    Params { weights, bias }
}

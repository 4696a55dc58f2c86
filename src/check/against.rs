//! Comparison of a layer with the naive layer in f64.

use super::Audit;
use super::audit::{AuditConfig, Rig};
use super::reference::{Expected, Params, Reference, Step, log_prob_findings};
use crate::layer::{LayerExt, OutputLayer, Scratch};
use crate::rng::WorkerRng;
use crate::table::Threads;
use ndarray::Array2;

/// Compares a layer with a naive layer that has the same weights, on the same batch and draws.
///
/// It compares ln P of every word, every loss and every gradient. The tolerance is the bound on f32 rounding
/// ([`Expected`]).
///
/// [`audit`](super::audit()) checks whether a layer agrees with itself; this function checks whether it computes what
/// its name says.
///
/// # Panics
/// If the shapes of the layer's tables are not those that the reference expects.
pub fn against(layer: &dyn OutputLayer, reference: &Reference, settings: &AuditConfig) -> Audit {
    let rig = Rig::new(layer, settings);
    let tables: Vec<Params> = rig.matrices.iter().map(Params::of).collect();
    let batch = rig.batch();
    let mut all = Array2::zeros((batch.len(), layer.vocab()));
    let mut of_target = vec![0.0; batch.len()];
    let (mut w, mut s) = (rig.frozen(), Scratch::new(WorkerRng::new(settings.seed, 1)));
    layer.log_probs(&mut w, batch.hidden, &mut s, all.view_mut());
    layer.log_prob(&mut w, batch, &mut s, &mut of_target);
    let mut findings = log_prob_findings(reference, &tables, &batch, (&all, &of_target));
    let step = Step::take(layer, &rig.matrices, batch, settings.seed, &Threads::default(), 0.0);
    findings.extend(Expected::new(reference, &tables, &batch, &step.sample).findings(&step));
    Audit { findings }
}

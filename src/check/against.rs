//! A layer against the naive one in f64.

use super::Audit;
use super::audit::{AuditConfig, Rig};
use super::reference::{Expected, Params, Reference, Step, log_prob_findings};
use crate::layer::{LayerExt, OutputLayer, Scratch};
use crate::rng::WorkerRng;
use crate::table::Threads;
use ndarray::Array2;

/// Holds what a layer gives against a naive layer with the same weights, on the same batch and draws: ln P of every word,
/// every loss and every gradient. The tolerance is what f32 may round ([`Expected`]).
///
/// Beside [`audit`](super::audit()), which asks whether a layer agrees with itself, this asks whether it is the layer that it is
/// said to be.
///
/// # Panics
/// If the tables of the layer are not of the shapes that the reference expects.
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

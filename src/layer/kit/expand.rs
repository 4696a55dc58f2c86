//! Loss options for layers that handle single target words. Ignored targets are left out, and word weights become
//! upstream factors. A soft target becomes one example per word, all with the same hidden vector.

use crate::layer::{Batch, Scratch};
use crate::objective::{LossOption, LossOptions};
use crate::table::Tables;
use crate::vocab::WordId;
use ndarray::{Array2, ArrayViewMut2, Axis};

/// The options that such a layer supports.
pub const HONOURED: &[LossOption] = &[LossOption::Ignored, LossOption::WordWeights, LossOption::SoftTargets];

/// The step of the layer on a batch of words.
pub type PlainStep<'a> = &'a dyn Fn(&mut Tables, Batch, &mut Scratch, ArrayViewMut2<f32>, Option<&mut [f64]>) -> f64;

/// Takes a step under the options.
pub fn step(
    options: &LossOptions,
    plain: PlainStep,
    w: &mut Tables,
    batch: Batch,
    s: &mut Scratch,
    mut d_hidden: ArrayViewMut2<f32>,
    losses: Option<&mut [f64]>,
) -> f64 {
    if options.is_plain() {
        return plain(w, batch, s, d_hidden, losses);
    }
    let (mut of, mut targets, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    for b in 0..batch.len() {
        let mut add = |word: WordId, share: f32| {
            of.push(b);
            targets.push(word);
            weights.push(batch.weight(b) * share * options.word_weight(word));
        };
        match batch.soft {
            Some(soft) => {
                options.assert_soft();
                soft.words_of(b).for_each(|(word, share)| add(word, share));
            }
            None if options.ignored() == Some(batch.targets[b]) => {}
            None => add(batch.targets[b], 1.0),
        }
    }
    let hidden = batch.hidden.select(Axis(0), &of);
    let mut d_expanded = Array2::zeros(hidden.raw_dim());
    let mut apart = vec![0.0; of.len()];
    let expanded = Batch { weights: Some(&weights), ..Batch::new(hidden.view(), &targets) };
    let total = plain(w, expanded, s, d_expanded.view_mut(), Some(&mut apart));
    for (b, d) in of.iter().zip(d_expanded.rows()) {
        let mut row = d_hidden.row_mut(*b);
        row += &d;
    }
    if let Some(losses) = losses {
        losses.fill(0.0);
        of.iter().zip(&apart).for_each(|(b, loss)| losses[*b] += loss);
    }
    total
}

/// Returns the targets that are not ignored; they decide the cost of a step.
pub fn counted(options: &LossOptions, targets: &[WordId]) -> Vec<WordId> {
    targets.iter().copied().filter(|t| options.ignored() != Some(*t)).collect()
}

//! σ as other programs compute it in training: from a table with a cut-off.

use crate::simd;
use serde::{Deserialize, Serialize};

/// Method to compute σ(z) of a decision in training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum), value(rename_all = "lower"))]
#[non_exhaustive]
pub enum Sigmoid {
    /// The exact function.
    #[default]
    Exact,
    /// word2vec.c's table.
    Word2vec,
    /// gensim's table.
    Gensim,
    /// fastText's table.
    FastText,
}

impl Sigmoid {
    /// The table; `None` if σ is exact. `tree` selects the variant for hierarchical softmax.
    pub fn table(self, tree: bool) -> Option<SigmoidTable> {
        match self {
            Self::Exact => None,
            Self::Word2vec => Some(SigmoidTable::word2vec(tree)),
            Self::Gensim => Some(SigmoidTable::gensim()),
            Self::FastText => Some(SigmoidTable::fasttext()),
        }
    }
}

/// A table of σ over ±`end`, as in another program.
///
/// | | entries | over | beyond, in the tree | beyond, in negative sampling |
/// |---|---:|---|---|---|
/// | [`word2vec`](Self::word2vec) | 1,000 | ±6 | the decision is dropped | σ is 0 or 1 |
/// | [`gensim`](Self::gensim) | 1,000 | ±6 | the decision is dropped | the decision is dropped |
/// | [`fasttext`](Self::fasttext) | 513 | ±8 | σ is 0 or 1 | σ is 0 or 1 |
///
/// A dropped decision has no gradient, even if it is wrong. The reported loss is always exact.
#[derive(Clone, Debug)]
pub struct SigmoidTable {
    values: Vec<f32>,
    end: f32,
    /// Entries per unit of score.
    scale: f32,
    drops: bool,
}

impl SigmoidTable {
    /// The table of word2vec.c. `tree` selects the variant of its hierarchical softmax.
    pub fn word2vec(tree: bool) -> Self {
        // C divides integers: EXP_TABLE_SIZE / MAX_EXP / 2 is 83.
        Self { values: table(1_000, 6.0), end: 6.0, scale: 83.0, drops: tree }
    }

    /// The table of gensim.
    pub fn gensim() -> Self {
        Self { drops: true, ..Self::word2vec(true) }
    }

    /// The table of fastText.
    pub fn fasttext() -> Self {
        let mut values = table(512, 8.0);
        values.push(sigmoid(8.0));
        Self { values, end: 8.0, scale: 32.0, drops: false }
    }

    /// Returns the exact loss Σ −ln σ(sign·z), and sets z ← σ̂(z) − \[sign is +\], with σ̂ from the table. A sign of 0
    /// gives a derivative of 0. `signs` has one entry per score.
    pub fn logistic(&self, zs: &mut [f32], signs: &[f32]) -> f64 {
        const CHUNK: usize = 64;
        assert_eq!(zs.len(), signs.len(), "scores and signs");
        let mut loss = 0.0;
        for (zs, signs) in zs.chunks_mut(CHUNK).zip(signs.chunks(CHUNK)) {
            let mut copy = [0.0; CHUNK];
            let copy = &mut copy[..zs.len()];
            copy.copy_from_slice(zs);
            loss += simd::logistic(copy, signs);
            let gradient =
                |(z, sign): (&mut f32, &f32)| *z = if *sign == 0.0 { 0.0 } else { self.gradient(*z, *sign > 0.0) };
            zs.iter_mut().zip(signs).for_each(gradient);
        }
        loss
    }

    /// [`simd::votes`] with the exact loss, and σ̂ from the table in the derivative.
    pub(crate) fn votes(&self, zs: &mut [f32], toward: &[f32], against: &[f32]) -> f64 {
        const CHUNK: usize = 64;
        let mut loss = 0.0;
        for (zs, (toward, against)) in zs.chunks_mut(CHUNK).zip(toward.chunks(CHUNK).zip(against.chunks(CHUNK))) {
            let mut copy = [0.0; CHUNK];
            let copy = &mut copy[..zs.len()];
            copy.copy_from_slice(zs);
            loss += simd::votes(copy, toward, against);
            for (z, (toward, against)) in zs.iter_mut().zip(toward.iter().zip(against)) {
                let part = |weight: f32, positive: bool| match weight {
                    0.0 => 0.0,
                    weight => weight * self.gradient(*z, positive),
                };
                *z = part(*against, false) + part(*toward, true);
            }
        }
        loss
    }

    fn gradient(&self, z: f32, positive: bool) -> f32 {
        let label = if positive { 1.0 } else { 0.0 };
        let within = if self.drops { z > -self.end && z < self.end } else { z >= -self.end && z <= self.end };
        if within {
            let at = ((z + self.end) * self.scale) as usize;
            self.values[at.min(self.values.len() - 1)] - label
        } else if self.drops {
            0.0
        } else {
            (if z > 0.0 { 1.0 } else { 0.0 }) - label
        }
    }
}

fn sigmoid(z: f64) -> f32 {
    (1.0 / (1.0 + (-z).exp())) as f32
}

/// σ at `entries` points from −`end` to `end`, without `end` itself.
fn table(entries: u32, end: f64) -> Vec<f32> {
    (0..entries).map(|i| sigmoid((f64::from(i) / f64::from(entries) * 2.0 - 1.0) * end)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_those_of_the_programs() {
        let all = [
            (SigmoidTable::word2vec(true), 6.0, true),
            (SigmoidTable::word2vec(false), 6.0, false),
            (SigmoidTable::gensim(), 6.0, true),
            (SigmoidTable::fasttext(), 8.0, false),
        ];
        for (table, end, drops) in all {
            let zs: Vec<f32> = (-2_000..=2_000).map(|i| i as f32 * 0.01).collect();
            let signs: Vec<f32> = (0..zs.len()).map(|i| if i % 3 == 0 { 1.0 } else { -1.0 }).collect();
            let (mut ks, mut exact) = (zs.clone(), zs.clone());
            let loss = table.logistic(&mut ks, &signs);
            let want: f64 = zs.chunks(64).zip(signs.chunks(64)).map(|(z, s)| simd::logistic(&mut z.to_vec(), s)).sum();
            assert_eq!(loss, want);
            simd::logistic(&mut exact, &signs);
            for i in 0..zs.len() {
                let beyond = zs[i].abs() > end + 1e-3;
                match (beyond, drops) {
                    (true, true) => assert_eq!(ks[i], 0.0, "{}", zs[i]),
                    // No gradient if it is right, the full one if it is wrong.
                    (true, false) => assert_eq!(ks[i], if zs[i] * signs[i] > 0.0 { 0.0 } else { -signs[i] }),
                    // σ' ≤ 1/4. Entries are at most 0.03125 apart, and 83 instead of 83.33 shifts them by up to 0.048.
                    (false, _) if zs[i].abs() < end - 1e-3 => {
                        assert!((ks[i] - exact[i]).abs() < 0.25 * 0.08, "{}", zs[i])
                    }
                    _ => {}
                }
            }
        }
        // expTable[(int)((1.0 + 6) * 83)] of word2vec.c: entry 581, σ(6·(2·581/1000 − 1)) = σ(0.972).
        let mut z = [1.0];
        SigmoidTable::word2vec(false).logistic(&mut z, &[-1.0]);
        assert!((f64::from(z[0]) - 1.0 / (1.0 + (-0.972f64).exp())).abs() < 1e-7);
        // t_sigmoid_[(1 + 8) * 32] of fastText: σ(1) itself.
        let mut z = [1.0];
        SigmoidTable::fasttext().logistic(&mut z, &[1.0]);
        assert!((f64::from(z[0]) - (1.0 / (1.0 + (-1f64).exp()) - 1.0)).abs() < 1e-7);
    }
}

//! The best word for each of many queries, computed tile by tile. The matrix of queries × words is never stored.

use crate::simd;
use crate::table::kernel::tile::Packed;
use crate::vocab::WordId;
use ndarray::Array2;

/// The number of queries whose scores are computed together.
pub const BLOCK: usize = 256;

/// ε in the denominator of 3CosMul, as in gensim.
const EPSILON: f32 = 1e-6;

/// An analogy question.
pub struct Query {
    /// a is to b as c is to the answer.
    pub words: [WordId; 3],
    /// Words excluded from the answers.
    pub excluded: Vec<WordId>,
}

/// A method of scoring answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Method {
    /// 3CosAdd: the cosine to b − a + c.
    ///
    /// Adds vectors of length 1, and takes the first word with the greatest product (Mikolov et al. 2013).
    #[default]
    #[serde(rename = "3CosAdd")]
    #[cfg_attr(feature = "cli", value(name = "add"))]
    CosAdd,
    /// 3CosMul: products and quotients of cosines.
    ///
    /// cos(x, b)·cos(x, c) / (cos(x, a) + 10⁻⁶) with cosines shifted to \[0, 1\] (Levy & Goldberg 2014, eq. 4 and note
    /// 7).
    #[serde(rename = "3CosMul")]
    #[cfg_attr(feature = "cli", value(name = "mul"))]
    CosMul,
}

impl Method {
    /// The name of the method.
    pub fn name(self) -> &'static str {
        crate::names::name(&self)
    }
}

/// The best word for each of at most [`BLOCK`] queries: the first word with the greatest score, if that is above
/// `floor`.
///
/// `units` is V×dim; its rows have length 1 or consist of NaN. With hardware support, a 3CosAdd score is one chain of
/// fused multiply-adds in the order of the entries, which equals word2vec's own loop bit for bit.
pub fn best(units: &[f32], dim: usize, queries: &[Query], method: Method, floor: f32) -> Vec<Option<WordId>> {
    let unit = |word: WordId| &units[word as usize * dim..][..dim];
    // At least 16 rows, so that the code for many rows is used.
    let rows = queries.len().max(16);
    let pack = |entry: &dyn Fn(&Query, usize) -> f32| {
        let x = Array2::from_shape_fn((rows, dim), |(q, k)| queries.get(q).map_or(0.0, |query| entry(query, k)));
        let mut packed = Packed::default();
        packed.for_scan(&x.view());
        packed
    };
    let one = |at: usize| pack(&|query, k| unit(query.words[at])[k]);
    let factors = match method {
        Method::CosAdd => vec![pack(&|query, k| {
            let [a, b, c] = query.words.map(|word| unit(word)[k]);
            (b - a) + c
        })],
        Method::CosMul => vec![one(1), one(2), one(0)],
    };
    let (stride, tile) = (factors[0].stride, factors[0].tile_rows());
    let mut scores: Vec<Vec<f32>> = factors.iter().map(|_| vec![0.0; stride * tile]).collect();
    let mut excluded: Vec<(WordId, usize)> =
        (0..).zip(queries).flat_map(|(lane, query)| query.excluded.iter().map(move |word| (*word, lane))).collect();
    excluded.sort_unstable();
    let mut excluded = excluded.into_iter().peekable();
    let (mut best, mut at) = (vec![floor; queries.len()], vec![WordId::MAX; queries.len()]);
    for (start, weights) in (0..).step_by(tile).zip(units.chunks(tile * dim)) {
        let words = weights.len() / dim;
        for (factor, scores) in factors.iter().zip(&mut scores) {
            factor.scores(weights, &[], &mut scores[..stride * words]);
        }
        let (sum, others) = scores.split_first_mut().expect("a factor at least");
        if let [c, a] = others {
            simd::cos_mul(&mut sum[..stride * words], c, a, EPSILON);
        }
        while let Some((word, lane)) = excluded.next_if(|(word, _)| (*word as usize) < start + words) {
            sum[(word as usize - start) * stride + lane] = f32::NEG_INFINITY;
        }
        simd::keep_best(&mut best, &mut at, &sum[..stride * words], stride, start as u32);
    }
    at.into_iter().map(|word| Some(word).filter(|word| *word != WordId::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::WorkerRng;
    use rand::RngExt;

    /// Compares with an f64 loop over all words. There are enough words for several tiles, and some ties.
    #[test]
    fn is_the_first_best_of_all_words() {
        let (words, dim) = (700, 7);
        let mut rng = WorkerRng::new(3, 0);
        let mut units: Vec<f32> = (0..words * dim).map(|_| rng.random::<f32>() - 0.5).collect();
        for row in units.chunks_exact_mut(dim) {
            let norm = row.iter().map(|x| x * x).sum::<f32>().sqrt();
            row.iter_mut().for_each(|x| *x /= norm);
        }
        // The words from 600 on repeat the first ones; one word has no direction.
        units.copy_within(0..100 * dim, 600 * dim);
        units[50 * dim..51 * dim].fill(f32::NAN);
        let word = |n: usize| (n * 7919 % 600) as WordId;
        let query = |q: usize| [word(3 * q), word(3 * q + 1), word(3 * q + 2)];
        let queries: Vec<Query> = (0..200).map(query).map(|words| Query { words, excluded: words.to_vec() }).collect();
        let unit = |w: usize| &units[w * dim..][..dim];
        let cos = |a: usize, b: usize| -> f64 {
            unit(a).iter().zip(unit(b)).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        for method in [Method::CosAdd, Method::CosMul] {
            let found = best(&units, dim, &queries, method, f32::NEG_INFINITY);
            for (query, found) in queries.iter().zip(found) {
                let [a, b, c] = query.words.map(|w| w as usize);
                let score = |x: usize| match method {
                    Method::CosAdd => cos(x, b) - cos(x, a) + cos(x, c),
                    Method::CosMul => {
                        let shifted = |y| (1.0 + cos(x, y)) / 2.0;
                        shifted(b) * shifted(c) / (shifted(a) + 1e-6)
                    }
                };
                if [a, b, c].contains(&50) {
                    assert_eq!(found, None);
                    continue;
                }
                let found = found.unwrap() as usize;
                let rest = (0..words).filter(|x| !query.excluded.contains(&(*x as WordId)));
                let top = rest.map(score).filter(|s| !s.is_nan()).fold(f64::NEG_INFINITY, f64::max);
                // Roundings in f32 of three products of length dim, of numbers up to 1. 3CosMul divides by at least
                // 1e-6 and is compared relatively.
                assert!((top - score(found)) / top.abs().max(1.0) <= 1e-5, "{method:?} {query:?}", query = query.words);
                assert!(!query.excluded.contains(&(found as WordId)));
                // Of two words with the same vector, the first is found unless it is excluded.
                assert!(found < 600 || query.excluded.contains(&(found as WordId - 600)));
            }
        }
        // No score exceeds the greatest possible one.
        assert!(best(&units, dim, &queries[..3], Method::CosAdd, 3.0).iter().all(Option::is_none));
    }
}

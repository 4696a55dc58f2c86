//! The cut-offs of an adaptive softmax, and the choice of the fastest ones.

use crate::error::{Error, Result};
use crate::vocab::Counts;
use serde::Serialize;

/// The ends of the short list and of each tail but the last: increasing numbers of words below V.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cutoffs {
    bounds: Vec<u32>,
    vocab: u32,
}

/// Model of the time of a scan and a sweep over k words for n examples of size d: c + λ·max(0, 3·k·n·d − k₀)
/// nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CostModel {
    /// c: the time of the smallest call, in nanoseconds.
    pub call_ns: f64,
    /// λ: nanoseconds per multiply-add.
    pub ns_per_multiply_add: f64,
    /// k₀: the multiply-adds that the constant c already covers.
    pub free_multiply_adds: f64,
}

impl CostModel {
    /// A machine with round numbers: 40 µs for the smallest call, 10¹¹ multiply-adds per second, the first two million
    /// of them free. It is the default, so that a name means the same layer on every machine. `lexmax cutoffs` measures
    /// your machine.
    pub const REFERENCE: Self = Self { call_ns: 40_000.0, ns_per_multiply_add: 0.01, free_multiply_adds: 2e6 };

    /// Expected nanoseconds for n examples. A call without examples costs nothing.
    fn nanoseconds(&self, words: f64, examples: f64, dim: f64) -> f64 {
        let called = 1.0 - (-examples).exp();
        let madds = 3.0 * words * examples * dim;
        called * self.call_ns + self.ns_per_multiply_add * (madds - called * self.free_multiply_adds).max(0.0)
    }
}

/// The setting for which cut-offs are chosen.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CutoffPlan {
    /// Size of the hidden vector, d.
    pub dim: usize,
    /// Tail i (from 0) has vectors of size d / division^(i + 1).
    pub division: f64,
    /// Number of examples in a batch.
    pub batch: usize,
    /// Maximum number of tails.
    pub tails: usize,
}

impl CutoffPlan {
    /// Default number of examples in a batch.
    pub const BATCH: usize = 256;
    /// Default size of the hidden vectors.
    pub const DIM: usize = 100;
    /// Default maximum number of tails, as in the layer's key.
    pub(crate) const TAILS: &'static str = "4";
    /// Default division, as in the layer's key.
    pub(crate) const DIVISION: &'static str = "4";

    /// Creates a plan for hidden vectors of size `dim`, with the defaults of the layer in the catalogue.
    pub fn new(dim: usize) -> Self {
        let (division, tails) = (Self::DIVISION.parse(), Self::TAILS.parse());
        Self { dim, division: division.expect("a number"), batch: Self::BATCH, tails: tails.expect("a number") }
    }
}

/// Returns the size of the vectors of tail i, from 0; at least 1.
pub fn tail_dim(dim: usize, division: f64, tail: usize) -> usize {
    ((dim as f64 / division.powi(tail as i32 + 1)) as usize).max(1)
}

impl Cutoffs {
    /// Creates the given cut-offs.
    ///
    /// # Errors
    /// The cut-offs do not increase, the first is 0, or the last leaves no word to the last tail.
    pub fn new(bounds: Vec<usize>, vocab: usize) -> Result<Self> {
        let mut previous = 0;
        for next in &bounds {
            if *next <= previous || *next >= vocab {
                return Err(Error::CutoffsNotRising { previous, next: *next, vocab });
            }
            previous = *next;
        }
        Ok(Self { bounds: bounds.into_iter().map(|b| b as u32).collect(), vocab: vocab as u32 })
    }

    /// Returns the cut-offs with the least expected time per step, found by dynamic programming over about 200 places
    /// (Grave et al. 2017, sec. 4.3). There are none if a plain softmax is as fast.
    pub fn best(counts: &Counts, plan: &CutoffPlan, model: &CostModel) -> Self {
        let places = places(counts.len());
        let mut mass = vec![0.0; places.len()];
        let (mut sum, mut place) = (0u64, 0);
        for (word, count) in counts.as_slice().iter().enumerate() {
            while place < places.len() && places[place] == word {
                mass[place] = sum as f64 / counts.total() as f64;
                place += 1;
            }
            sum += count;
        }
        *mass.last_mut().expect("the vocabulary's end") = 1.0;
        let dynamic = Dynamic { places: &places, mass: &mass, plan, model };
        let (_, cut) = (0..=plan.tails)
            .map(|tails| dynamic.best(tails))
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .expect("no tail is a choice too");
        Self { bounds: cut.into_iter().map(|p| places[p] as u32).collect(), vocab: counts.len() as u32 }
    }

    /// The cut-offs.
    pub fn as_slice(&self) -> &[u32] {
        &self.bounds
    }

    /// Number of words, V.
    pub fn vocab(&self) -> usize {
        self.vocab as usize
    }
}

/// Returns the candidate cuts: every number of words up to 40, then in steps of a twentieth, and the end of the
/// vocabulary.
fn places(vocab: usize) -> Vec<usize> {
    let mut places = Vec::new();
    let mut at = 1;
    while at < vocab {
        places.push(at);
        at += (at / 20).max(1);
    }
    places.push(vocab);
    places
}

/// The search for the best cut-offs with a fixed number of tails.
struct Dynamic<'a> {
    places: &'a [usize],
    /// The share of the text that the words before each place cover.
    mass: &'a [f64],
    plan: &'a CutoffPlan,
    model: &'a CostModel,
}

impl Dynamic<'_> {
    /// Returns the least time of a step with this number of tails, and their places.
    fn best(&self, tails: usize) -> (f64, Vec<usize>) {
        let end = self.places.len() - 1;
        let dim = self.plan.dim as f64;
        let batch = self.plan.batch as f64;
        let head = |place: usize| self.model.nanoseconds((self.places[place] + tails) as f64, batch, dim);
        if tails == 0 {
            return (head(end), Vec::new());
        }
        // best[i][s]: the least time of the tails from i on, if tail i begins at place s, and the place where tail i
        // ends.
        let mut best = vec![vec![(f64::INFINITY, end); end + 1]; tails + 1];
        best[tails][end].0 = 0.0;
        for tail in (0..tails).rev() {
            for start in 0..end {
                let until = |stop: usize| (self.tail(tail, start, stop) + best[tail + 1][stop].0, stop);
                let least = (start + 1..=end).map(until).min_by(|a, b| a.0.total_cmp(&b.0));
                best[tail][start] = least.expect("a place behind the start");
            }
        }
        let start = (0..end).min_by(|a, b| (head(*a) + best[0][*a].0).total_cmp(&(head(*b) + best[0][*b].0)));
        let Some(start) = start else { return (f64::INFINITY, Vec::new()) };
        let mut cut = vec![start];
        for tail in 0..tails - 1 {
            cut.push(best[tail][cut[tail]].1);
        }
        (head(start) + best[0][start].0, cut)
    }

    /// Returns the time of a tail between two places: its projection and its words.
    fn tail(&self, tail: usize, start: usize, stop: usize) -> f64 {
        let examples = self.plan.batch as f64 * (self.mass[stop] - self.mass[start]);
        let short = tail_dim(self.plan.dim, self.plan.division, tail) as f64;
        let words = (self.places[stop] - self.places[start]) as f64;
        self.model.nanoseconds(short, examples, self.plan.dim as f64) + self.model.nanoseconds(words, examples, short)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: CutoffPlan = CutoffPlan { dim: 64, division: 4.0, batch: 128, tails: 2 };
    const LINEAR: CostModel = CostModel { call_ns: 1e4, ns_per_multiply_add: 0.02, free_multiply_adds: 0.0 };

    fn zipf(vocab: u64) -> Counts {
        Counts::new((1..=vocab).map(|rank| 1_000_000 / rank).collect()).unwrap()
    }

    /// The time of given cut-offs, computed from the definition.
    fn time(counts: &Counts, bounds: &[usize], model: &CostModel) -> f64 {
        let mass = |from: usize, to: usize| (from as u32..to as u32).map(|w| counts.probability(w)).sum::<f64>();
        let head = bounds.first().map_or(counts.len(), |first| first + bounds.len());
        let mut time = model.nanoseconds(head as f64, 128.0, 64.0);
        for (i, start) in bounds.iter().enumerate() {
            let stop = bounds.get(i + 1).copied().unwrap_or(counts.len());
            let (examples, short) = (128.0 * mass(*start, stop), [16.0, 4.0][i]);
            time += model.nanoseconds(short, examples, 64.0);
            time += model.nanoseconds((stop - start) as f64, examples, short);
        }
        time
    }

    #[test]
    fn the_best_cut_offs_are_those_of_all_tried() {
        let counts = zipf(60);
        for model in [LINEAR, CostModel { call_ns: 10.0, ..LINEAR }, CostModel { free_multiply_adds: 1e5, ..LINEAR }] {
            let places = places(60);
            let mut tried = vec![vec![]];
            for (i, a) in places.iter().enumerate() {
                tried.push(vec![*a]);
                tried.extend(places[i + 1..].iter().map(|b| vec![*a, *b]));
            }
            tried.retain(|bounds| bounds.iter().all(|b| *b < 60));
            let least = tried.iter().map(|b| time(&counts, b, &model)).fold(f64::INFINITY, f64::min);
            let best: Vec<usize> = Cutoffs::best(&counts, &PLAN, &model).bounds.iter().map(|b| *b as usize).collect();
            assert!((time(&counts, &best, &model) - least).abs() <= 1e-9 * least, "{model:?}: {best:?}");
        }
    }

    #[test]
    fn a_large_vocabulary_is_cut_and_a_small_one_is_not() {
        assert!(Cutoffs::best(&zipf(2), &PLAN, &LINEAR).bounds.is_empty());
        assert!(Cutoffs::best(&zipf(1), &PLAN, &LINEAR).bounds.is_empty());
        let cut = Cutoffs::best(&zipf(100_000), &PLAN, &LINEAR);
        assert!(cut.bounds.len() == 2 && (100..20_000).contains(&cut.bounds[0]), "{cut:?}");
    }

    #[test]
    fn what_does_not_rise_is_refused() {
        for bounds in [vec![0], vec![5, 5], vec![5, 4], vec![10]] {
            assert!(matches!(Cutoffs::new(bounds, 10), Err(Error::CutoffsNotRising { .. })));
        }
        assert!(Cutoffs::new(vec![], 10).is_ok() && Cutoffs::new(vec![1, 9], 10).is_ok());
    }
}

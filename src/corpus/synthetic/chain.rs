//! The Markov chain of classes that underlies the synthetic language.

use crate::rng::WorkerRng;
use crate::rng::{below, shuffle, uniform};

/// ε, the share of steps to a class that is drawn uniformly.
const SMOOTHING: f64 = 1e-2;

/// Successors of a class in the sparse part of the transitions.
const SUCCESSORS: usize = 3;

/// A Markov chain of C classes with transitions T = (1 − ε)·S + ε/C, where S leads from each class to at most three.
#[derive(Clone, Debug)]
pub(crate) struct ClassChain {
    /// S: the successors of a class, with their cumulative weights.
    successors: Vec<Vec<(usize, f64)>>,
    /// T, C×C.
    transitions: Vec<f64>,
    /// π, with π·T = π.
    stationary: Vec<f64>,
}

impl ClassChain {
    pub(crate) fn new(classes: usize, rng: &mut WorkerRng) -> Self {
        let successors = draw_successors(classes, rng);
        let transitions = smooth(&successors);
        let stationary = stationary(&transitions, classes);
        Self { successors, transitions, stationary }
    }

    pub(crate) fn len(&self) -> usize {
        self.stationary.len()
    }

    pub(crate) fn stationary(&self) -> &[f64] {
        &self.stationary
    }

    /// Row `from` of T.
    pub(crate) fn row(&self, from: usize) -> &[f64] {
        &self.transitions[from * self.len()..][..self.len()]
    }

    /// The entropy of the next class given the current one, in nats.
    pub(crate) fn entropy_rate(&self) -> f64 {
        self.stationary.iter().enumerate().map(|(class, p)| p * entropy(self.row(class))).sum()
    }

    /// Draws a class from π.
    pub(crate) fn sample_first(&self, rng: &mut WorkerRng) -> usize {
        let mut left = uniform(rng);
        let reached = |p: &f64| {
            left -= p;
            left < 0.0
        };
        self.stationary.iter().position(reached).unwrap_or(0)
    }

    /// Draws the class after `from`.
    #[inline]
    pub(crate) fn sample_next(&self, from: usize, rng: &mut WorkerRng) -> usize {
        if uniform(rng) < SMOOTHING {
            return below(rng, self.len() as u64) as usize;
        }
        let u = uniform(rng);
        let successors = &self.successors[from];
        successors.iter().find(|(_, up_to)| u < *up_to).unwrap_or(&successors[0]).0
    }
}

/// −Σ p ln p, in nats.
pub(crate) fn entropy(p: &[f64]) -> f64 {
    p.iter().map(|p| -p * p.ln()).sum()
}

/// Draws the successors of each class: the next one on a random cycle through all classes, and others at random. Their
/// weights are uniform on the simplex.
fn draw_successors(classes: usize, rng: &mut WorkerRng) -> Vec<Vec<(usize, f64)>> {
    let mut cycle: Vec<_> = (0..classes).collect();
    shuffle(&mut cycle, rng);
    let mut all = vec![Vec::new(); classes];
    for i in 0..classes {
        let successors = &mut all[cycle[i]];
        successors.push((cycle[(i + 1) % classes], 1.0));
        while successors.len() < SUCCESSORS.min(classes) {
            let class = below(rng, classes as u64) as usize;
            if successors.iter().all(|(c, _)| *c != class) {
                successors.push((class, 1.0));
            }
        }
        // The gaps between sorted uniform numbers are uniform on the simplex; the numbers are the cumulative weights.
        let mut cuts: Vec<_> = (1..successors.len()).map(|_| uniform(rng)).collect();
        cuts.sort_by(f64::total_cmp);
        successors.iter_mut().zip(cuts).for_each(|(successor, cut)| successor.1 = cut);
    }
    all
}

/// Computes T from S.
fn smooth(successors: &[Vec<(usize, f64)>]) -> Vec<f64> {
    let classes = successors.len();
    let mut transitions = vec![SMOOTHING / classes as f64; classes * classes];
    for (row, successors) in transitions.chunks_exact_mut(classes).zip(successors) {
        let mut before = 0.0;
        for (class, up_to) in successors {
            row[*class] += (1.0 - SMOOTHING) * (up_to - before);
            before = *up_to;
        }
    }
    transitions
}

/// Computes π from T by the elimination of Grassmann, Taksar and Heyman (1985). It never subtracts, so that every entry
/// is exact up to a few roundings for each class.
fn stationary(transitions: &[f64], classes: usize) -> Vec<f64> {
    let mut t = transitions.to_vec();
    for n in (1..classes).rev() {
        let (above, last) = t.split_at_mut(n * classes);
        let leave: f64 = last[..n].iter().sum();
        for row in above.chunks_exact_mut(classes) {
            row[n] /= leave;
            let share = row[n];
            row[..n].iter_mut().zip(&last[..n]).for_each(|(to, through)| *to += share * through);
        }
    }
    let mut p = vec![1.0];
    for n in 1..classes {
        p.push((0..n).map(|i| p[i] * t[i * classes + n]).sum());
    }
    let sum: f64 = p.iter().sum();
    p.iter().map(|p| p / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_are_smoothed_and_sparse_and_the_stationary_distribution_stays(classes in 1usize..40, seed: u64) {
            let chain = ClassChain::new(classes, &mut WorkerRng::new(seed, 0));
            let least = SMOOTHING / classes as f64;
            let mut after = vec![0.0; classes];
            for from in 0..classes {
                let row = chain.row(from);
                prop_assert!((row.iter().sum::<f64>() - 1.0).abs() <= f64::EPSILON * classes as f64);
                prop_assert!(row.iter().all(|t| *t >= least));
                prop_assert!(row.iter().filter(|t| **t > least).count() <= SUCCESSORS);
                after.iter_mut().zip(row).for_each(|(a, t)| *a += chain.stationary()[from] * t);
            }
            let sum: f64 = chain.stationary().iter().sum();
            prop_assert!((sum - 1.0).abs() <= f64::EPSILON * classes as f64);
            prop_assert!(chain.stationary().iter().zip(&after).all(|(p, q)| (p - q).abs() < 1e-15));
        }
    }

    #[test]
    fn a_chain_of_two_has_the_known_distribution() {
        let p = stationary(&[0.9, 0.1, 0.4, 0.6], 2);
        assert!((p[0] - 0.8).abs() < 1e-15 && (p[1] - 0.2).abs() < 1e-15);
    }

    #[test]
    fn the_sparse_part_alone_visits_every_class() {
        for seed in 0..50 {
            let chain = ClassChain::new(17, &mut WorkerRng::new(seed, 0));
            let mut reached = vec![0];
            let mut i = 0;
            while i < reached.len() {
                let new = chain.successors[reached[i]].iter().map(|s| s.0);
                let new: Vec<_> = new.filter(|class| !reached.contains(class)).collect();
                reached.extend(new);
                i += 1;
            }
            assert_eq!(reached.len(), 17);
        }
    }
}

//! Trees from word vectors, cut in two by 2-means, recursively.

use super::Tree;
use super::halves::TREE_STREAM;
use crate::rng::WorkerRng;
use crate::vocab::{Counts, WordId};
use ndarray::ArrayView2;
use rand::RngExt;

/// Weight of each word in the clustering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weighting {
    /// All words have the same weight.
    Plain,
    /// Words are weighted by their counts, so frequent words determine the centres.
    Counts,
}

/// Maximum rounds of 2-means; most cuts converge sooner.
const ROUNDS: usize = 20;
/// Depth from which words are cut at the median. It prevents a chain when vectors are split off one at a time.
const DEEPEST: usize = 48;

impl Tree {
    /// Builds a tree by recursive 2-means of `vectors`, so that words below a node are close to one another. `vectors`
    /// has one finite row per word. The same seed gives the same tree.
    ///
    /// Reference: Mnih & Hinton 2008, sec. 4; with counts as weights Chen, Grangier & Auli 2016, sec. 2.2.
    ///
    /// # Panics
    /// If the number of vectors is not the number of words.
    pub fn by_clusters(counts: &Counts, vectors: ArrayView2<f32>, weighting: Weighting, seed: u64) -> Self {
        assert_eq!(vectors.nrows(), counts.len(), "vectors, and words");
        let mut cutter = Cutter {
            vectors,
            counts,
            weighting,
            rng: WorkerRng::new(seed, TREE_STREAM),
            depths: vec![0; counts.len()],
            margins: Vec::new(),
        };
        let words: Vec<WordId> = (0..counts.len() as WordId).collect();
        Self::by_halves(words, counts, |words| cutter.cut(words))
    }
}

struct Cutter<'a> {
    vectors: ArrayView2<'a, f32>,
    counts: &'a Counts,
    weighting: Weighting,
    rng: WorkerRng,
    /// Number of cuts that each word has been through.
    depths: Vec<usize>,
    /// For each word of the part: how much closer it is to the first centre than to the second.
    margins: Vec<(f64, WordId)>,
}

impl Cutter<'_> {
    /// Moves the words of the first cluster to the front and returns their number.
    fn cut(&mut self, words: &mut [WordId]) -> usize {
        let deep = self.depths[words[0] as usize] >= DEEPEST;
        words.iter().for_each(|word| self.depths[*word as usize] += 1);
        let Some(mut centres) = self.start(words) else { return words.len() / 2 };
        let mut first = 0;
        for _ in 0..ROUNDS {
            self.measure(words, &centres);
            first = self.margins.iter().filter(|(margin, _)| *margin > 0.0).count();
            if first == 0 || first == words.len() || !self.recentre(&mut centres) {
                break;
            }
        }
        if deep || first == 0 || first == words.len() {
            first = words.len() / 2;
        }
        // Sorted by falling margin, so the first centre's words come first; ties by word.
        self.margins.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        words.iter_mut().zip(&self.margins).for_each(|(word, (_, sorted))| *word = *sorted);
        first
    }

    fn weight(&self, word: WordId) -> f64 {
        match self.weighting {
            Weighting::Plain => 1.0,
            Weighting::Counts => self.counts.as_slice()[word as usize] as f64,
        }
    }

    fn vector(&self, word: WordId) -> impl Iterator<Item = f64> + '_ {
        self.vectors.row(word as usize).into_iter().map(|x| f64::from(*x))
    }

    /// Two words' vectors as starting points, the second drawn by its squared distance from the first (k-means++).
    /// `None` if all vectors are equal.
    fn start(&mut self, words: &[WordId]) -> Option<[Vec<f64>; 2]> {
        let weights: Vec<f64> = words.iter().map(|word| self.weight(*word)).collect();
        let first = choose(&weights, self.rng.random());
        let first: Vec<f64> = self.vector(words[first]).collect();
        let distance = |word: &WordId| self.vector(*word).zip(&first).map(|(x, c)| (x - c) * (x - c)).sum::<f64>();
        let distances: Vec<f64> = words.iter().zip(weights).map(|(word, weight)| weight * distance(word)).collect();
        if distances.iter().all(|d| *d == 0.0) {
            return None;
        }
        let second = choose(&distances, self.rng.random());
        Some([first, self.vector(words[second]).collect()])
    }

    /// Computes the margin of each word between the centres, positive if it is closer to a: 2·x·(a − b) − |a|² + |b|².
    fn measure(&mut self, words: &[WordId], [a, b]: &[Vec<f64>; 2]) {
        let way: Vec<f32> = a.iter().zip(b).map(|(a, b)| (2.0 * (a - b)) as f32).collect();
        let square = |c: &[f64]| c.iter().map(|x| x * x).sum::<f64>();
        let offset = square(b) - square(a);
        let vectors = &self.vectors;
        let margin = |word: &WordId| {
            let row = vectors.row(*word as usize);
            (f64::from(row.dot(&ndarray::ArrayView1::from(&way))) + offset, *word)
        };
        self.margins.clear();
        self.margins.extend(words.iter().map(margin));
    }

    /// Moves the centres to the means of their words, and returns whether they moved.
    fn recentre(&self, centres: &mut [Vec<f64>; 2]) -> bool {
        let mut sums = [(0.0, vec![0.0; centres[0].len()]), (0.0, vec![0.0; centres[0].len()])];
        for (margin, word) in &self.margins {
            let (mass, sum) = &mut sums[usize::from(*margin <= 0.0)];
            let weight = self.weight(*word);
            *mass += weight;
            sum.iter_mut().zip(self.vector(*word)).for_each(|(sum, x)| *sum += weight * x);
        }
        let mut moved = false;
        for (centre, (mass, sum)) in centres.iter_mut().zip(sums) {
            let mean: Vec<f64> = sum.iter().map(|x| x / mass).collect();
            moved |= mean != *centre;
            *centre = mean;
        }
        moved
    }
}

/// The index at which the partial sums of the weights pass the fraction `u` of their total.
fn choose(weights: &[f64], u: f64) -> usize {
    let mut left = u * weights.iter().sum::<f64>();
    for (i, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return i;
        }
    }
    weights.iter().rposition(|w| *w > 0.0).unwrap_or(0)
}

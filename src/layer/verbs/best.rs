//! A bounded heap of the k words with the largest keys.

use super::Scored;
use crate::peers::{Packer, Unpacker};
use crate::vocab::WordId;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// A bounded heap. Its final words do not depend on the order of insertion: among equal keys the smaller id wins.
pub struct Best {
    k: usize,
    /// Keys below this need not be offered.
    floor: f64,
    heap: BinaryHeap<Reverse<Entry>>,
}

struct Entry {
    key: f64,
    word: WordId,
    score: f64,
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.total_cmp(&other.key).then(other.word.cmp(&self.word))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Entry {}

impl Best {
    /// Creates a heap for `k` words.
    pub fn new(k: usize) -> Self {
        let floor = if k == 0 { f64::INFINITY } else { f64::NEG_INFINITY };
        Self { k, floor, heap: BinaryHeap::new() }
    }

    /// Creates an empty heap for a later merge into this one. It rejects the same keys.
    pub fn sibling(&self) -> Self {
        Self { k: self.k, floor: self.floor, heap: BinaryHeap::new() }
    }

    /// Returns the floor: a smaller key is not among the best.
    pub fn floor(&self) -> f64 {
        self.floor
    }

    /// Writes the words for other ranks.
    pub fn pack(&self, to: &mut Packer) {
        to.u64(self.heap.len() as u64);
        for Reverse(Entry { key, word, score }) in &self.heap {
            to.f64(*key);
            to.u32(*word);
            to.f64(*score);
        }
    }

    /// Inserts the words that another rank has written.
    pub fn merge_packed(&mut self, from: &mut Unpacker) {
        for _ in 0..from.u64() {
            let (key, word, score) = (from.f64(), from.u32(), from.f64());
            self.push(Entry { key, word, score });
        }
    }

    /// Inserts the word if it is among the best so far, and returns whether it is.
    pub fn offer(&mut self, key: f64, score: f64, word: WordId) -> bool {
        if self.k == 0 || key.is_nan() || key < self.floor {
            return false;
        }
        self.push(Entry { key, word, score })
    }

    fn push(&mut self, entry: Entry) -> bool {
        if self.heap.len() < self.k {
            self.heap.push(Reverse(entry));
        } else {
            let mut least = self.heap.peek_mut().expect("k is not 0");
            if entry <= least.0 {
                return false;
            }
            *least = Reverse(entry);
        }
        if let (true, Some(least)) = (self.heap.len() == self.k, self.heap.peek()) {
            self.floor = self.floor.max(least.0.key);
        }
        true
    }

    /// Inserts the words of another heap.
    pub fn merge(&mut self, other: Self) {
        other.heap.into_iter().for_each(|Reverse(entry)| {
            self.push(entry);
        });
    }

    /// Returns the words by falling key, with ln P = score − `ln_z`.
    pub fn into_scored(self, ln_z: f64) -> Vec<Scored> {
        let sorted = self.heap.into_sorted_vec().into_iter();
        sorted.map(|Reverse(entry)| Scored { word: entry.word, ln_p: entry.score - ln_z }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Compares the heap with a sort, for any order and for two merged parts.
        #[test]
        fn is_the_head_of_the_sorted_words(keys in prop::collection::vec(-3..3i8, 0..60), k in 0..70usize, cut in 0..60usize) {
            let mut best = Best::new(k);
            let offer = |best: &mut Best, (word, key): (u32, &i8)| best.offer(f64::from(*key), f64::from(*key), word);
            let words: Vec<_> = (0..).zip(&keys).collect();
            let (first, second) = words.split_at(cut.min(words.len()));
            second.iter().for_each(|w| { offer(&mut best, *w); });
            let mut other = best.sibling();
            first.iter().for_each(|w| { offer(&mut other, *w); });
            best.merge(other);
            let mut sorted = words;
            sorted.sort_by_key(|(word, key)| (Reverse(**key), *word));
            let want: Vec<_> = sorted.iter().take(k).map(|(w, key)| (*w, f64::from(**key) - 1.0)).collect();
            let got: Vec<_> = best.into_scored(1.0).iter().map(|s| (s.word, s.ln_p)).collect();
            prop_assert_eq!(got, want);
        }
    }
}

//! The scores of each example that reach its bound, collected from the tiles of a scan.

use crate::peers::{Packer, Unpacker};
use crate::simd::above;
use crate::table::Tile;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The scores that reach a bound, example by example. Several threads may collect them; their order is that of the
/// words.
#[derive(Default)]
pub struct Shortlist {
    /// One bound per example; padding has infinity.
    bounds: Vec<f32>,
    tiles: Mutex<Vec<OfTile>>,
    found: AtomicUsize,
    most: usize,
    /// The scores of one example.
    scores: Vec<f32>,
}

/// The scores of a tile that reach the bounds.
struct OfTile {
    first_row: u32,
    /// Where the scores of each column end.
    ends: Vec<u32>,
    /// Column by column.
    scores: Vec<f32>,
}

impl Shortlist {
    /// Starts with bounds that no finite score reaches, and room for `most` scores.
    pub fn begin(&mut self, batch: usize, most: usize) {
        self.most = most;
        self.bounds.clear();
        self.bounds.resize(batch.next_multiple_of(16), f32::INFINITY);
        self.clear();
    }

    /// Drops the collected scores.
    pub fn clear(&mut self) {
        self.tiles.get_mut().expect("no thread panicked").clear();
        *self.found.get_mut() = 0;
    }

    /// The bound of an example.
    pub fn bound(&self, example: usize) -> f32 {
        self.bounds[example]
    }

    /// Sets the bound of an example.
    pub fn set_bound(&mut self, example: usize, bound: f32) {
        self.bounds[example] = bound;
    }

    /// Whether any example has a bound that finite scores can reach.
    pub fn seeks(&self) -> bool {
        self.bounds.iter().any(|bound| *bound < f32::INFINITY)
    }

    /// Collects the scores of a tile.
    pub fn see(&self, tile: &Tile) {
        if !self.seeks() || self.found.load(Ordering::Relaxed) > self.most {
            return;
        }
        let mut found = Vec::new();
        above::collect(tile.scores(), tile.stride(), &self.bounds, &mut found);
        if !found.is_empty() {
            self.found.fetch_add(found.len(), Ordering::Relaxed);
            let of_tile = OfTile::new(tile.rows().start, &found, self.bounds.len());
            self.tiles.lock().expect("no thread panicked").push(of_tile);
        }
    }

    /// Ends a scan, before its scores are read. `others` is what other ranks have packed. Returns whether there was
    /// room for all scores.
    pub fn end_scan(&mut self, others: &[Vec<u8>]) -> bool {
        let tiles = self.tiles.get_mut().expect("no thread panicked");
        for bytes in others {
            let mut from = Unpacker::new(bytes);
            *self.found.get_mut() += from.u64() as usize;
            while !from.is_empty() {
                tiles.push(OfTile::unpacked(&mut from));
            }
        }
        tiles.sort_unstable_by_key(|tile| tile.first_row);
        *self.found.get_mut() <= self.most
    }

    /// The number of scores found, and the scores if there is room for them, for other ranks.
    pub fn packed(&self) -> Vec<u8> {
        let found = self.found.load(Ordering::Relaxed);
        let mut own = Packer::default().with(found as u64);
        if found <= self.most {
            self.tiles.lock().expect("no thread panicked").iter().for_each(|tile| tile.pack(&mut own));
        }
        own.bytes()
    }

    /// The scores of an example, in the order of the words.
    pub fn of(&mut self, example: usize) -> &[f32] {
        self.scores.clear();
        for tile in self.tiles.get_mut().expect("no thread panicked") {
            let start = if example == 0 { 0 } else { tile.ends[example - 1] };
            self.scores.extend_from_slice(&tile.scores[start as usize..tile.ends[example] as usize]);
        }
        &self.scores
    }
}

impl OfTile {
    /// Sorts columns and scores by column; the scores of a column stay in their order.
    fn new(first_row: u32, found: &[(u32, f32)], columns: usize) -> Self {
        // First each entry holds the number of scores of the column before, then where its own scores begin.
        let mut ends = vec![0; columns + 1];
        found.iter().for_each(|(column, _)| ends[*column as usize + 1] += 1);
        let mut total = 0;
        for end in &mut ends {
            total += *end;
            *end = total;
        }
        let mut scores = vec![0.0; found.len()];
        for (column, score) in found {
            let at = &mut ends[*column as usize];
            scores[*at as usize] = *score;
            *at += 1;
        }
        Self { first_row, ends, scores }
    }

    fn pack(&self, to: &mut Packer) {
        to.u32(self.first_row);
        to.u32(self.ends.len() as u32);
        self.ends.iter().for_each(|end| to.u32(*end));
        to.u32(self.scores.len() as u32);
        to.f32s(&self.scores);
    }

    fn unpacked(from: &mut Unpacker) -> Self {
        let first_row = from.u32();
        let ends = (0..from.u32()).map(|_| from.u32()).collect();
        let mut scores = vec![0.0; from.u32() as usize];
        from.f32s(&mut scores);
        Self { first_row, ends, scores }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_come_in_the_order_of_words_however_tiles_come() {
        let (batch, words) = (20, 90);
        let mut z: Vec<f32> = (0..words * 32).map(|i| ((i * 7919) % 1000) as f32).collect();
        let mut list = Shortlist::default();
        let bound = |b: usize| if b == 3 { f32::INFINITY } else { 40.0 * b as f32 };
        let expected = |b: usize| -> Vec<f32> {
            (0..words).map(|w| (((w * 32 + b) * 7919) % 1000) as f32).filter(|z| *z >= bound(b)).collect()
        };
        let total: usize = (0..batch).map(|b| expected(b).len()).sum();
        for (order, most, room) in [([0, 1, 2], total, true), ([2, 0, 1], total, true), ([1, 2, 0], total - 1, false)] {
            list.begin(batch, most);
            assert!(!list.seeks());
            (0..batch).for_each(|b| list.set_bound(b, bound(b)));
            assert!(list.seeks());
            for tile in order {
                let rows = tile * 30..tile * 30 + 30;
                let scores = &mut z[rows.start * 32..rows.end * 32];
                list.see(&Tile::new(rows.start as u32..rows.end as u32, batch, 32, scores));
            }
            assert_eq!(list.end_scan(&[]), room);
            for b in (0..batch).filter(|_| room) {
                assert_eq!(list.of(b), expected(b), "{b}");
            }
        }
    }
}

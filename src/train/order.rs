//! The order in which an epoch goes through a text.

use std::ops::Range;

/// Words of a piece. Large enough that dealing costs nothing and a file is read in long runs; small enough that no
/// worker is left idle for long at the end.
const PIECE_WORDS: u64 = 20_000;
/// 1/φ, with φ the golden ratio.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// An order of the sentences of a text: in pieces of about 20,000 consecutive words that lie scattered over the text.
///
/// Few texts are uniform from beginning to end, while the rate falls from beginning to end. In its own order the parts
/// of the text would not count equally, and the part read last would stand out. So each piece is followed by the piece
/// that lies a golden section of the text further on. Any number of pieces read so far is spread about evenly over the
/// text.
#[derive(Debug)]
pub(super) struct Order {
    sentences: usize,
    /// Sentences of a piece; the last piece may have fewer.
    piece: usize,
    /// Place in the text of each piece.
    places: Vec<u32>,
}

impl Order {
    /// The order for a text of `sentences` sentences (at least one) with `words` words in all.
    pub fn new(sentences: usize, words: u64) -> Self {
        let piece = u128::from(PIECE_WORDS) * sentences as u128 / u128::from(words.max(1));
        let piece = piece.clamp(1, sentences as u128) as usize;
        let pieces = sentences.div_ceil(piece);
        // Kronecker's sequence {n/φ}: ranks of its members among each other.
        let member = |n: &u32| (f64::from(*n + 1) * GOLDEN).fract();
        let mut rising: Vec<u32> = (0..pieces as u32).collect();
        rising.sort_by(|a, b| member(a).total_cmp(&member(b)));
        let mut places = vec![0; pieces];
        (0..).zip(rising).for_each(|(place, n)| places[n as usize] = place);
        // The end of the text, which may be a short piece, comes last.
        let end = places.iter().position(|place| *place as usize == pieces - 1).expect("a permutation");
        places.swap(end, pieces - 1);
        Self { sentences, piece, places }
    }

    /// Number of pieces.
    pub fn pieces(&self) -> usize {
        self.places.len()
    }

    /// The sentences of the `n`th piece.
    pub fn piece(&self, n: usize) -> Range<usize> {
        let first = self.places[n] as usize * self.piece;
        first..(first + self.piece).min(self.sentences)
    }

    /// The `n`th sentence.
    pub fn sentence(&self, n: usize) -> usize {
        // Only the last piece may be short.
        self.places[n / self.piece] as usize * self.piece + n % self.piece
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_sentence_comes_once(sentences in 1usize..3_000, words in 0u64..40_000_000) {
            let order = Order::new(sentences, words);
            let in_pieces: Vec<_> = (0..order.pieces()).flat_map(|n| order.piece(n)).collect();
            let one_by_one: Vec<_> = (0..sentences).map(|n| order.sentence(n)).collect();
            prop_assert_eq!(&in_pieces, &one_by_one);
            let mut sorted = in_pieces;
            sorted.sort_unstable();
            prop_assert!(sorted.into_iter().eq(0..sentences));
        }
    }

    /// Multiples of the golden section leave no gap of twice the mean on a circle (three-distance theorem). Rounding to
    /// places adds one or two. Random places would leave gaps of ln n times the mean.
    #[test]
    fn pieces_read_so_far_lie_evenly_over_the_text() {
        for pieces in [50, 675, 1_000, 2_435] {
            let order = Order::new(100 * pieces, 20_000 * pieces as u64);
            assert_eq!(order.pieces(), pieces);
            for read in [10, 30, 100, 300, 1_000].into_iter().filter(|read| *read < pieces) {
                let mut places: Vec<_> = (0..read).map(|n| order.piece(n).start / 100).collect();
                places.sort_unstable();
                let round = places[0] + pieces - places[read - 1];
                let widest = places.windows(2).map(|two| two[1] - two[0]).fold(round, usize::max);
                assert!(widest * read <= 2 * pieces + 2 * read, "{widest} of {pieces} after {read}");
            }
        }
    }
}

//! Repetition of a timing, and the choice of the times that count.

use crate::table::{Cost, Tables};
use std::time::Instant;

/// Repetitions of a timing. They are grouped in windows, so that other work of the machine spoils only some of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// Runs before the timed ones.
    pub warm_up: usize,
    /// Least and largest number of runs in a window. Between these, a window has as many runs as fit in `window`
    /// seconds.
    pub runs: (usize, usize),
    pub window: f64,
    /// Seconds in which windows begin; the window with the smallest median counts.
    pub seconds: f64,
    /// Seconds after which one run per window and one window are enough.
    pub patience: f64,
}

/// Times of equal pieces of work.
#[derive(Clone, Debug)]
pub(super) struct Timed {
    /// Seconds in the window that counts, in rising order.
    pub seconds: Vec<f64>,
    /// Number of pieces in all windows.
    pub pieces: usize,
    /// Mean work of a piece.
    pub cost: Cost,
    /// Mean bytes of parameters moved by a piece.
    pub bytes: u64,
    /// Mean loss of the last step, in nats.
    pub loss: f64,
}

impl Plan {
    pub(super) fn time(&self, w: &mut Tables, work: &mut dyn FnMut(&mut Tables)) -> Timed {
        let start = Instant::now();
        (0..self.warm_up).for_each(|_| work(w));
        let (before, bytes) = (w.cost(), w.bytes_moved());
        let begin = Instant::now();
        let mut windows: Vec<Vec<f64>> = Vec::new();
        let in_time = |begin: Instant| begin.elapsed().as_secs_f64() < self.seconds.min(self.patience);
        while windows.is_empty() || in_time(begin) {
            windows.push(self.window(start, w, work));
        }
        let pieces: usize = windows.iter().map(Vec::len).sum();
        let cost = w.cost().mean_since(before, pieces as u64);
        let bytes = (w.bytes_moved() - bytes) / pieces as u64;
        let quietest = windows.into_iter().min_by(|a, b| median(a).total_cmp(&median(b)));
        Timed { seconds: quietest.expect("a window"), pieces, cost, bytes, loss: 0.0 }
    }

    /// Returns the times of one window, in rising order.
    fn window(&self, start: Instant, w: &mut Tables, work: &mut dyn FnMut(&mut Tables)) -> Vec<f64> {
        let mut seconds: Vec<f64> = Vec::new();
        let begin = Instant::now();
        let (least, most) = self.runs;
        let wants_more = |runs: usize| match runs {
            0 => true,
            runs if runs < least => start.elapsed().as_secs_f64() < self.patience,
            runs => runs < most && begin.elapsed().as_secs_f64() < self.window,
        };
        while wants_more(seconds.len()) {
            let start = Instant::now();
            work(w);
            seconds.push(start.elapsed().as_secs_f64());
        }
        seconds.sort_by(f64::total_cmp);
        seconds
    }
}

/// Median of times in rising order.
fn median(seconds: &[f64]) -> f64 {
    seconds[(seconds.len() - 1) / 2]
}

impl Timed {
    /// Returns the one with the lower median, with the number of pieces of both.
    pub fn quieter(self, other: Self) -> Self {
        let pieces = self.pieces + other.pieces;
        let quieter = if median(&other.seconds) < median(&self.seconds) { other } else { self };
        Self { pieces, ..quieter }
    }

    /// Returns the time that a share of the pieces does not exceed; 0.5 gives the median.
    pub fn quantile(&self, share: f64) -> f64 {
        self.seconds[((self.seconds.len() - 1) as f64 * share).round() as usize]
    }
}

//! Progress bars, if standard error is a terminal.

use super::voice::is_silent;
use crate::compare::LayerRow;
use crate::compare::Listener;
use crate::error::shown;
use crate::layer::catalogue::LayerSpec;
use crate::train::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::{Duration, Instant};

/// A progress bar for each layer.
pub struct Bars {
    bar: ProgressBar,
    threads: usize,
    drawn: Instant,
    /// Sum of losses and number of batches since the bar was last drawn.
    loss: (f64, u32),
}

/// Steps of a full bar.
const STEPS: u64 = 1000;
const REDRAW: Duration = Duration::from_millis(100);

impl Bars {
    /// No bar yet.
    pub fn new() -> Self {
        Self { bar: ProgressBar::hidden(), threads: 1, drawn: Instant::now(), loss: (0.0, 0) }
    }
}

impl Bars {
    /// A bar for the training of one layer.
    pub fn single(layer: &LayerSpec, threads: usize) -> Self {
        let mut bars = Self { threads, ..Self::new() };
        bars.begin(layer, 0, 1);
        bars
    }

    /// Shows the share of training that is done.
    pub fn share(&mut self, p: &Progress) {
        let left = p.seconds * (1.0 / p.share.max(1e-9) - 1.0);
        let speed = p.words as f64 / p.seconds.max(1e-9);
        let (all, each) = (speed / 1e3, speed / 1e3 / self.threads as f64);
        let loss = if p.loss.is_finite() { format!("{:.4}", p.loss) } else { "–".into() };
        let message =
            format!("{all:.0}k words/s, {each:.0}k a thread, rate {:.5}, loss {loss}, {left:.0} s left", p.rate);
        self.bar.set_message(message);
        self.bar.set_position((p.share * STEPS as f64) as u64);
    }

    /// Removes the bar.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl Listener for Bars {
    fn begin(&mut self, layer: &LayerSpec, number: usize, of: usize) {
        let target = if is_silent() { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        self.bar = ProgressBar::with_draw_target(Some(STEPS), target);
        let style = ProgressStyle::with_template("{prefix} {bar:30} {percent:>3}% {msg}");
        self.bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        self.bar.set_prefix(shown::value(format!("[{}/{of}] {layer}", number + 1)));
        self.drawn = Instant::now();
        self.loss = (0.0, 0);
    }

    fn progress(&mut self, p: &Progress) {
        self.loss = (self.loss.0 + p.loss, self.loss.1 + 1);
        if self.drawn.elapsed() < REDRAW {
            return;
        }
        let per_second = p.examples as f64 / p.seconds.max(1e-9);
        let left = p.seconds * (1.0 / p.share.max(1e-9) - 1.0);
        let loss = self.loss.0 / f64::from(self.loss.1);
        self.bar.set_message(format!("{per_second:.0} examples/s, loss {loss:.4}, {left:.0} s left"));
        self.bar.set_position((p.share * STEPS as f64) as u64);
        self.drawn = Instant::now();
        self.loss = (0.0, 0);
    }

    fn end(&mut self, row: &LayerRow) {
        self.bar.finish_and_clear();
        if !self.bar.is_hidden() {
            super::warn(&format!("{}: held-out NLL {:.4} after {} examples", row.layer, row.valid_nll, row.examples));
        }
    }
}

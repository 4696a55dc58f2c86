//! Audits: checks that a layer keeps its contract.
//!
//! [`audit`] takes any [`OutputLayer`](crate::layer::OutputLayer), including your own, and needs no reference for it:
//!
//! ```
//! use lexmax::check::{AuditConfig, audit};
//! use lexmax::layer::{Bias, FullSoftmax};
//!
//! # fn main() -> lexmax::Result<()> {
//! let layer = FullSoftmax::new(40, 6, Bias::Zero)?;
//! let found = audit(&layer, &AuditConfig::default());
//! assert!(found.passed(), "{found}");
//! # Ok(())
//! # }
//! ```
//!
//! [`against()`] compares a layer with a naive layer in f64 ([`mod@reference`]), and [`catalogue`] does both for layers
//! by name. [`corrections`] enumerates every draw of small sampled layers, to find which corrections are consistent.

mod against;
mod audit;
pub mod enumeration;
pub mod reference;

pub use against::against;
pub use audit::{AuditConfig, audit};
pub use enumeration::{Correction, corrections};
pub use reference::Reference;

use crate::error::{Error, Result};
use crate::layer::Bias;
use crate::layer::catalogue::{LayerSpec, Shape};
use crate::vocab::Counts;
use std::fmt;

/// 2⁻²⁴, the relative error of one rounding to f32.
pub const ROUNDING: f64 = 1.0 / (1u64 << 24) as f64;

/// Audits layers of the catalogue, with biases, over `vocab` words whose counts fall as in a text. Each layer is
/// checked against itself ([`audit()`]) and against its naive layer in f64 ([`against()`]).
///
/// # Errors
/// A layer that cannot be built for these sizes, and a batch of 0 examples.
pub fn catalogue(
    layers: &[LayerSpec],
    vocab: usize,
    dim: usize,
    settings: &AuditConfig,
) -> Result<Vec<(String, Audit)>> {
    if settings.batch == 0 {
        return Err(Error::OutOfRange { name: "batch", value: 0.0, limit: "1 or more" });
    }
    let counts = Counts::new((1..=vocab as u64).map(|rank| 1 + 5_000 / rank).collect())?;
    let build = |spec: &LayerSpec| {
        let in_layer = |e| spec.in_layer(e);
        let context = Shape::new(&counts, dim, Bias::Zero);
        let layer = spec.build(&context).map_err(in_layer)?;
        let reference = Reference::of(spec, &context).map_err(in_layer)?;
        let mut found = audit(&*layer, settings);
        found.findings.extend(against(&*layer, &reference, settings).findings);
        Ok((spec.to_string(), found))
    };
    layers.iter().map(build).collect()
}

/// One check of an audit: its worst number, with the tolerance.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Finding {
    /// Name of the check.
    pub check: &'static str,
    /// Error of the worst number.
    pub error: f64,
    /// Tolerance of the worst number.
    pub tolerance: f64,
    /// Place of the worst number.
    pub place: String,
    /// Count of the checked numbers.
    pub seen: usize,
    /// Reason why the check was skipped, if it was.
    pub skipped: Option<&'static str>,
}

/// Verdict of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The worst number was within its tolerance.
    Passed,
    /// The worst number was outside its tolerance.
    Failed,
    /// The layer offers nothing to check.
    Skipped,
}

/// Result of an audit.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Audit {
    /// Findings, one per check.
    pub findings: Vec<Finding>,
}

impl Finding {
    fn new(check: &'static str, tolerance: f64) -> Self {
        Self { check, error: 0.0, tolerance, place: String::new(), seen: 0, skipped: None }
    }

    /// A check that was skipped.
    fn skipped(check: &'static str, reason: &'static str) -> Self {
        Self { skipped: Some(reason), ..Self::new(check, 0.0) }
    }

    /// Returns whether the check passed, failed, or was skipped.
    pub fn verdict(&self) -> Verdict {
        match self.skipped {
            Some(_) => Verdict::Skipped,
            None if self.error <= self.tolerance => Verdict::Passed,
            None => Verdict::Failed,
        }
    }

    /// Whether the worst number is within its tolerance. A NaN is outside, and a skipped check has not passed.
    pub fn passed(&self) -> bool {
        self.verdict() == Verdict::Passed
    }

    fn see(&mut self, error: f64, place: impl FnOnce() -> String) {
        self.see_against(error, self.tolerance, place);
    }

    /// Records an error if it is the largest share of its tolerance so far.
    fn see_against(&mut self, error: f64, tolerance: f64, place: impl FnOnce() -> String) {
        self.seen += 1;
        let worse = error * self.tolerance > self.error * tolerance || error.is_nan();
        if self.seen == 1 || (worse && self.passed()) || (error > tolerance && self.passed()) {
            (self.error, self.tolerance, self.place) = (error, tolerance, place());
        }
    }
}

impl Audit {
    /// Makes an audit of checks, such as those of [`reference::log_prob_findings`].
    pub fn new(findings: Vec<Finding>) -> Self {
        Self { findings }
    }

    /// Whether no check failed. Skipped checks do not count: see [`Audit::skipped`].
    pub fn passed(&self) -> bool {
        self.findings.iter().all(|finding| finding.verdict() != Verdict::Failed)
    }

    /// Returns the skipped checks, each with its reason.
    pub fn skipped(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.findings.iter().filter_map(|finding| Some((finding.check, finding.skipped?)))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(match self {
            Self::Passed => "ok",
            Self::Failed => "FAILED",
            Self::Skipped => "skipped",
        })
    }
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for finding in &self.findings {
            let (Finding { check, error, tolerance, place, seen, skipped }, verdict) = (finding, finding.verdict());
            match skipped {
                Some(reason) => writeln!(f, "{verdict:7} {check}: {reason}")?,
                None => {
                    writeln!(
                        f,
                        "{verdict:7} {check}: {error:.1e} off at {place}, {tolerance:.1e} at most; {seen} numbers"
                    )?;
                }
            }
        }
        Ok(())
    }
}

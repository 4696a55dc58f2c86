//! Optimizers: stochastic gradient descent and Adagrad.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// The update of weights from a gradient.
///
/// ```
/// use lexmax::table::Optimizer;
///
/// # fn main() -> lexmax::Result<()> {
/// let adagrad = Optimizer::adagrad(0.1)?; // Σ g² starts at 0.1
/// assert_eq!(adagrad, Optimizer::Adagrad { initial: 0.1 });
/// assert!(Optimizer::adagrad(f32::NAN).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Optimizer {
    /// w ← w − rate·g.
    Sgd,
    /// G ← G + g²; w ← w − rate·g/(√G + ε), entry by entry (Duchi, Hazan & Singer 2011).
    Adagrad {
        /// G at the start; a larger value damps the first steps.
        initial: f32,
    },
}

/// The kind of an [`Optimizer`], without its settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum), value(rename_all = "lower"))]
#[non_exhaustive]
pub enum OptimizerKind {
    /// Stochastic gradient descent.
    Sgd,
    /// Adagrad.
    #[default]
    Adagrad,
}

impl From<OptimizerKind> for Optimizer {
    /// The optimizer with its usual settings.
    fn from(kind: OptimizerKind) -> Self {
        match kind {
            OptimizerKind::Sgd => Self::Sgd,
            OptimizerKind::Adagrad => Self::Adagrad { initial: 0.01 },
        }
    }
}

/// ε of Adagrad: prevents 0/0, and is far below any √G that matters.
const EPSILON: f32 = 1e-10;

impl Default for Optimizer {
    /// Adagrad from G = 0.01.
    fn default() -> Self {
        OptimizerKind::default().into()
    }
}

impl Optimizer {
    /// The kind of this optimizer.
    pub fn kind(&self) -> OptimizerKind {
        match self {
            Self::Sgd => OptimizerKind::Sgd,
            Self::Adagrad { .. } => OptimizerKind::Adagrad,
        }
    }

    /// Adagrad with G starting at `initial`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if `initial` is negative or not finite.
    pub fn adagrad(initial: f32) -> Result<Self> {
        if !(initial >= 0.0 && initial.is_finite()) {
            let value = f64::from(initial);
            return Err(Error::OutOfRange { name: "Adagrad's initial value", value, limit: "0 or more, and finite" });
        }
        Ok(Self::Adagrad { initial })
    }

    /// Initial value of each entry of the optimizer's state; `None` if it has no state.
    pub fn initial_state(&self) -> Option<f32> {
        match self {
            Self::Sgd => None,
            Self::Adagrad { initial } => Some(*initial),
        }
    }

    /// Updates `weights` with `gradient`. All slices have the same length, except that `state` is empty for SGD.
    #[inline]
    pub fn update(&self, rate: f32, gradient: &[f32], weights: &mut [f32], state: &mut [f32]) {
        match self {
            Self::Sgd => {
                for (w, g) in weights.iter_mut().zip(gradient) {
                    *w -= rate * g;
                }
            }
            Self::Adagrad { .. } => {
                for ((w, g), s) in weights.iter_mut().zip(gradient).zip(state) {
                    *s += g * g;
                    *w -= rate * g / (s.sqrt() + EPSILON);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adagrad_by_hand() {
        let adagrad = Optimizer::adagrad(0.0).unwrap();
        let (mut w, mut s) = ([1.0f32], [0.0f32]);
        adagrad.update(0.1, &[3.0], &mut w, &mut s);
        adagrad.update(0.1, &[4.0], &mut w, &mut s);
        assert_eq!(s, [25.0]);
        assert!((w[0] - (1.0 - 0.1 - 0.1 * 4.0 / 5.0)).abs() < 1e-6);
        assert!(Optimizer::adagrad(f32::NAN).is_err());
    }
}

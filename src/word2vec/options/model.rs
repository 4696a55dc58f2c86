//! The model that the options describe: its shape and its output layer.

use super::{Options, within};
use crate::corpus::{Context, Direction, Window};
use crate::encoder::BagGradient;
use crate::error::{Error, Result};
use crate::layer::catalogue::LayerSpec;
use crate::model::{Encoding, MOST_DIM, ModelKind};
use crate::names::name;

/// Shape of a model without its layer.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Network {
    /// Encoding that makes the hidden vector.
    pub encoding: Encoding,
    /// Window around a position, and the direction of prediction.
    pub window: Window,
    /// Size of the hidden vectors.
    pub dim: usize,
    /// Gradient of the words of a bag.
    pub gradient: BagGradient,
}

impl Options {
    /// Returns the encoding, its window and its sizes.
    ///
    /// # Errors
    /// [`Error::NotWith`] for an option that has no effect on this model, and [`Error::OutOfRange`] for sizes that make
    /// no sense.
    pub fn network(&self) -> Result<Network> {
        let kind = self.kind();
        let given = [
            ("order", self.order.is_some(), [ModelKind::SkipGram, ModelKind::Cbow]),
            ("hidden", self.hidden.is_some(), [ModelKind::SkipGram, ModelKind::Cbow]),
            ("window", self.window.is_some(), [ModelKind::NGram; 2]),
            ("context both", self.context == Some(Context::Both), [ModelKind::NGram; 2]),
            ("window_rule", self.window_rule.is_some(), [ModelKind::NGram; 2]),
            ("block", self.block.is_some_and(|positions| positions > 1), [ModelKind::NGram; 2]),
            ("cbow_gradient", self.cbow_gradient.is_some(), [ModelKind::NGram, ModelKind::SkipGram]),
        ];
        if let Some((setting, ..)) = given.into_iter().find(|(_, given, not)| *given && not.contains(&kind)) {
            let other = match kind {
                ModelKind::SkipGram => "kind skipgram",
                ModelKind::Cbow => "kind cbow",
                ModelKind::NGram => "kind ngram",
            };
            return Err(Error::NotWith { setting, other });
        }
        let own = self.defaults();
        let dim = within("dim", self.dim.unwrap_or(own.dim), MOST_DIM, "from 1 to 16384")?;
        let gradient = self.cbow_gradient.unwrap_or(own.cbow_gradient);
        let model = match kind {
            ModelKind::NGram => {
                let window = Encoding::window(self.order.unwrap_or(own.order))?;
                let encoding = Encoding::NGram { embedding: dim };
                let dim = within("hidden", self.hidden.unwrap_or(dim), MOST_DIM, "from 1 to 16384")?;
                return Ok(Network { encoding, window, dim, gradient });
            }
            ModelKind::SkipGram => Direction::SkipGram,
            ModelKind::Cbow => Direction::Cbow,
        };
        let context = self.context.unwrap_or(own.context);
        let rule = self.window_rule.unwrap_or(own.window_rule);
        let window = Window::new(model, context, self.window.unwrap_or(own.window), rule.is_dynamic())?;
        Ok(Network { encoding: Encoding::Mean, window, dim, gradient })
    }

    /// Returns the output layer.
    ///
    /// # Errors
    /// [`Error::Contradiction`] with both options and a hint, and errors for impossible values.
    pub fn layer(&self) -> Result<LayerSpec> {
        let contradiction = |first, second, hint| Err(Error::Contradiction { first, second, hint });
        let noise = [
            ("negative", self.negative.is_some_and(|n| n > 0)),
            ("noise_power", self.noise_power.is_some()),
            ("noise_hits", self.noise_hits.is_some()),
        ];
        if let Some(layer) = &self.layer {
            let others = [("hierarchical", self.hierarchical), ("negative", self.negative.is_some())];
            let others = others.into_iter().chain(noise).chain([("sigmoid", self.sigmoid.is_some())]);
            return match others.into_iter().find(|(_, given)| *given) {
                Some((second, _)) => contradiction("layer", second, "say it in the layer's name, NAME:key=value"),
                None => Ok(layer.clone()),
            };
        }
        let own = self.defaults();
        let sigmoid = ("sigmoid", name(&self.sigmoid.unwrap_or(own.sigmoid)).to_string());
        if self.hierarchical {
            if let Some((second, _)) = noise.into_iter().find(|(_, given)| *given) {
                return contradiction("hierarchical", second, "one layer is trained at a time; remove one of them");
            }
            LayerSpec::with_values("hierarchical", &[sigmoid])
        } else {
            if self.negative == Some(0) {
                return contradiction(
                    "negative 0",
                    "hierarchical false",
                    "no layer is left; take the tree, or name a layer",
                );
            }
            let hits = self.noise_hits.unwrap_or(own.noise_hits);
            let values = [
                ("samples", self.negative.unwrap_or(own.negative).to_string()),
                ("power", self.noise_power.unwrap_or(own.noise_power).to_string()),
                ("hits", name(&hits).into()),
                sigmoid,
            ];
            LayerSpec::with_values("negative", &values)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::WindowRule;
    use crate::layer::NoiseHits;
    use crate::objective::Sigmoid;
    use crate::word2vec::Preset;

    #[test]
    fn options_override_presets() {
        let options = Options {
            preset: Preset::Word2vec,
            kind: Some(ModelKind::SkipGram),
            negative: Some(15),
            sigmoid: Some(Sigmoid::Exact),
            noise_hits: Some(NoiseHits::Keep),
            dim: Some(30),
            window: Some(2),
            window_rule: Some(WindowRule::Fixed),
            rate: Some(0.1),
            ..Options::default()
        };
        assert_eq!(options.layer().unwrap().to_string(), "negative:samples=15");
        let network = options.network().unwrap();
        assert_eq!((network.dim, network.window.size(), network.window.is_dynamic()), (30, 2, false));
        assert_eq!(options.rate().unwrap().start(), 0.1);
        let full = Options { layer: Some("full".parse().unwrap()), preset: Preset::Gensim, ..Options::default() };
        assert_eq!(full.layer().unwrap().to_string(), "full");
    }

    #[test]
    fn contradictions_name_both_options() {
        let layer = || Some("full".parse().unwrap());
        for (options, first, second) in [
            (Options { layer: layer(), hierarchical: true, ..Options::default() }, "layer", "hierarchical"),
            (Options { layer: layer(), negative: Some(0), ..Options::default() }, "layer", "negative"),
            (Options { layer: layer(), sigmoid: Some(Sigmoid::Exact), ..Options::default() }, "layer", "sigmoid"),
            (Options { hierarchical: true, negative: Some(5), ..Options::default() }, "hierarchical", "negative"),
            (
                Options { hierarchical: true, noise_power: Some(0.5), ..Options::default() },
                "hierarchical",
                "noise_power",
            ),
            (
                Options { hierarchical: true, noise_hits: Some(NoiseHits::Keep), ..Options::default() },
                "hierarchical",
                "noise_hits",
            ),
            (Options { negative: Some(0), ..Options::default() }, "negative 0", "hierarchical false"),
        ] {
            match options.layer() {
                Err(Error::Contradiction { first: a, second: b, .. }) => assert_eq!((a, b), (first, second)),
                other => panic!("{first} {second}: {other:?}"),
            }
        }
        let tree = Options { hierarchical: true, negative: Some(0), ..Options::default() };
        assert_eq!(tree.layer().unwrap().to_string(), "hierarchical");
        for (options, want) in [
            (
                Options {
                    kind: Some(ModelKind::SkipGram),
                    cbow_gradient: Some(BagGradient::Mean),
                    ..Options::default()
                },
                "cbow_gradient",
            ),
            (Options { kind: Some(ModelKind::NGram), window: Some(3), ..Options::default() }, "window"),
            (
                Options { kind: Some(ModelKind::NGram), window_rule: Some(WindowRule::Dynamic), ..Options::default() },
                "window_rule",
            ),
            (Options { order: Some(3), ..Options::default() }, "order"),
        ] {
            assert!(matches!(options.network(), Err(Error::NotWith { setting, .. }) if setting == want), "{want}");
        }
    }
}

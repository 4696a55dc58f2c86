//! What a user asks for, on top of a preset.

use super::preset::{Defaults, Preset, Sigmoid};
use crate::corpus::{Context, Model as WindowModel, Window};
use crate::error::{Error, Result};
use crate::layer::catalogue::LayerSpec;
use crate::model::Encoding;
use crate::train::LinearDecay;

/// What predicts what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A word from each word of its context.
    SkipGram,
    /// A word from the mean of its context.
    Cbow,
    /// A word from those before it, in their order.
    NGram,
}

/// The options of a model as a user gives them: what is `None` is the preset's. Options that contradict each other are refused.
///
/// ```
/// use lexmax::word2vec::{Options, Preset};
/// # fn main() -> lexmax::Result<()> {
/// let options = Options { preset: Preset::FastText, hierarchical: true, ..Options::default() };
/// assert_eq!(options.layer()?.to_string(), "hierarchical:sigmoid=fasttext");
/// assert_eq!(options.rate()?.start(), 0.05);
/// let both = Options { hierarchical: true, negative: Some(5), ..Options::default() };
/// assert!(both.layer().unwrap_err().to_string().contains("--hs and --negative"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where all others come from.
    pub preset: Preset,
    /// What predicts what.
    pub kind: Option<Kind>,
    /// The n of an n-gram.
    pub order: Option<usize>,
    /// Size of an n-gram's hidden layer.
    pub hidden: Option<usize>,
    /// The side of the context.
    pub context: Option<Context>,
    /// Size of the vectors.
    pub dim: Option<usize>,
    /// Words a side, at most.
    pub window: Option<usize>,
    /// Whether each position draws its own number of words a side.
    pub dynamic: Option<bool>,
    /// Whether each word of a bag descends along the whole gradient of their mean, as in word2vec.
    pub whole_gradients: Option<bool>,
    /// The output layer.
    pub layer: Option<LayerSpec>,
    /// word2vec's `-hs 1`: the tree and no noise.
    pub hierarchical: bool,
    /// word2vec's `-negative`: noise words.
    pub negative: Option<u32>,
    /// The exponent of counts in the proposal of noise.
    pub noise_power: Option<f64>,
    /// How σ is computed.
    pub sigmoid: Option<Sigmoid>,
    /// Whether noise that is the target counts.
    pub keep_hits: Option<bool>,
    /// The first rate.
    pub rate: Option<f32>,
    /// The last rate.
    pub last_rate: Option<f32>,
}

/// What the options say of the model beside its layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// What makes the hidden vector.
    pub encoding: Encoding,
    /// What is predicted from what.
    pub window: Window,
    /// Size of the hidden vectors.
    pub dim: usize,
    /// Whether each word of a bag descends along the whole gradient.
    pub whole_gradients: bool,
}

impl Options {
    /// What the preset sets.
    pub fn defaults(&self) -> Defaults {
        self.preset.defaults()
    }

    /// What predicts what.
    pub fn kind(&self) -> Kind {
        self.kind.unwrap_or(if self.defaults().cbow { Kind::Cbow } else { Kind::SkipGram })
    }

    /// The encoding, its window and sizes.
    ///
    /// # Errors
    /// [`Error::NotWith`] for an option that the model has no use for, and sizes that make no sense.
    pub fn shape(&self) -> Result<Shape> {
        let kind = self.kind();
        let given = [
            ("--order", self.order.is_some(), [Kind::SkipGram, Kind::Cbow]),
            ("--hidden", self.hidden.is_some(), [Kind::SkipGram, Kind::Cbow]),
            ("--window", self.window.is_some(), [Kind::NGram; 2]),
            ("--context both", self.context == Some(Context::Both), [Kind::NGram; 2]),
            ("--window-rule", self.dynamic.is_some(), [Kind::NGram; 2]),
            ("--cbow-gradient", self.whole_gradients.is_some(), [Kind::NGram, Kind::SkipGram]),
        ];
        if let Some((setting, ..)) = given.into_iter().find(|(_, given, not)| *given && not.contains(&kind)) {
            let other = match kind {
                Kind::SkipGram => "--model skipgram",
                Kind::Cbow => "--model cbow",
                Kind::NGram => "--model ngram",
            };
            return Err(Error::NotWith { setting, other });
        }
        let own = self.defaults();
        let dim = self.dim.unwrap_or(own.dim);
        let whole_gradients = self.whole_gradients.unwrap_or(true);
        let model = match kind {
            Kind::NGram => {
                let window = Encoding::window(self.order.unwrap_or(5))?;
                let encoding = Encoding::NGram { embedding: dim };
                return Ok(Shape { encoding, window, dim: self.hidden.unwrap_or(dim), whole_gradients });
            }
            Kind::SkipGram => WindowModel::SkipGram,
            Kind::Cbow => WindowModel::Cbow,
        };
        let context = self.context.unwrap_or(Context::Both);
        let window = Window::new(model, context, self.window.unwrap_or(own.window), self.dynamic.unwrap_or(true))?;
        Ok(Shape { encoding: Encoding::Mean, window, dim, whole_gradients })
    }

    /// The output layer.
    ///
    /// # Errors
    /// [`Error::Contradiction`], with both options and what to do; a value that cannot be.
    pub fn layer(&self) -> Result<LayerSpec> {
        let contradiction = |first, second, hint| Err(Error::Contradiction { first, second, hint });
        let noise = [
            ("--negative", self.negative.is_some_and(|n| n > 0)),
            ("--noise-power", self.noise_power.is_some()),
            ("--noise-hits", self.keep_hits.is_some()),
        ];
        if let Some(layer) = &self.layer {
            let others = [("--hs", self.hierarchical), ("--negative", self.negative.is_some())];
            let others = others.into_iter().chain(noise).chain([("--sigmoid", self.sigmoid.is_some())]);
            return match others.into_iter().find(|(_, given)| *given) {
                Some((second, _)) => contradiction("--layer", second, "say it in the layer's name, NAME:key=value"),
                None => Ok(layer.clone()),
            };
        }
        let own = self.defaults();
        let sigmoid = self.sigmoid.unwrap_or(own.sigmoid);
        let mut name = if self.hierarchical {
            if let Some((second, _)) = noise.into_iter().find(|(_, given)| *given) {
                return contradiction("--hs", second, "one layer is trained at a time; leave one of them out");
            }
            "hierarchical".to_string()
        } else {
            if self.negative == Some(0) {
                return contradiction("--negative 0", "--hs 0", "no layer is left; add --hs or --layer");
            }
            let mut name = "negative".to_string();
            let (samples, power) = (self.negative.unwrap_or(own.negative), self.noise_power.unwrap_or(own.noise_power));
            if samples != 5 {
                name += &format!(":samples={samples}");
            }
            if power != 0.75 {
                name += &format!(":power={power}");
            }
            if !self.keep_hits.unwrap_or(own.keep_hits) {
                name += ":hits=drop";
            }
            name
        };
        if sigmoid != Sigmoid::Exact {
            name += &format!(":sigmoid={}", sigmoid.name());
        }
        name.parse()
    }

    /// The rate.
    ///
    /// # Errors
    /// Rates that make no sense.
    pub fn rate(&self) -> Result<LinearDecay> {
        let own = self.defaults();
        let first = self.rate.unwrap_or(own.rates[usize::from(self.kind() != Kind::SkipGram)]);
        // A first rate below the preset's last one stays where it is.
        LinearDecay::to(first, self.last_rate.unwrap_or(own.last_rate.min(first)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_what_the_programs_document() {
        let with = |preset| Options { preset, ..Options::default() };
        // word2vec.c 0.1c, its help; gensim 4.4, the signature of Word2Vec; fastText 0.9, args.cc and the table of loss.cc.
        for (preset, cbow, rates, sample, layer, sentence) in [
            (Preset::Lexmax, false, [0.025, 0.05], 1e-3, "negative", 10_000),
            (Preset::Word2vec, true, [0.025, 0.05], 1e-3, "negative:hits=drop:sigmoid=word2vec", 1_000),
            (Preset::Gensim, true, [0.025, 0.025], 1e-3, "negative:hits=drop:sigmoid=gensim", 10_000),
            (Preset::FastText, false, [0.05, 0.05], 1e-4, "negative:power=0.5:hits=drop:sigmoid=fasttext", 1_024),
        ] {
            let (options, own) = (with(preset), preset.defaults());
            assert_eq!((own.dim, own.window, own.min_count, own.epochs, own.negative), (100, 5, 5, 5, 5));
            assert_eq!((own.sample, own.longest_sentence), (sample, sentence), "{preset}");
            assert_eq!(options.layer().unwrap().to_string(), layer);
            assert_eq!(options.kind(), if cbow { Kind::Cbow } else { Kind::SkipGram });
            for (kind, rate) in [Kind::SkipGram, Kind::Cbow].into_iter().zip(rates) {
                assert_eq!(Options { kind: Some(kind), ..with(preset) }.rate().unwrap().start(), rate);
            }
            assert_eq!(preset.to_string().parse::<Preset>().unwrap(), preset);
        }
        assert_eq!(with(Preset::Gensim).rate().unwrap().end(), 1e-4);
        assert!("glove".parse::<Preset>().is_err());
    }

    #[test]
    fn options_override_presets() {
        let options = Options {
            preset: Preset::Word2vec,
            kind: Some(Kind::SkipGram),
            negative: Some(15),
            sigmoid: Some(Sigmoid::Exact),
            keep_hits: Some(true),
            dim: Some(30),
            window: Some(2),
            dynamic: Some(false),
            rate: Some(0.1),
            ..Options::default()
        };
        assert_eq!(options.layer().unwrap().to_string(), "negative:samples=15");
        let shape = options.shape().unwrap();
        assert_eq!((shape.dim, shape.window.size(), shape.window.is_dynamic()), (30, 2, false));
        assert_eq!(options.rate().unwrap().start(), 0.1);
        let full = Options { layer: Some("full".parse().unwrap()), preset: Preset::Gensim, ..Options::default() };
        assert_eq!(full.layer().unwrap().to_string(), "full");
    }

    #[test]
    fn contradictions_name_both_options() {
        let layer = || Some("full".parse().unwrap());
        for (options, first, second) in [
            (Options { layer: layer(), hierarchical: true, ..Options::default() }, "--layer", "--hs"),
            (Options { layer: layer(), negative: Some(0), ..Options::default() }, "--layer", "--negative"),
            (Options { layer: layer(), sigmoid: Some(Sigmoid::Exact), ..Options::default() }, "--layer", "--sigmoid"),
            (Options { hierarchical: true, negative: Some(5), ..Options::default() }, "--hs", "--negative"),
            (Options { hierarchical: true, noise_power: Some(0.5), ..Options::default() }, "--hs", "--noise-power"),
            (Options { hierarchical: true, keep_hits: Some(true), ..Options::default() }, "--hs", "--noise-hits"),
            (Options { negative: Some(0), ..Options::default() }, "--negative 0", "--hs 0"),
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
                Options { kind: Some(Kind::SkipGram), whole_gradients: Some(false), ..Options::default() },
                "--cbow-gradient",
            ),
            (Options { kind: Some(Kind::NGram), window: Some(3), ..Options::default() }, "--window"),
            (Options { kind: Some(Kind::NGram), dynamic: Some(true), ..Options::default() }, "--window-rule"),
            (Options { order: Some(3), ..Options::default() }, "--order"),
        ] {
            assert!(matches!(options.shape(), Err(Error::NotWith { setting, .. }) if setting == want), "{want}");
        }
    }
}

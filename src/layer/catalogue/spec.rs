//! The name of a layer with its settings, parsed and checked.

use super::{CATALOGUE, Entry, LayerKeys, Shape, entry};
use crate::error::{Error, Result};
use crate::layer::{Bias, OutputLayer};
use crate::objective::LossOptions;
use crate::tree::Tree;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// A layer of the catalogue with its settings, as in `sampled:samples=512:proposal=uniform`.
///
/// ```
/// use lexmax::layer::catalogue::{LayerSpec, Shape};
/// use lexmax::layer::{Bias, LayerExt};
/// use lexmax::vocab::Counts;
///
/// # fn main() -> lexmax::Result<()> {
/// let counts = Counts::new((1..=1_000).rev().collect())?;
/// let spec: LayerSpec = "sampled:samples=64:proposal=uniform".parse()?;
/// let layer = spec.build(&Shape::new(&counts, 32, Bias::Unigram))?;
/// assert_eq!((layer.vocab(), layer.dim()), (1_000, 32));
/// assert!("sampled:sample=64".parse::<LayerSpec>().is_err()); // the error lists the valid keys
/// # Ok(())
/// # }
/// ```
///
/// Two specs are equal if their names are equal, with all settings in the same order.
#[derive(Clone, PartialEq, Eq)]
pub struct LayerSpec {
    settings: LayerKeys,
}

impl LayerSpec {
    /// Creates the layer of an entry with its defaults.
    pub(super) fn of(entry: &'static Entry) -> Self {
        Self { settings: LayerKeys::none(entry) }
    }

    /// Returns the layer's entry in the catalogue.
    pub fn entry(&self) -> &'static Entry {
        self.settings.entry()
    }

    /// Returns the files that are read when the layer is built: a tree, or the word vectors for one.
    pub fn files(&self) -> Vec<PathBuf> {
        super::trees::files(&self.settings)
    }

    /// Sets the value of a key, and replaces an earlier value. Values are parsed when the layer is built.
    ///
    /// # Errors
    /// [`Error::UnknownLayerKey`] for a key that the layer does not have, [`Error::LayerValue`] for an empty value.
    ///
    /// ```
    /// use lexmax::layer::catalogue::LayerSpec;
    ///
    /// # fn main() -> lexmax::Result<()> {
    /// let sampled: LayerSpec = "sampled:proposal=uniform".parse()?;
    /// let wide = sampled.clone().with("samples", 512)?;
    /// assert_eq!(wide.to_string(), "sampled:proposal=uniform:samples=512");
    /// assert!(sampled.with("sample", 64).is_err()); // the error lists the valid keys
    /// # Ok(())
    /// # }
    /// ```
    pub fn with(mut self, key: &str, value: impl ToString) -> Result<Self> {
        self.settings.set(key, value.to_string())?;
        Ok(self)
    }

    /// Creates the layer of a name with values for some of its keys. Default values do not appear in the name.
    ///
    /// # Errors
    /// The name or a key is not in the catalogue.
    #[cfg(feature = "text")]
    pub(crate) fn with_values(name: &str, values: &[(&str, String)]) -> Result<Self> {
        let plain: Self = name.parse()?;
        let says = |(key, value): &&(&str, String)| plain.entry().key(key).is_none_or(|key| !key.is_default(value));
        values.iter().filter(says).try_fold(plain.clone(), |spec, (key, value)| spec.with(key, value))
    }

    /// Returns the settings.
    pub fn settings(&self) -> &LayerKeys {
        &self.settings
    }

    /// Builds or reads the tree of these settings.
    ///
    /// # Errors
    /// A file that cannot be read, or does not hold a tree over the words.
    pub fn tree(&self, context: &Shape) -> Result<Tree> {
        self.settings.check()?;
        super::trees::tree(&self.settings, context)
    }

    /// Sets the number of samples, if the layer has this key and its name does not set it.
    ///
    /// # Errors
    /// An invalid value.
    pub fn with_samples(&self, samples: Option<usize>) -> Result<Self> {
        const KEY: &str = "samples";
        match samples {
            Some(n) if self.entry().has(KEY) && self.settings.get(KEY).is_none() => self.clone().with(KEY, n),
            _ => Ok(self.clone()),
        }
    }

    /// Calls [`LayerSpec::with_samples`] for each layer, and checks that the resulting names differ.
    ///
    /// # Errors
    /// An invalid value, or two layers with the same settings.
    pub fn distinct(layers: &[Self], samples: Option<usize>) -> Result<Vec<Self>> {
        let layers = layers.iter().map(|layer| layer.with_samples(samples)).collect::<Result<Vec<_>>>()?;
        let names: Vec<String> = layers.iter().map(Self::to_string).collect();
        match (1..names.len()).find(|i| names[..*i].contains(&names[*i])) {
            Some(i) => Err(Error::RepeatedLayer(names[i].clone())),
            None => Ok(layers),
        }
    }

    /// Returns the options of the loss in the name.
    ///
    /// # Errors
    /// A value cannot be parsed or is invalid.
    pub fn loss(&self) -> Result<LossOptions> {
        self.settings.loss()
    }

    /// Whether the layer decides along a tree.
    pub fn has_tree(&self) -> bool {
        self.entry().has("tree")
    }

    /// Returns [`LayerShape::takes_blocks`](crate::layer::LayerShape::takes_blocks) of the layer that this spec builds.
    pub fn takes_blocks(&self) -> bool {
        let loss = self.loss();
        ["hierarchical", "negative"].contains(&self.entry().name) && loss.is_ok_and(|loss| loss.is_plain())
    }

    /// Returns the biases: as the name sets them, otherwise as given.
    ///
    /// # Errors
    /// A value that cannot be parsed.
    pub fn bias(&self, otherwise: Bias) -> Result<Bias> {
        Ok(self.settings.given_word("bias")?.unwrap_or(otherwise))
    }

    /// Builds the layer.
    ///
    /// # Errors
    /// A value that cannot be parsed, or sizes that do not fit the vocabulary or the hidden vector.
    pub fn build(&self, context: &Shape) -> Result<Box<dyn OutputLayer>> {
        self.build_over(None, context)
    }

    /// Builds the layer over the given tree, which replaces the settings of the tree. Layers without a tree ignore it.
    ///
    /// # Errors
    /// The same errors as [`LayerSpec::build`].
    pub fn build_over(&self, tree: Option<Tree>, context: &Shape) -> Result<Box<dyn OutputLayer>> {
        self.built(tree, context).map_err(|error| match error {
            // An error of a file names the file instead.
            Error::OutOfRange { .. }
            | Error::LossOption { .. }
            | Error::BlocksMissWords { .. }
            | Error::SlicesMissDim { .. }
            | Error::CutoffsNotRising { .. } => self.in_layer(error),
            _ => error,
        })
    }

    /// Adds the name of the layer to an error that does not have it.
    pub(crate) fn in_layer(&self, error: Error) -> Error {
        let source = match error {
            Error::InLayer { .. } | Error::LayerValue { .. } => return error,
            Error::LossOption { option, .. } => Error::LossOption { layer: self.entry().name, option },
            other => other,
        };
        Error::InLayer { layer: self.to_string(), source: Box::new(source) }
    }

    fn built(&self, tree: Option<Tree>, context: &Shape) -> Result<Box<dyn OutputLayer>> {
        self.settings.check()?;
        let context = Shape { bias: self.bias(context.bias)?, ..*context };
        let mut layer = match tree {
            Some(tree) if self.has_tree() => super::build::hierarchical_over(tree, &self.settings, &context)?,
            _ => (self.entry().build)(&self.settings, &context)?,
        };
        let loss = self.settings.loss()?;
        if !loss.is_plain() {
            layer.set_loss(loss)?;
        }
        Ok(layer)
    }
}

impl FromStr for LayerSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut parts = split(text).into_iter();
        let name = parts.next().unwrap_or_default();
        let Some(entry) = entry(&name) else {
            return Err(Error::UnknownLayer { name, known: CATALOGUE.iter().map(|e| e.name).collect() });
        };
        let Self { mut settings } = Self::of(entry);
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((&part, ""));
            if settings.get(key).is_some() {
                return Err(Error::RepeatedLayerKey { layer: entry.name, key: key.into() });
            }
            settings.set(key, value.into())?;
        }
        Ok(Self { settings })
    }
}

/// Splits a name at its colons; a double colon is a colon within a part.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == ':' && chars.next_if_eq(&':').is_none() {
            parts.push(String::new());
        } else {
            parts.last_mut().expect("one part").push(c);
        }
    }
    parts
}

impl fmt::Display for LayerSpec {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.entry().name)?;
        self.settings.values().try_for_each(|(key, value)| write!(f, ":{key}={}", value.replace(':', "::")))
    }
}

impl fmt::Debug for LayerSpec {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "LayerSpec({self})")
    }
}

/// Returns a SHA-256 of the files that are read when the layers are built.
#[cfg(feature = "eval")]
pub(crate) fn files_digest(layers: &[LayerSpec]) -> String {
    let files = layers.iter().flat_map(LayerSpec::files);
    crate::files::sha256_of(files.map(|path| crate::files::sha256(&path).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::LayerExt;
    use crate::vocab::Counts;

    fn build(text: &str) -> Result<Box<dyn OutputLayer>> {
        let counts = Counts::new((1..=40).rev().collect())?;
        text.parse::<LayerSpec>()?.build(&Shape::new(&counts, 8, Bias::None))
    }

    #[test]
    fn names_go_both_ways() {
        for text in ["full", "sampled:samples=512:proposal=uniform", "negative:samples=5:bias=zero"] {
            assert_eq!(text.parse::<LayerSpec>().unwrap().to_string(), text);
            assert!(build(text).is_ok() || text.contains("512"));
        }
        let windows = "hierarchical:tree=C::\\a=b::c.txt:bias=zero";
        let spec: LayerSpec = windows.parse().unwrap();
        assert_eq!(spec.settings.get("tree"), Some("C:\\a=b:c.txt"));
        assert_eq!(spec.to_string(), windows);
        assert_eq!(build("full:bias=unigram").unwrap().bias(), Bias::Unigram);
    }

    #[test]
    fn layers_come_once_after_their_samples_are_known() {
        let layers = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<LayerSpec>>();
        let both = layers(&["sampled", "sampled:samples=9", "full"]);
        let names = |samples| LayerSpec::distinct(&both, samples).map(|l| l[0].to_string()).map_err(|e| e.to_string());
        assert_eq!(names(Some(8)).unwrap(), "sampled:samples=8");
        assert_eq!(names(None).unwrap(), "sampled");
        assert!(names(Some(9)).unwrap_err().contains("sampled:samples=9 is named twice"));
        assert!(LayerSpec::distinct(&layers(&["full", "full"]), None).is_err());
    }

    #[test]
    fn keys_are_set_in_a_program_as_in_a_name() {
        let spec = |text: &str| text.parse::<LayerSpec>().unwrap();
        assert_eq!(spec("negative").with("samples", 7).unwrap(), spec("negative:samples=7"));
        assert_ne!(spec("negative").with("samples", 7).unwrap(), spec("negative:samples=8"));
        assert_ne!(spec("sampled"), spec("negative"));
        // An earlier value is replaced in its place.
        let both = spec("negative:samples=7:power=1").with("samples", 9).unwrap();
        assert_eq!(both.to_string(), "negative:samples=9:power=1");
        let tree = spec("hierarchical").with("tree", "C:\\a:").unwrap().with("bias", "zero").unwrap();
        assert_eq!(tree.to_string().parse::<LayerSpec>().unwrap(), tree);
        for (key, value) in [("sample", "7"), ("samples", "")] {
            let parsed = format!("negative:{key}={value}").parse::<LayerSpec>().unwrap_err();
            assert_eq!(spec("negative").with(key, value).unwrap_err().to_string(), parsed.to_string());
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let message = |text: &str| build(text).expect_err(text).to_string();
        assert!(message("ful").contains("full, hierarchical"));
        assert!(message("").contains("unknown layer"));
        assert!(message("sampled:sample=5").contains("choose one of samples, proposal, power, correction, bias"));
        assert!(message("negative:samples=5:samples=6").contains("twice"));
        assert!(message("negative:samples=five").contains("\"five\""));
        assert!(message("negative:samples").contains("samples"));
        assert!(message("negative:samples=0").contains("samples"));
        assert!(message("hierarchical:tree=kmeans").contains("vectors"));
        assert!(message("hierarchical:tree=random:seed=x").contains("seed"));
        assert!(message("hierarchical:seed=3").contains("left out"));
        assert!(message("hierarchical:vectors=v.bin").contains("left out"));
        let missing = message("hierarchical:tree=hufman");
        assert!(missing.contains("tree is \"hufman\", but must be huffman, balanced"), "{missing}");
        assert!(message("full:smoothing=1.5").contains("from 0 to 1"));
        assert!(message("full:soft-cap=0").contains("soft-cap is 0"));
        assert!(message("full:z-loss=nan").contains("z-loss"));
        let refused = message("sampled:samples=5:smoothing=0.1");
        let start = "layer sampled:samples=5:smoothing=0.1: sampled does not support label smoothing";
        assert!(refused.starts_with(start), "{refused}");
        // Errors about values name the layer once.
        assert!(message("negative:samples=0").starts_with("layer negative:samples=0: samples is 0, but must be"));
        assert!(message("negative:samples=x").starts_with("layer negative: samples is \"x\", but"));
        assert!(message("full:bias=yes").contains("none, zero or unigram"));
        assert!(message("sampled:power=nan").contains("power"));
        assert!(message("differentiated:blocks=10x4+20x4").contains("30 words"));
        assert!(message("differentiated:blocks=10x4+restx3").contains("sum to 7"));
        assert!(message("differentiated:blocks=10x4+rest").contains("blocks"));
        assert!(message("differentiated-projected:blocks=restx9").contains("hidden size"));
    }
}

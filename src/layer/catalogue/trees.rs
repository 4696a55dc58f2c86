//! The trees that the name of a layer can select.

use super::words::TreeName;
use super::{LayerKeys, Shape};
use crate::error::{Error, Result};
#[cfg(feature = "text")]
use crate::error::{Place, VectorsFault};
use crate::names::named;
use crate::tree::{Tree, Weighting};
use crate::vocab::WordId;
use ndarray::Array2;
use std::path::{Path, PathBuf};

/// Builds the tree of the settings. A value of `tree` that is not the name of a kind is a file.
pub fn tree(s: &LayerKeys, c: &Shape) -> Result<Tree> {
    let (kind, seed) = (s.text("tree"), s.value("seed")?);
    let clusters = |weighting| Ok(Tree::by_clusters(c.counts, points(s, c)?.view(), weighting, seed));
    match named(kind) {
        Some(TreeName::Huffman) => Ok(Tree::huffman(c.counts)),
        Some(TreeName::Balanced) => Ok(Tree::balanced(c.counts)),
        Some(TreeName::Random) => Ok(Tree::random(c.counts, seed)),
        Some(TreeName::Frequency) => Ok(Tree::by_frequency(c.counts)),
        Some(TreeName::Kmeans) => clusters(Weighting::Plain),
        Some(TreeName::WeightedKmeans) => clusters(Weighting::Counts),
        // A misspelt kind is more likely than a file that is gone.
        None if !Path::new(kind).exists() => Err(s.unreadable("tree", kind)),
        None => read(Path::new(kind), c),
    }
}

/// Returns the files in the settings: a tree, and vectors with the file of their words.
pub fn files(s: &LayerKeys) -> Vec<PathBuf> {
    let tree = s.get("tree").filter(|value| named::<TreeName>(value).is_none()).map(PathBuf::from);
    let vectors = s.get("vectors").map(Path::new);
    #[cfg(feature = "text")]
    let vectors = vectors.map_or_else(Vec::new, |path| crate::vectors::ReadOptions::default().files(path));
    #[cfg(not(feature = "text"))]
    let vectors = vectors.map(PathBuf::from);
    tree.into_iter().chain(vectors).collect()
}

/// Returns the name of a word.
fn name(c: &Shape, word: WordId) -> String {
    c.words.map_or_else(|| word.to_string(), |words| words.word(word).into())
}

fn read(path: &Path, c: &Shape) -> Result<Tree> {
    #[cfg(feature = "text")]
    let mut file = crate::files::text(path)?;
    #[cfg(not(feature = "text"))]
    let mut file = std::io::BufReader::new(std::fs::File::open(path).map_err(Error::io(path))?);
    let id = |text: &str| match c.words {
        Some(words) => words.id(text),
        // Accepts 7, but not 07 or +7, so that no id has two names.
        None => text.parse().ok().filter(|id: &WordId| id.to_string() == text),
    };
    Tree::read(&mut file, path, c.counts, id, |word| name(c, word))
}

/// Reads the vectors of all words, V×d.
#[cfg(not(feature = "text"))]
fn points(_: &LayerKeys, _: &Shape) -> Result<Array2<f32>> {
    Err(Error::NoText("a tree over word vectors"))
}

/// Reads the vectors of all words, V×d.
#[cfg(feature = "text")]
fn points(s: &LayerKeys, c: &Shape) -> Result<Array2<f32>> {
    let path = s.get("vectors").ok_or_else(|| s.unreadable("vectors", ""))?;
    let path = Path::new(path);
    let read = crate::vectors::WordVectors::open(path)?;
    let mut all = Array2::zeros((c.counts.len(), read.dim()));
    for (word, mut row) in (0..).zip(all.rows_mut()) {
        let name = name(c, word);
        let Some(id) = read.id(&name) else {
            let fault = VectorsFault::MissingWord { word: name };
            return Err(Error::VectorsFile { path: path.into(), place: Place::Whole, fault });
        };
        row.iter_mut().zip(read.vector(id)).for_each(|(to, x)| *to = *x);
    }
    Ok(all)
}

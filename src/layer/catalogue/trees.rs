//! The trees that a layer's name can ask for.

use super::{LayerKeys, Shape};
use crate::error::{Error, Result};
#[cfg(feature = "text")]
use crate::error::{Place, VectorsFault};
use crate::tree::{Tree, Weighting};
use crate::vocab::WordId;
use ndarray::Array2;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

const SEED: &str = "a whole number";

/// The tree of the settings; a value of `tree` that is no name of a kind is a file.
pub fn tree(s: &LayerKeys, c: &Shape) -> Result<Tree> {
    let kind = s.get("tree").unwrap_or("huffman");
    let clusters = matches!(kind, "kmeans" | "weighted-kmeans");
    if let (false, Some(vectors)) = (clusters, s.get("vectors")) {
        return Err(s.bad("vectors", vectors, "left out, or tree=kmeans or tree=weighted-kmeans given with it"));
    }
    if let (false, Some(seed)) = (clusters || kind == "random", s.get("seed")) {
        return Err(s.bad("seed", seed, "left out: the tree is not random"));
    }
    let seed = s.parse("seed", 1, SEED)?;
    Ok(match kind {
        "huffman" => Tree::huffman(c.counts),
        "balanced" => Tree::balanced(c.counts),
        "random" => Tree::random(c.counts, seed),
        "frequency" => Tree::by_frequency(c.counts),
        "kmeans" => Tree::by_clusters(c.counts, points(s, c)?.view(), Weighting::Plain, seed),
        "weighted-kmeans" => Tree::by_clusters(c.counts, points(s, c)?.view(), Weighting::Counts, seed),
        path => read(Path::new(path), c)?,
    })
}

/// What a word is called.
fn name(c: &Shape, word: WordId) -> String {
    c.words.map_or_else(|| word.to_string(), |words| words.word(word).into())
}

fn read(path: &Path, c: &Shape) -> Result<Tree> {
    let file = File::open(path).map_err(Error::io(path))?;
    let id = |text: &str| match c.words {
        Some(words) => words.id(text),
        // 7, but not 07 or +7, so that no id has two names.
        None => text.parse().ok().filter(|id: &WordId| id.to_string() == text),
    };
    Tree::read(&mut BufReader::new(file), path, c.counts, id, |word| name(c, word))
}

/// The vectors of all words, V×d.
#[cfg(not(feature = "text"))]
fn points(_: &LayerKeys, _: &Shape) -> Result<Array2<f32>> {
    Err(Error::NoFeature { what: "a tree over word vectors", feature: "text" })
}

/// The vectors of all words, V×d.
#[cfg(feature = "text")]
fn points(s: &LayerKeys, c: &Shape) -> Result<Array2<f32>> {
    let path = s.get("vectors").ok_or_else(|| s.bad("vectors", "", "the file of the vectors to cluster"))?;
    let path = Path::new(path);
    let read = crate::vectors::read(path, None)?;
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

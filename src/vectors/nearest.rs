//! The nearest words, and the best answers to one question.

use super::ranking::Method;
use super::similarity::cosine;
use crate::error::Result;
use crate::vectors::WordVectors;
use crate::vocab::WordId;
use serde::Serialize;

/// A word and how good it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Neighbour {
    /// The word.
    pub word: String,
    /// Its cosine, or the score of [`Method::CosMul`].
    pub score: f64,
}

/// The `n` words with the greatest cosine to the mean direction of `words`, those left out; ties in the order of the words.
///
/// # Errors
/// [`Error::UnknownWord`](crate::Error::UnknownWord).
pub fn neighbours(vectors: &WordVectors, words: &[&str], n: usize) -> Result<Vec<Neighbour>> {
    let ids = words.iter().map(|word| vectors.known(word)).collect::<Result<Vec<_>>>()?;
    let mean = sum(vectors, ids.iter().map(|id| (1.0, *id)));
    Ok(top(vectors, &ids, n, |id| cosine(&mean, vectors.vector(id))))
}

/// The `n` best answers to "a is to b as c is to …", the three words left out.
///
/// # Errors
/// [`Error::UnknownWord`](crate::Error::UnknownWord).
pub fn answers(vectors: &WordVectors, [a, b, c]: [&str; 3], method: Method, n: usize) -> Result<Vec<Neighbour>> {
    let ids = [vectors.known(a)?, vectors.known(b)?, vectors.known(c)?];
    let [a, b, c] = ids;
    Ok(match method {
        Method::CosAdd => {
            let target = sum(vectors, [(-1.0, a), (1.0, b), (1.0, c)].into_iter());
            top(vectors, &ids, n, |id| cosine(&target, vectors.vector(id)))
        }
        Method::CosMul => top(vectors, &ids, n, |id| {
            let shifted = |other| (1.0 + cosine(vectors.vector(id), vectors.vector(other))) / 2.0;
            shifted(b) * shifted(c) / (shifted(a) + 1e-6)
        }),
    })
}

/// Σ of vectors of length 1, each times a factor.
fn sum(vectors: &WordVectors, parts: impl Iterator<Item = (f64, WordId)>) -> Vec<f32> {
    let mut sum = vec![0.0; vectors.dim()];
    for (factor, id) in parts {
        let vector = vectors.vector(id);
        let norm = vector.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
        let scale = if norm > 0.0 { factor / norm } else { 0.0 };
        sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += scale * f64::from(*x));
    }
    sum.into_iter().map(|x| x as f32).collect()
}

fn top(vectors: &WordVectors, without: &[WordId], n: usize, score: impl Fn(WordId) -> f64) -> Vec<Neighbour> {
    let ids = (0..vectors.len() as WordId).filter(|id| !without.contains(id));
    let mut scored: Vec<(f64, WordId)> = ids.map(|id| (score(id), id)).collect();
    let order = |a: &(f64, WordId), b: &(f64, WordId)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    if n < scored.len() {
        scored.select_nth_unstable_by(n, order);
        scored.truncate(n);
    }
    scored.sort_unstable_by(order);
    scored.into_iter().map(|(score, id)| Neighbour { word: vectors.word(id).into(), score }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use ndarray::array;

    fn vectors() -> WordVectors {
        let values = array![[2f32, 0.], [1., 1.], [0., 3.], [-1., 0.], [0., 1.], [0., 0.]];
        WordVectors::new(["east", "northeast", "north", "west", "up", "nowhere"], values).unwrap()
    }

    #[test]
    fn the_nearest_come_first() {
        let words = |found: Vec<Neighbour>| found.into_iter().map(|n| n.word).collect::<Vec<_>>();
        let near = |of: &[&str], n| words(neighbours(&vectors(), of, n).unwrap());
        assert_eq!(near(&["east"], 9), ["northeast", "north", "up", "nowhere", "west"]);
        assert_eq!(near(&["east", "north"], 1), ["northeast"]);
        assert_eq!(near(&["east"], 0), [""; 0]);
        let found = neighbours(&vectors(), &["east"], 1).unwrap();
        assert!((found[0].score - 0.5f64.sqrt()).abs() < 1e-7);
        for method in [Method::CosAdd, Method::CosMul] {
            // west is to east as … : (1 0) − (−1 0) + (0 1) points between east and northeast.
            let found = answers(&vectors(), ["west", "east", "up"], method, 2).unwrap();
            assert_eq!(words(found)[0], "northeast", "{method:?}");
        }
        let Err(Error::UnknownWord { word, similar }) = neighbours(&vectors(), &["Nort"], 1) else { panic!() };
        assert_eq!((word.as_str(), &similar[..]), ("Nort", &["north".to_string()][..]));
    }
}

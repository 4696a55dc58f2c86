//! The nearest words, the best answers to one analogy question, and the similarity of two words.

use super::ranking::Method;
use super::similarity::cosine;
use crate::error::Result;
use crate::vectors::WordVectors;
use crate::vocab::WordId;
use serde::Serialize;

/// A word with its cosine to a query.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Neighbour {
    /// The word.
    pub word: String,
    /// The cosine, from −1 to 1; 0 if one of the vectors is zero.
    pub cosine: f64,
}

/// An answer to "a is to b as c is to …", with its score.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Answer {
    /// The word.
    pub word: String,
    /// The score by the [`Method`]; for [`Method::CosAdd`], the cosine to b − a + c.
    pub score: f64,
}

impl WordVectors {
    /// The `k` words with the greatest cosine to `word`, in falling order, without the word itself. Ties keep the order
    /// of the words. There are fewer than `k` only if there are no more words. Costs V·d multiply-adds.
    ///
    /// # Errors
    /// [`Error::UnknownWord`](crate::Error::UnknownWord), with known words of similar spelling.
    pub fn nearest(&self, word: &str, k: usize) -> Result<Vec<Neighbour>> {
        self.nearest_to_mean(&[word], k)
    }

    /// The `k` words with the greatest cosine to the mean direction of `words`, without these. If `words` is empty,
    /// every cosine is 0.
    ///
    /// # Errors
    /// The errors of [`WordVectors::nearest`].
    pub fn nearest_to_mean(&self, words: &[&str], k: usize) -> Result<Vec<Neighbour>> {
        let ids = words.iter().map(|word| self.known(word)).collect::<Result<Vec<_>>>()?;
        let mean = sum(self, ids.iter().map(|id| (1.0, *id)));
        let found = top(self, &ids, k, |id| cosine(&mean, self.vector(id)));
        Ok(found.map(|(word, cosine)| Neighbour { word, cosine }).collect())
    }

    /// The `k` best answers to "a is to b as c is to …" by 3CosAdd, in falling order, without the three words.
    ///
    /// # Errors
    /// The errors of [`WordVectors::nearest`].
    pub fn analogy(&self, words: [&str; 3], k: usize) -> Result<Vec<Answer>> {
        self.analogy_by(Method::CosAdd, words, k)
    }

    /// Like [`WordVectors::analogy`], with any method.
    ///
    /// # Errors
    /// The errors of [`WordVectors::nearest`].
    pub fn analogy_by(&self, method: Method, [a, b, c]: [&str; 3], k: usize) -> Result<Vec<Answer>> {
        let ids = [self.known(a)?, self.known(b)?, self.known(c)?];
        let [a, b, c] = ids;
        let found: Vec<(String, f64)> = match method {
            Method::CosAdd => {
                let target = sum(self, [(-1.0, a), (1.0, b), (1.0, c)].into_iter());
                top(self, &ids, k, |id| cosine(&target, self.vector(id))).collect()
            }
            Method::CosMul => {
                let score = |id| {
                    let shifted = |other| (1.0 + cosine(self.vector(id), self.vector(other))) / 2.0;
                    shifted(b) * shifted(c) / (shifted(a) + 1e-6)
                };
                top(self, &ids, k, score).collect()
            }
        };
        Ok(found.into_iter().map(|(word, score)| Answer { word, score }).collect())
    }

    /// The cosine of two words, from −1 to 1; 0 if one of their vectors is zero.
    ///
    /// # Errors
    /// The errors of [`WordVectors::nearest`].
    pub fn similarity(&self, a: &str, b: &str) -> Result<f64> {
        Ok(cosine(self.vector(self.known(a)?), self.vector(self.known(b)?)))
    }
}

/// A weighted sum of vectors scaled to length 1.
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

/// The `n` words with the greatest scores, without the words in `without`.
fn top(
    vectors: &WordVectors,
    without: &[WordId],
    n: usize,
    score: impl Fn(WordId) -> f64,
) -> impl Iterator<Item = (String, f64)> {
    let ids = (0..vectors.len() as WordId).filter(|id| !without.contains(id));
    let mut scored: Vec<(f64, WordId)> = ids.map(|id| (score(id), id)).collect();
    let order = |a: &(f64, WordId), b: &(f64, WordId)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    if n < scored.len() {
        scored.select_nth_unstable_by(n, order);
        scored.truncate(n);
    }
    scored.sort_unstable_by(order);
    scored.into_iter().map(|(score, id)| (vectors.word(id).into(), score))
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
        let near = |of: &[&str], n| words(vectors().nearest_to_mean(of, n).unwrap());
        assert_eq!(near(&["east"], 9), ["northeast", "north", "up", "nowhere", "west"]);
        assert_eq!(near(&["east", "north"], 1), ["northeast"]);
        assert_eq!(near(&["east"], 0), [""; 0]);
        let found = vectors().nearest("east", 1).unwrap();
        assert!((found[0].cosine - 0.5f64.sqrt()).abs() < 1e-7);
        for method in [Method::CosAdd, Method::CosMul] {
            // west is to east as …: (1 0) − (−1 0) + (0 1) points between east and northeast.
            let found = vectors().analogy_by(method, ["west", "east", "up"], 2).unwrap();
            assert_eq!((found.len(), found[0].word.as_str()), (2, "northeast"), "{method:?}");
        }
        assert_eq!(
            vectors().analogy(["west", "east", "up"], 9).unwrap(),
            vectors().analogy_by(Method::CosAdd, ["west", "east", "up"], 9).unwrap()
        );
    }

    #[test]
    fn the_likeness_of_two_words_is_that_of_the_list() {
        let all = vectors();
        for near in all.nearest("northeast", 9).unwrap() {
            let alone = all.similarity("northeast", &near.word).unwrap();
            assert!((alone - near.cosine).abs() < 1e-7, "{near:?}");
        }
        assert_eq!(all.similarity("east", "nowhere").unwrap(), 0.0);
    }

    #[test]
    fn unknown_words_are_named_with_near_spellings() {
        let all = vectors();
        let unknown = [
            all.nearest("Nort", 1).unwrap_err(),
            all.similarity("east", "Nort").unwrap_err(),
            all.analogy(["east", "Nort", "up"], 1).unwrap_err(),
        ];
        for error in unknown {
            let Error::UnknownWord { word, similar } = error else { panic!("{error:?}") };
            assert_eq!((word.as_str(), &similar[..]), ("Nort", &["north".to_string()][..]));
        }
    }
}

//! The words of vectors: not empty, and not repeated.

use crate::error::VectorsFault;
use crate::vocab::Words;

/// Adds a word. Empty and repeated words are errors.
pub fn push(words: &mut Words, new: &str) -> Result<(), VectorsFault> {
    let number = words.len() + 1;
    if new.is_empty() {
        return Err(VectorsFault::EmptyWord { number });
    }
    if let Some(first) = words.find(new) {
        return Err(VectorsFault::RepeatedWord { word: new.into(), first: first as usize + 1 });
    }
    let too_large = VectorsFault::TooLarge { words: number as u64, dim: 0 };
    if i32::try_from(words.len()).is_err() {
        return Err(too_large);
    }
    words.push(new).map_err(|_| too_large)
}

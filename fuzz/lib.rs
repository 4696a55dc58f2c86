//! What the targets share: a file of vectors is either refused, or what it gives is sound.

use lexmax::vectors::{Format, Stream, read_streams};
use std::path::Path;

/// Reads vectors as of a file of known and of unknown length, and checks what came.
pub fn vectors(format: Format, main: &[u8], words: &[u8]) {
    for known in [true, false] {
        let (mut main_source, mut words_source) = (main, words);
        let path = Path::new("case");
        let stream = Stream { source: &mut main_source, len: known.then_some(main.len() as u64), path };
        let words = Stream { source: &mut words_source, len: known.then_some(words.len() as u64), path };
        let Ok(read) = read_streams(stream, Some(words), format) else { continue };
        assert!(read.entries().len() == read.len() * read.dim() && !read.entries().is_empty());
        assert!(read.entries().iter().all(|x| x.is_finite()));
        for (id, word) in (0..).zip(read.words()) {
            assert_eq!(read.id(word), Some(id));
        }
    }
}

/// The same for formats with words beside the vectors: the first byte says how many bytes are words.
pub fn vectors_beside(format: Format, data: &[u8]) {
    let Some((len, rest)) = data.split_first() else { return };
    let (words, main) = rest.split_at(usize::from(*len).min(rest.len()));
    vectors(format, main, words);
}

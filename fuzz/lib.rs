//! Shared by the targets: a file of vectors is either refused, or gives a valid result.

use lexmax::vectors::{Format, OnBad, ReadOptions, Stream, read_streams};
use std::path::Path;

/// Reads vectors in all combinations: known or unknown length, strict or lenient, all words or only the first, a given
/// or a recognized format. Checks the results.
pub fn vectors(format: Format, main: &[u8], words: &[u8]) {
    for case in 0..16 {
        let known = case & 1 != 0;
        let mut options = ReadOptions::default();
        options.format = Some(format).filter(|_| case & 2 == 0);
        options.on_bad = if case & 4 != 0 { OnBad::Skip } else { OnBad::Error };
        options.first = Some(2).filter(|_| case & 8 != 0);
        let (mut main_source, mut words_source) = (main, words);
        let path = Path::new("case");
        let stream = Stream { source: &mut main_source, len: known.then_some(main.len() as u64), path };
        let words = Stream { source: &mut words_source, len: known.then_some(words.len() as u64), path };
        let Ok(loaded) = read_streams(stream, Some(words), &options) else { continue };
        let (read, passed) = (loaded.vectors, loaded.passed_over);
        assert!(options.first.is_none_or(|first| read.len() <= first));
        // In strict mode, only repeated words are passed over.
        assert!(options.on_bad == OnBad::Skip || passed.to_string().matches(',').count() == 0);
        assert!(options.on_bad == OnBad::Skip || passed.is_empty() || passed.repeated > 0);
        assert!(read.entries().len() == read.len() * read.dim() && !read.entries().is_empty());
        assert!(read.entries().iter().all(|x| x.is_finite()));
        for (id, word) in (0..).zip(read.words()) {
            assert_eq!(read.id(word), Some(id));
        }
    }
}

/// Like [`vectors`], for formats with words in a file beside the vectors. The first byte is the number of bytes of
/// words.
pub fn vectors_beside(format: Format, data: &[u8]) {
    let Some((len, rest)) = data.split_first() else { return };
    let (words, main) = rest.split_at(usize::from(*len).min(rest.len()));
    vectors(format, main, words);
}

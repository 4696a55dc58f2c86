#![no_main]

use lexmax::vocab::Vocabulary;
use std::path::Path;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(vocab) = Vocabulary::read(&mut &data[..], Path::new("case"), 0) else { return };
    assert!(vocab.counts().as_slice().is_sorted_by(|a, b| a >= b));
    assert!((0..vocab.len() as u32).all(|id| vocab.id(vocab.word(id)) == Some(id)));
    // Words that are too long to be followed by a count can be read but not written.
    if vocab.check_file(Path::new("case")).is_err() {
        return;
    }
    let mut file = Vec::new();
    vocab.write(&mut file, 1).expect("a vector takes all");
    let again = Vocabulary::read(&mut &file[..], Path::new("again"), 0).expect("what was written");
    assert_eq!(again.counts().as_slice(), vocab.counts().as_slice());
    assert!((0..vocab.len() as u32).all(|id| again.word(id) == vocab.word(id)));
});

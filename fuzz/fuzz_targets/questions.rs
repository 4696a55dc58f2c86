#![no_main]

use lexmax::vectors::{QuestionSection, Questions};
use std::path::Path;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(read) = Questions::parse(&mut &data[..], Path::new("case")) {
        let words = |s: &QuestionSection| s.questions.iter().all(|q| q.iter().all(|word| !word.is_empty()));
        assert!(read.sections.iter().all(words));
    }
});

#![no_main]

use lexmax::vectors::Questions;
use std::path::Path;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(read) = Questions::parse(&mut &data[..], Path::new("case")) else { return };
    let text = std::str::from_utf8(data).expect("questions are text");
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // Each line is a question, a heading or a comment.
    let said = text.split('\n').map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with(['#', ':']));
    let questions: Vec<_> = read.sections.iter().flat_map(|section| &section.questions).collect();
    assert!(!questions.is_empty() && questions.len() == said.clone().count());
    for (question, line) in questions.into_iter().zip(said) {
        assert!(question.iter().eq(line.split_whitespace()));
    }
});

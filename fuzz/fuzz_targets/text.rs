#![no_main]

use lexmax::corpus::{Invalid, Ledger, Normalizer, Source, Split, words};
use std::io::Write;

// The first byte says how the rest is read: packed or not, UTF-8, or UTF-16 or UTF-32 with a mark.
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((how, text)) = data.split_first() else { return };
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(text).expect("a temporary file takes the text");
    let split = if how & 4 == 0 { Split::Space } else { Split::Words };
    let mut normalizer = Normalizer::default();
    (normalizer.lowercase, normalizer.nfc, normalizer.split) = (how & 1 != 0, how & 2 != 0, split);
    let invalid = [Invalid::Refuse, Invalid::Replace, Invalid::Skip][usize::from(how >> 3) % 3];
    let mut source = Source::plain(&[file.path()]);
    (source.invalid, source.normalizer) = (invalid, normalizer);
    let (mut ledger, mut lines) = (Ledger::default(), 0);
    let read = source.for_each_line(&mut ledger, |line| {
        lines += 1;
        assert!(!line.contains('\0'));
        assert!(words(line).all(|word| !word.is_empty() && !word.contains(char::is_whitespace)));
        Ok(())
    });
    assert!(read.is_err() || ledger.lines == lines);
    assert_eq!(ledger.tokens, ledger.invalid);
});

#![no_main]

use lexmax::corpus::{Form, Invalid, Language, Ledger, Lowercase, Normalizer, Source, Split, words};
use std::io::Write;

// The first byte selects how the rest is read: compressed or not, as UTF-8, or as UTF-16 or UTF-32 with a byte order
// mark.
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((how, text)) = data.split_first() else { return };
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(text).expect("a temporary file takes the text");
    let language = match how >> 5 & 3 {
        0 => Lowercase::Unicode,
        1 => Lowercase::Of(Language::Turkish),
        2 => Lowercase::Of(Language::Azerbaijani),
        _ => Lowercase::Of(Language::Lithuanian),
    };
    let mut normalizer = Normalizer::default();
    normalizer.lowercase = if how & 1 == 0 { Lowercase::No } else { language };
    normalizer.form = if how & 2 == 0 { Form::None } else { [Form::Nfc, Form::Nfkc][usize::from(how >> 7)] };
    normalizer.split = if how & 4 == 0 { Split::Space } else { Split::Words };
    let invalid = [Invalid::Refuse, Invalid::Replace, Invalid::Skip][usize::from(how >> 3 & 3) % 3];
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
    assert!(normalizer.split == Split::Words || ledger.unsplit.is_none());
});

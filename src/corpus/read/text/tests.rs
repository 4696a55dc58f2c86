//! Tests of texts as ids.

use super::*;
use crate::corpus::{Form, Lowercase, Normalizer, PhraseScore, Phrases, Split, SpooledCorpus};
use proptest::prelude::*;
use std::collections::HashMap;

fn load(text: &str, min_count: u64) -> Result<(Vocabulary, Corpus)> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    Corpus::load(&[file.path()], min_count)
}

fn read(text: &str, vocab: &Vocabulary) -> Result<Corpus> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    Corpus::with_vocabulary(&[file.path()], vocab)
}

#[test]
fn ids_fall_by_count_and_rare_words_leave_no_gap() {
    let (vocab, corpus) = load("b a rare a\r\n\nonce\n b\u{3000}a\u{a0}c c", 2).unwrap();
    assert_eq!((0..3).map(|i| vocab.word(i)).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(vocab.counts().as_slice(), [3, 2, 2]);
    assert!(corpus.sentences().eq([&[1, 0, 0][..], &[1, 0, 2, 2]]));
    let want = Ledger { files: 1, lines: 4, tokens: 9, kept: 7, rare: 2, sentences: 2, ..Ledger::default() };
    assert_eq!(corpus.ledger(), want);
    let held_out = read("\nc new a\nnew\n", &vocab).unwrap();
    assert!(held_out.sentences().eq([&[2, 0][..]]));
    let want = Ledger { files: 1, lines: 3, tokens: 4, kept: 2, unknown: 2, sentences: 1, ..Ledger::default() };
    assert_eq!(held_out.ledger(), want);
}

#[test]
fn held_out_lines_are_no_part_of_the_vocabulary() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "a b\na\nnew b\na a b\nc\nb new\n").unwrap();
    let (vocab, train, held_out) = Corpus::load_and_hold_out(&[file.path()], 1, 3).unwrap();
    assert_eq!((0..3).map(|i| vocab.word(i)).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert!(train.sentences().eq([&[0, 1][..], &[0], &[0, 0, 1], &[2]]));
    assert!(held_out.sentences().eq([&[1][..], &[1]]));
    let want = Ledger { lines: 2, tokens: 4, kept: 2, unknown: 2, sentences: 2, ..Ledger::default() };
    assert_eq!(held_out.ledger(), want);
    std::fs::write(file.path(), "a b c\n\n").unwrap();
    assert!(matches!(Corpus::load_and_hold_out(&[file.path()], 1, 3), Err(Error::OutOfRange { .. })));
}

#[test]
fn words_too_long_are_no_part_of_a_text() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "long a a\nlonger\n\u{6570}\u{6570} b\nb a longest\n").unwrap();
    let source = Source { max_word_bytes: 5, ..Source::plain(&[file.path()]) };
    let (vocab, corpus) = Corpus::read(&source, &TextRules::min_count(2)).unwrap();
    assert!(vocab.words().eq(["a", "b"]) && corpus.sentences().eq([&[0, 0][..], &[1], &[1, 0]]));
    let want =
        Ledger { files: 1, lines: 4, tokens: 9, kept: 5, rare: 1, too_long: 3, sentences: 3, ..Ledger::default() };
    assert_eq!(corpus.ledger(), want);
    let (_, train, held_out) = Corpus::read_and_hold_out(&source, 1, 3).unwrap();
    assert_eq!((train.ledger().too_long, held_out.ledger().too_long), (3, 0));
    assert!(train.ledger().adds_up() && held_out.ledger().adds_up());
    assert_eq!(train.ledger().tokens + held_out.ledger().tokens, 9);
    for max_word_bytes in [0, crate::vocab::LONGEST_WORD + 1, usize::MAX] {
        let source = Source { max_word_bytes, ..source.clone() };
        let refused = [
            Corpus::read(&source, &TextRules::min_count(1)).map(drop),
            Corpus::read_known(&source, &vocab, None, 1).map(drop),
            SpooledCorpus::read(&source, &TextRules::min_count(1), &std::env::temp_dir()).map(drop),
        ];
        assert!(
            refused.iter().all(|r| matches!(r, Err(Error::OutOfRange { name: "max_word_bytes", .. }))),
            "{refused:?}"
        );
    }
}

#[test]
fn nothing_kept_is_an_error() {
    for (text, min_count, read) in [("", 1, 0), ("\n \u{2003}\r\n", 0, 0), ("a b", 2, 2)] {
        assert!(matches!(load(text, min_count), Err(Error::NoWords { tokens, .. }) if tokens == read), "{text:?}");
    }
    let (vocab, _) = load("a", 1).unwrap();
    assert!(matches!(read("b c", &vocab), Err(Error::NoKnownWords { tokens: 2, .. })));
}

#[test]
fn a_text_without_line_breaks_is_cut() {
    let text = "rare ".to_owned() + &"x y ".repeat(LONGEST_SENTENCE);
    let (vocab, corpus) = load(&text, 2).unwrap();
    assert_eq!(corpus.sentences().map(<[_]>::len).collect::<Vec<_>>(), [LONGEST_SENTENCE; 2]);
    assert!(read(&text, &vocab).unwrap().sentences().eq(corpus.sentences()));
    let (_, corpus) = load(&(text + "x"), 2).unwrap();
    assert_eq!(corpus.sentence(2), [0]);
}

proptest! {
    #[test]
    fn a_text_is_what_a_naive_reading_gives(text in "[a-eé \\n]{0,200}", min_count in 0u64..4) {
        let mut counts = HashMap::new();
        text.split_whitespace().for_each(|w| *counts.entry(w).or_insert(0u64) += 1);
        let kept = |line: &'_ str| line.split_whitespace().filter(|w| counts[w] >= min_count).map(String::from).collect::<Vec<_>>();
        let want: Vec<_> = text.lines().map(kept).filter(|s| !s.is_empty()).collect();
        match load(&text, min_count) {
            Err(e) => prop_assert!(want.is_empty(), "{e}"),
            Ok((vocab, corpus)) => {
                let got: Vec<Vec<_>> = corpus.sentences().map(|s| s.iter().map(|&w| vocab.word(w).to_owned()).collect()).collect();
                prop_assert_eq!(got, want);
                prop_assert!((0..vocab.len()).all(|w| vocab.counts().as_slice()[w] == counts[vocab.word(w as u32)]));
                prop_assert!(read(&text, &vocab).unwrap().sentences().eq(corpus.sentences()));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn ledgers_add_up_whatever_the_rules(
        bytes in prop::collection::vec(prop_oneof![Just(b' '), Just(b'\n'), Just(0xff), b'a'..b'g', Just(b'B')], 0..300),
        min_count in 0u64..4,
        max_vocab in prop::option::of(1usize..6),
        longest_sentence in 1usize..5,
        given: bool,
        phrases: bool,
        lowercase: bool,
        skip: bool,
        max_word_bytes in 1usize..8,
    ) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &bytes).unwrap();
        let lowercase = if lowercase { Lowercase::Unicode } else { Lowercase::No };
        let normalizer = Normalizer { lowercase, ..Default::default() };
        let invalid = if skip { crate::corpus::Invalid::Skip } else { crate::corpus::Invalid::Replace };
        let source = Source { invalid, normalizer, max_word_bytes, ..Source::plain(&[file.path()]) };
        let phrases = phrases.then(|| crate::corpus::Phrases::new(Default::default(), 1, &[0.5, 0.5], "_").unwrap());
        let vocabulary = Vocabulary::new([("a", 9), ("b", 7), ("aa", 3)].map(|(w, n)| (w.into(), n)), 1).unwrap();
        let vocabulary = given.then(|| vocabulary.into());
        let rules = TextRules { min_count, max_vocab, longest_sentence, phrases, vocabulary };
        match Corpus::read(&source, &rules) {
            Ok((vocab, corpus)) => {
                let ledger = corpus.ledger();
                prop_assert!(ledger.adds_up(), "{:?}", ledger);
                let text = String::from_utf8_lossy(&bytes);
                prop_assert_eq!(ledger.tokens, text.split_ascii_whitespace().count() as u64);
                prop_assert_eq!(ledger.kept, corpus.sentences().map(|s| s.len() as u64).sum::<u64>());
                prop_assert_eq!(ledger.sentences, corpus.len() as u64);
                prop_assert!(corpus.sentences().all(|s| !s.is_empty() && s.len() <= longest_sentence));
                prop_assert!(max_vocab.is_none_or(|most| vocab.len() <= most));
                prop_assert!(given || ledger.kept == vocab.counts().total());
                let mut text = Vec::from_iter(bytes.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()));
                text.retain(|word| !(skip && word.contains(&0xff)));
                let len = |word: &&&[u8]| String::from_utf8_lossy(word).len() > max_word_bytes;
                prop_assert_eq!(ledger.too_long, text.iter().filter(len).count() as u64);
                let known = Corpus::read_known(&source, &vocab, corpus.joins(), longest_sentence).unwrap();
                prop_assert_eq!(known.ledger().too_long, ledger.too_long);
                prop_assert!(known.ledger().adds_up(), "{:?}", known.ledger());
                let dir = std::env::temp_dir();
                let (other, spooled) = SpooledCorpus::read(&source, &rules, &dir).unwrap();
                crate::corpus::read::spool::assert_same(&corpus, &spooled);
                prop_assert_eq!(other.counts().as_slice(), vocab.counts().as_slice());
            }
            Err(Error::NoWords { .. } | Error::NoKnownWords { .. } | Error::EmptyVocabulary) => {}
            Err(e) => return Err(TestCaseError::fail(e.to_string())),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// With every option at once: a text read again as held-out text, with its own vocabulary and phrases, is
    /// unchanged.
    #[test]
    fn a_text_by_its_own_vocabulary_and_phrases_is_itself(
        text in "([a-dA-Dé,](( |, )[a-dA-Dé]){0,7}\n){1,20}",
        (min_count, most, longest) in (1u64..4, 1usize..9, 1usize..6),
        passes in 0usize..3,
        treated: bool,
    ) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &text).unwrap();
        let all = Normalizer { lowercase: Lowercase::Unicode, form: Form::Nfc, split: Split::Words };
        let normalizer = if treated { all } else { Normalizer::default() };
        let source = Source { normalizer, ..Source::plain(&[file.path()]) };
        let phrases = (passes > 0).then(|| Phrases::new(PhraseScore::Npmi, 1, &vec![0.0; passes], "_").unwrap());
        let rules = TextRules { phrases, longest_sentence: longest, max_vocab: Some(most), ..TextRules::min_count(min_count) };
        let Ok((vocab, corpus)) = Corpus::read(&source, &rules) else { return Ok(()) };
        let (_, spooled) = SpooledCorpus::read(&source, &rules, &std::env::temp_dir()).unwrap();
        for joins in [corpus.joins(), spooled.joins()] {
            prop_assert_eq!(joins.is_some(), passes > 0);
            let again = Corpus::read_known(&source, &vocab, joins, longest).unwrap();
            prop_assert!(again.sentences().eq(corpus.sentences()), "{:?}", again.ledger());
            let (now, then) = (again.ledger(), corpus.ledger());
            prop_assert_eq!(now, Ledger { unknown: then.rare + then.over_limit, rare: 0, over_limit: 0, ..then });
        }
    }
}

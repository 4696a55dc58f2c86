//! Tests of texts that several ranks read: the result is that of one process.

mod faults;

use super::plan;
use crate::corpus::{
    Corpus, Form, Invalid, LONGEST_LINE, Ledger, Lowercase, Normalizer, PhraseScore, Phrases, Sentences, Source, Split,
    SpooledCorpus, TextRules,
};
use crate::error::Result;
use crate::peers::{Peers, Team, ThreadPeers};
use crate::vocab::{Vocabulary, WordId};
use proptest::prelude::*;
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::time::Duration;
use tempfile::TempDir;

/// A read takes less than a second. Ranks that wait for each other would take forever.
const PATIENCE: Duration = Duration::from_secs(120);

/// Calls `work` on all ranks. Fails if they do not end.
fn ranks<T: Send + 'static>(size: usize, work: impl Fn(&mut Team) -> T + Send + Sync + 'static) -> Vec<T> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        sender.send(ThreadPeers::run(size, |peers| work(&mut Team::new(peers)))).ok();
    });
    receiver.recv_timeout(PATIENCE).expect("all ranks end")
}

/// All that was read, or the message of the error.
type Outcome = std::result::Result<Read, String>;

#[derive(Clone, Debug, PartialEq)]
struct Read {
    words: Vec<(String, u64)>,
    sentences: Vec<Vec<WordId>>,
    ledger: Ledger,
    joins: Option<Joined>,
    paths: Vec<PathBuf>,
}

/// The words of the phrases, and the pairs of each pass.
type Joined = (Vec<String>, Vec<Vec<[u32; 3]>>);

fn outcome<S: Sentences>(read: Result<(Vocabulary, S)>) -> Outcome {
    let (vocab, text) = read.map_err(|error| error.to_string())?;
    let counts = vocab.counts().as_slice();
    let mut reader = text.reader().unwrap();
    let joins = text.joins().map(|joins| {
        let (words, passes) = joins.parts();
        (words.iter().map(String::from).collect(), passes)
    });
    Ok(Read {
        words: vocab.words().map(String::from).zip(counts.iter().copied()).collect(),
        sentences: (0..text.len()).map(|i| reader.sentence(i).unwrap().to_vec()).collect(),
        ledger: text.ledger(),
        joins,
        paths: text.paths().to_vec(),
    })
}

/// Asserts that all ranks have the outcome of one process. An error is that of the rank that has it; the others say
/// which rank that is.
fn assert_alike(all: &[Outcome], one: &Outcome) {
    match one {
        Ok(_) => assert!(all.iter().all(|other| other == one), "{all:?}\n{one:?}"),
        Err(message) => {
            let messages: Vec<_> = all.iter().map(|other| other.clone().unwrap_err()).collect();
            assert!(messages.contains(message), "{messages:?}\n{message}");
            let rank = messages.iter().position(|other| other == message).unwrap_or_default();
            let other = format!("rank {rank}: {message}");
            assert!(messages.iter().all(|shown| shown == message || *shown == other), "{messages:?}");
        }
    }
}

/// Reads a text on 1 to 4 ranks, in memory and in a file. Returns what one process reads.
fn read(source: &Source, rules: &TextRules, sizes: impl IntoIterator<Item = usize>) -> Outcome {
    let one = outcome(Corpus::read(source, rules));
    for size in sizes {
        let (source, rules) = (source.clone(), rules.clone());
        let all = ranks(size, move |team| {
            let memory = outcome(Corpus::read_over(&source, &rules, team));
            let dir = tempfile::tempdir().unwrap();
            (memory, outcome(SpooledCorpus::read_over(&source, &rules, dir.path(), team)))
        });
        let (memory, spooled): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        assert_alike(&memory, &one);
        assert_alike(&spooled, &one);
    }
    one
}

/// Files with these contents, in a folder that lasts as long as the value.
fn text<B: AsRef<[u8]>>(files: &[B]) -> (TempDir, Source) {
    let dir = tempfile::tempdir().unwrap();
    let path = |i: usize| dir.path().join(format!("{i}.txt"));
    files.iter().enumerate().for_each(|(i, bytes)| std::fs::write(path(i), bytes).unwrap());
    let paths: Vec<_> = (0..files.len()).map(path).collect();
    (dir, Source::plain(&paths))
}

fn gz(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, text).unwrap();
    encoder.finish().unwrap()
}

fn phrases() -> Phrases {
    Phrases::new(PhraseScore::Npmi, 2, &[0.2, 0.2], "_").unwrap()
}

/// A text of `lines` lines in which words are tied, and some pairs stay together.
fn lines(lines: usize) -> String {
    let word = |i: usize| format!("w{}", i * i % 83);
    let line = |i: usize| (0..i % 9).map(|w| word(i + w) + " ").collect::<String>() + "new york\n";
    (0..lines).map(line).collect()
}

#[test]
fn ranks_read_the_text_of_one_process() {
    let plain = lines(300);
    let (head, tail) = plain.split_at(plain.find('\n').unwrap() + 1);
    let marked = format!("\u{feff}{head}\u{feff}{tail}");
    let utf16: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let dos = plain.replace('\n', "\r\n");
    let open = format!("{plain}last line");
    let long = plain.replace('\n', " ");
    let texts: [&[&[u8]]; 13] = [
        &[plain.as_bytes()],
        &[marked.as_bytes()],
        &[&utf16],
        &[dos.as_bytes()],
        &[open.as_bytes()],
        &[long.as_bytes()],
        &[&gz(plain.as_bytes())],
        &[b"only"],
        &[b"\n\n\na"],
        &[b"", plain.as_bytes(), &gz(open.as_bytes()), &utf16, b"", dos.as_bytes(), open.as_bytes()],
        &[open.as_bytes(), marked.as_bytes()],
        &[&gz(marked.as_bytes()), open.as_bytes(), b""],
        &[b"\xef\xbb\xbf", b"a\xff\n\0 b\n"],
    ];
    let given = [("new", 9), ("york", 7), ("w1", 3), ("a", 2)].map(|(w, n)| (w.into(), n));
    let given = Vocabulary::new(given, 1).unwrap();
    for files in texts {
        let (_dir, mut source) = text(files);
        source.invalid = Invalid::Replace;
        let plain = TextRules::min_count(1);
        for rules in [
            plain.clone(),
            TextRules { max_vocab: Some(7), longest_sentence: 4, ..TextRules::min_count(2) },
            TextRules { phrases: Some(phrases()), ..plain.clone() },
            TextRules { vocabulary: Some(given.clone().into()), ..plain },
        ] {
            read(&source, &rules, 1..=4).ok();
        }
    }
    let (_dir, source) = text(texts[9]);
    let all = read(&source, &TextRules::min_count(1), []).unwrap();
    assert!(all.sentences.len() > 1_500 && all.words.len() > 40 && all.ledger.files == 7, "{:?}", all.ledger);
}

#[test]
fn every_rule_for_words_holds_over_ranks() {
    let bytes = ["The River\u{301} RUNS, longlonglong \u{e9}t\u{e9}\n".as_bytes(), b"\xff bad\0 the river\n"].concat();
    let bytes = [bytes.repeat(40), "\u{6211}\u{7231} \u{3072}\n\n".as_bytes().repeat(30)].concat();
    let (_dir, mut source) = text(&[&bytes]);
    source.max_word_bytes = 9;
    let normalizer = Normalizer { lowercase: Lowercase::Unicode, form: Form::Nfc, split: Split::Words };
    for normalizer in [Normalizer::default(), normalizer] {
        for invalid in [Invalid::Replace, Invalid::Skip] {
            (source.normalizer, source.invalid) = (normalizer, invalid);
            let Ledger { too_long, lines, unsplit, .. } =
                read(&source, &TextRules::min_count(1), 2..=4).unwrap().ledger;
            assert_eq!((too_long, lines, unsplit.is_none()), (40, 140, normalizer == Normalizer::default()));
        }
    }
}

/// Lines of several messages, and a line longer than one.
#[test]
fn long_texts_go_over_in_several_messages() {
    let bytes = [lines(90_000), "x y z ".repeat(150_000), lines(9)].concat();
    let (_dir, source) = text(&[&bytes]);
    let all = read(&source, &TextRules::min_count(1), [2, 3]).unwrap();
    assert!(all.ledger.tokens > 900_000 && all.ledger.cut_sentences > 40, "{:?}", all.ledger);
}

/// A line is cut into pieces at the same places.
#[test]
fn a_line_too_long_for_memory_is_one_rank_s() {
    let bytes = "river ".repeat(LONGEST_LINE / 5) + "\nend\n";
    let (_dir, source) = text(&[&bytes]);
    let one = outcome(Corpus::read(&source, &TextRules::min_count(1)));
    let all = ranks(3, move |team| outcome(Corpus::read_over(&source, &TextRules::min_count(1), team)));
    assert!(all.iter().all(|other| *other == one));
    assert_eq!(one.unwrap().ledger.cut_lines, 1);
}

#[test]
fn each_word_of_the_text_is_sent_once() {
    let (_dir, source) = text(&[lines(5_000), lines(4_000), lines(30)]);
    let all = ranks(4, move |team| {
        let (vocab, text) = Corpus::read_over(&source, &TextRules::min_count(1), team).unwrap();
        let names: usize = vocab.words().map(|word| 4 + word.len()).sum();
        (team.exchanged().bytes, 4 * (text.tokens().len() + text.len()) + names)
    });
    let sent: u64 = all.iter().map(|(sent, _)| sent).sum();
    let text = 3 * all[0].1 as u64;
    assert!((text..text + 30_000).contains(&sent), "{sent} bytes for {text}");
}

#[test]
fn files_are_dealt_and_few_files_are_cut() {
    let (dir, source) = text(&[&b"a\nb\n"[..], &gz(b"a\n"), b"", b"c\n"]);
    let mut paths = source.paths;
    paths.extend([dir.path().join("missing"), "-".into(), "/dev/null".into()]);
    for (size, want) in [
        (2, vec![(0, 0), (1, 1), (2, 0), (3, 1), (4, 0), (5, 0), (6, 0)]),
        (7, vec![(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 0), (6, 0)]),
    ] {
        let paths = paths.clone();
        let all = ranks(size, move |team| {
            let shares = plan::shares(&paths, team);
            shares.iter().map(|share| (share.file, share.owner, share.part.is_some())).collect::<Vec<_>>()
        });
        let want: Vec<_> = want.into_iter().map(|(file, owner)| (file, owner, false)).collect();
        assert!(all.iter().all(|shares| *shares == want), "{all:?}");
    }
    let all = ranks(8, move |team| {
        let shares = plan::shares(&paths, team);
        shares.iter().map(|share| (share.file, share.owner, share.part.is_some())).collect::<Vec<_>>()
    });
    let cut = |file: usize| (0..8).map(move |owner| (file, owner, true));
    let whole = |file, owner| std::iter::once((file, owner, false));
    let want: Vec<_> = cut(0).chain(whole(1, 1)).chain(cut(2)).chain(cut(3)).collect();
    let want: Vec<_> = want.into_iter().chain(whole(4, 4)).chain(whole(5, 0)).chain(whole(6, 0)).collect();
    assert!(all.iter().all(|shares| *shares == want), "{all:?}");
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_by_rank_0_and_sent_on() {
    let (dir, source) = text(&[lines(200)]);
    let one = outcome(Corpus::read(&source, &TextRules::min_count(1))).unwrap();
    let pipe = dir.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::write(pipe, lines(200)).unwrap()
    });
    let source = Source::plain(&[&pipe]);
    let all = ranks(3, move |team| outcome(Corpus::read_over(&source, &TextRules::min_count(1), team)));
    writer.join().unwrap();
    assert!(all.iter().all(|other| *other == Ok(Read { paths: vec![pipe.clone()], ..one.clone() })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn any_text_on_any_number_of_ranks_is_that_of_one_process(
        files in prop::collection::vec(
            prop::collection::vec(
                prop_oneof![
                    4 => prop::sample::select(vec!["a", "b", "c", "aa", "bc", "\u{e9}"])
                        .prop_map(|w| w.as_bytes().to_vec()),
                    4 => Just(b" ".to_vec()),
                    2 => Just(b"\n".to_vec()),
                    1 => prop::sample::select(vec![&b"\xff"[..], b"\0", b"\r\n", b"\xef\xbb\xbf", b"\xc3"])
                        .prop_map(<[u8]>::to_vec),
                ],
                0..60,
            ),
            1..5,
        ),
        is_clean: bool,
        packed in 0usize..9,
        size in 1usize..6,
        (min_count, max_vocab, longest_sentence) in (0u64..3, prop::option::of(1usize..6), 1usize..5),
        (has_phrases, is_given) in (any::<bool>(), any::<bool>()),
        invalid in 0usize..3,
    ) {
        let invalid = [Invalid::Refuse, Invalid::Replace, Invalid::Skip][invalid];
        let is_text = |piece: &Vec<u8>| !is_clean || (std::str::from_utf8(piece).is_ok() && !piece.contains(&0));
        let mut files: Vec<Vec<u8>> =
            files.into_iter().map(|file| file.into_iter().filter(is_text).collect::<Vec<_>>().concat()).collect();
        if let Some(file) = files.get_mut(packed) {
            *file = gz(file);
        }
        let (_dir, source) = text(&files);
        let source = Source { invalid, ..source };
        let given = Vocabulary::new([("a", 9), ("b", 7), ("aa", 3)].map(|(w, n)| (w.into(), n)), 1).unwrap();
        let vocabulary = is_given.then(|| given.into());
        let phrases = has_phrases.then(|| Phrases::new(PhraseScore::Npmi, 1, &[0.1, 0.1], "_").unwrap());
        let rules = TextRules { min_count, max_vocab, longest_sentence, phrases, vocabulary };
        read(&source, &rules, [size]).ok();
    }
}

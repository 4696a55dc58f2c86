//! Errors of one rank, and ranks that differ: all ranks end.

use super::*;
use crate::corpus::read::over::plan::Cut;
use crate::corpus::read::over::share::same_size;
use crate::error::{Error, RanksFault};
use crate::files::Extent;

/// Faults in several files: all ranks get the first, with its line in the whole file.
#[test]
fn a_fault_of_one_rank_ends_all_with_the_file_and_the_line() {
    let good = lines(100);
    let bad = format!("{good}{good}oh \u{0} no\n{good}");
    let worse = [good.as_bytes(), b"f\xff\n"].concat();
    for (files, want) in [
        (vec![bad.as_bytes()], "0.txt:201: byte 4"),
        (vec![&worse, bad.as_bytes()], "0.txt:101: byte 2"),
        (vec![good.as_bytes(), &worse, bad.as_bytes(), &worse], "1.txt:101: byte 2"),
        (vec![good.as_bytes(), b"PK\x03\x04\x14\0 \0\n\0\n\0\n\0"], "1.txt: this is a zip archive"),
        (vec![b"r\0i\0v\0e\0r\0\n\0a\0\n\0b\0"], "0.txt: this is UTF-16LE"),
    ] {
        let (_dir, source) = text(&files);
        let message = read(&source, &TextRules::min_count(1), 1..=4).unwrap_err();
        assert!(message.contains(want), "{message}");
    }
    let (dir, mut source) = text(&[&good, &good]);
    source.paths.insert(1, dir.path().join("missing"));
    for size in 2..=4 {
        let (source, owner) = (source.clone(), 1 % size);
        let all = ranks(size, move |team| Corpus::read_over(&source, &TextRules::min_count(1), team).map(drop));
        for (rank, found) in all.into_iter().enumerate() {
            match found {
                Err(Error::Io { path, .. }) if rank == owner => assert!(path.ends_with("missing")),
                Err(Error::Ranks(RanksFault::Other { rank, message })) => {
                    assert!(rank == owner && message.contains("missing"))
                }
                found => panic!("{found:?}"),
            }
        }
    }
}

#[test]
fn a_text_without_words_is_an_error_on_all_ranks() {
    let (_dir, source) = text(&["", "\n \n"]);
    let message = read(&source, &TextRules::min_count(1), 1..=4).unwrap_err();
    assert!(message.contains("0.txt") && message.contains("1.txt"), "{message}");
    let wrong = TextRules { max_vocab: Some(0), ..TextRules::min_count(1) };
    assert!(read(&source, &wrong, 1..=3).unwrap_err().contains("max_vocab"));
    let source = Source { max_word_bytes: 0, ..source };
    assert!(read(&source, &TextRules::min_count(1), 1..=3).unwrap_err().contains("max_word_bytes"));
}

/// A folder that only one rank lacks.
#[test]
fn a_rank_without_room_for_the_text_ends_all() {
    let (dir, source) = text(&[lines(20)]);
    let folder = dir.path().to_path_buf();
    let all = ranks(3, move |team| {
        let folder = if team.rank() == 2 { folder.join("nowhere") } else { folder.clone() };
        SpooledCorpus::read_over(&source, &TextRules::min_count(1), &folder, team).map(drop).unwrap_err().to_string()
    });
    assert!(all.iter().all(|message| message.contains("nowhere")), "{all:?}");
    assert!(all[0] == all[1] && all[0] == format!("rank 2: {}", all[2]), "{all:?}");
}

#[test]
fn ranks_with_other_files_or_settings_are_refused() {
    let (dir, source) = text(&[lines(20), lines(30)]);
    let root = dir.path().to_path_buf();
    let words = |n| Vocabulary::new([("a".into(), n), ("b".into(), 1)], 1).unwrap();
    type Change = Box<dyn Fn(&mut Source, &mut TextRules) + Send + Sync>;
    let cases: Vec<(&str, Change)> = vec![
        ("file 2 of the text is \"other\" on rank 1, but \"/", Box::new(|source, _| source.paths[1] = "other".into())),
        ("file 2 of the text is \"\" on rank 1, but", Box::new(|source, _| source.paths.truncate(1))),
        ("file 3 of the text is \"/", Box::new(move |source, _| source.paths.push(root.join("0.txt")))),
        ("min_count is \"4\" on rank 1, but \"5\" on rank 0", Box::new(|_, rules| rules.min_count = 4)),
        ("max_vocab is \"9\" on rank 1, but \"none\"", Box::new(|_, rules| rules.max_vocab = Some(9))),
        ("longest_sentence is \"9\" on rank 1, but \"10000\"", Box::new(|_, rules| rules.longest_sentence = 9)),
        ("phrases is \"Phrases", Box::new(|_, rules| rules.phrases = Some(phrases()))),
        ("the given vocabulary is \"", Box::new(move |_, rules| rules.vocabulary = Some(words(2).into()))),
        ("invalid is \"Skip\" on rank 1, but \"Refuse\"", Box::new(|source, _| source.invalid = Invalid::Skip)),
        ("max_word_bytes is \"9\" on rank 1, but \"1000\"", Box::new(|source, _| source.max_word_bytes = 9)),
        ("normalizer is", Box::new(|source, _| source.normalizer.form = Form::Nfc)),
    ];
    for (want, change) in cases {
        let source = source.clone();
        let all = ranks(3, move |team| {
            let (mut source, mut rules) = (source.clone(), TextRules::min_count(5));
            if team.rank() == 1 {
                change(&mut source, &mut rules);
            }
            Corpus::read_over(&source, &rules, team).map(drop).unwrap_err().to_string()
        });
        assert!(all.iter().all(|message| *message == all[0]), "{all:?}");
        assert!(all[0].contains(want), "{want}: {}", all[0]);
    }
}

#[test]
fn a_file_of_another_size_than_on_rank_0_is_refused() {
    let (_dir, source) = text(&["a b\nc\n"]);
    let path = &source.paths[0];
    let extent = Extent::of(path).unwrap();
    let cut = |bytes| Cut { part: extent.part(1, 2), bytes };
    assert!(same_size(path, Some(&cut(6)), 1).is_ok() && same_size(path, None, 1).is_ok());
    let message = same_size(path, Some(&cut(7)), 1).unwrap_err().to_string();
    assert!(message.contains("0.txt is \"6 bytes\" on rank 1, but \"7 bytes\" on rank 0"), "{message}");
}

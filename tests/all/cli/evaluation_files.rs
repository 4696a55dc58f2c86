//! Files of word pairs and of questions as they occur in practice: read to the last line, or refused with line and
//! reason.

use super::place::Place;
use lexmax::Error;
use lexmax::vectors::{Pairs, Questions};
use proptest::prelude::*;
use serde_json::Value;
use std::path::Path;

/// Cosines by hand: river and lake 0.9999, river and sea 0.967, lake and sea 0.963, hill and sea 0.027.
const VECTORS: &str = "\
7 3
river 1 2 3
lake 1 2 2.9
sea 1 1 3
hill -1 0.5 0.2
1 0.1 0.9 -0.3
2 0.5 -0.5 0.5
3 -0.3 -0.2 0.8
";

/// What `eval` says about a file of pairs: 100·ρ and the number of known pairs.
fn similarity(place: &Place, contents: &str) -> (f64, u64) {
    place.file("v.vec", VECTORS);
    place.file("pairs", contents);
    let output = place.success("eval v.vec --similarity pairs --table json");
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    (rows[0]["percent"].as_f64().unwrap(), rows[0]["asked"].as_u64().unwrap())
}

/// The message of a command that is refused, without its beginning "error: ", and nothing is written.
fn refusal(place: &Place, arguments: &str) -> String {
    let output = place.run(&format!("{arguments} --json found.json"));
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments}: {message}");
    assert!(output.stdout.is_empty() && !place.path().join("found.json").exists(), "{arguments}");
    message
}

#[test]
fn every_notation_of_the_same_pairs_is_read() {
    let place = Place::new();
    // Scores 5, 7.5, 1, 6 have the ranks 2, 4, 1, 3, cosines 4, 3, 1, 2: ρ = 1 − 6·(4 + 1 + 0 + 1)/(4·15) = 0.4.
    for text in [
        "river\tlake\t5\nriver\tsea\t7,5\nhill\tsea\t1\nlake\tsea\t6\n",
        "river\tlake\t5,0\nriver\tsea\t7,50\nhill\tsea\t1,000\nlake\tsea\t6\n",
        "river lake 5\nriver sea 7,5\nhill sea 1\nlake sea 6\n",
        "river lake 5,25 1,5\nriver sea 7,5 1,5\nhill sea 1,5 1,5\nlake sea 6,5 1,5\n",
        "river;lake;5\nriver;sea;7,5\nhill;sea;1\nlake;sea;6\n",
        "river, lake, 5\nriver, sea, 7.5\nhill, sea, 1\nlake, sea, 6\n",
        "\"river\",\"lake\",5\n\"river\",\"sea\",\"7,5\"\nhill,sea,1\nlake,sea,6\n",
        "\"river\" ; \"lake\" ; \"5\"\n\"river\";\"sea\";\"7,5\"\n\"hill\";\"sea\";\"1\"\n\"lake\";\"sea\";\"6\"\n",
        "\"river\"\t\"lake\"\t\"5\"\n\"river\"\t\"sea\"\t\"7.5\"\n\"hill\"\t\"sea\"\t\"1\"\n\"lake\"\t\"sea\"\t\"6\"\n",
        "\u{feff}# similarity\r\n\r\nWort1\tWort2\tWert\r\nriver\tlake\t5\r\nriver\tsea\t7.5\r\n# x\r\nhill\tsea\t1\r\n\
         lake\tsea\t6\r\n",
        "1,river,lake,5\n2,river,sea,7.5\n3,hill,sea,1\n4,lake,sea,6\n",
        "sd,word1,word2,mean\n1,river,lake,5\n3,river,sea,7.5\n2,hill,sea,1\n1,lake,sea,6\n",
    ] {
        assert_eq!(similarity(&place, text), (40.0, 4), "{text}");
    }
}

#[test]
fn the_first_pair_is_no_heading() {
    let place = Place::new();
    // Without the first pair three would be left.
    let commas = "river\tlake\t7,35\nriver\tsea\t6,5\nhill\tsea\t1,25\nlake\tsea\t5\n";
    assert_eq!(similarity(&place, commas), (100.0, 4));
    assert_eq!(similarity(&place, "river\tlake\t7,5\nriver\tsea\t6\nhill\tsea\t1\nlake\tsea\t5\n"), (100.0, 4));
    place.file("pairs", "river\tlake\tnan\nriver\tsea\t6\nhill\tsea\t1\n");
    let message = refusal(&place, "eval v.vec --similarity pairs");
    assert!(message.contains("pairs:1: the score \"nan\" is not a finite number"), "{message}");
}

#[test]
fn scws_is_read_by_its_columns() {
    let place = Place::new();
    let row = |id: u32, a: &str, b: &str, mean: &str, contexts: &str| {
        format!("{id}\t{a}\tn\t{b}\tn\t{contexts}\t{mean}\t10\t0\n")
    };
    let marks = "\"He said, \"\" so <b> river </b>\tthe <b> lake </b>\"";
    let text = row(1, "river", "lake", "7.5", marks) + &row(2, "river", "sea", "6.1", "x\ty");
    assert_eq!(similarity(&place, &(text.clone() + &row(3, "hill", "sea", "1.1", "x\ty"))), (100.0, 3));
    // ρ of the reverse order is −1; the numbers of the rows are words of the vectors.
    let text = row(1, "river", "lake", "1.5", marks) + &row(2, "river", "sea", "2.1", "x\ty");
    assert_eq!(similarity(&place, &(text.clone() + &row(3, "hill", "sea", "7", "x\ty"))), (-100.0, 3));
    // A row of another kind does not change what the others are.
    place.file("pairs", text + "x\thill\tn\tsea\tn\tx\ty\t7\n");
    let message = refusal(&place, "eval v.vec --similarity pairs");
    assert!(message.contains("pairs:3: the first column (here \"x\") may be a word or not"), "{message}");
}

#[test]
fn questions_may_have_comments_and_other_files_are_named() {
    let place = Place::new();
    place.file("v.vec", VECTORS);
    place.file("q", "# capitals\n: a\nriver lake sea hill\n  # more\nlake river hill sea\n");
    let output = place.success("eval v.vec --analogies q --table json");
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(rows[0]["asked"], 2);
    for (text, says) in [
        (
            "river\tlake/pond\nsea\tocean\n",
            "q:1: the line looks like BATS (a word and its answers); write each question",
        ),
        ("# x\nhill\tmount\n", "q:2: the line looks like BATS"),
        ("word1\tword2\tPOS\tSimLex999\tSD\n", "q:1: the line looks like two words and a score"),
        ("river\tlake\t7.35\n", "q:1: the line looks like two words and a score"),
        ("Word 1,Word 2,Human (mean)\nriver,lake,7.35\n", "the line looks like two words and a score"),
        (": a\nriver lake N 7.35\nhill sea N 1.25\n", "q:2: the line looks like two words and a score"),
        ("1 river lake 7\n2 hill sea 1\n", "q:1: the line looks like two words and a score"),
        ("river lake sea\n", "q:1: the line has 3 words, but a question has 4"),
        ("\"river:lake\"\n", "q:1: the line has 2 words with colons between them, but a question has 4"),
        ("river,lake,sea,hill\n", "q:1: the line has 4 words with commas between them, but a question has 4"),
    ] {
        place.file("q", text);
        let message = refusal(&place, "eval v.vec --analogies q");
        assert!(message.contains(says), "{text}: {message}");
    }
    for (text, says) in [
        (": a\nriver lake sea hill\n", "q:1: the line belongs to analogy questions"),
        ("river lake sea hill\nlake river hill sea\n", "q:1: the line belongs to analogy questions"),
        ("river\tlake/pond\n", "q:1: the line looks like BATS"),
        ("river\tlake\n", "q:1: the line is not two words and a number"),
        ("river lake 7\rriver sea 5\r", "q:1: the line has a carriage return inside"),
        ("word1,word2,ratings,M\nriver,lake,3,7\n", "q:2: column 3 and column 4 may both hold the scores"),
        ("train\triver\tlake\t7\ntest\thill\tsea\t5\n", "q:1: the first column (here \"train\")"),
        ("river 0.5 0.25 0.1\nlake 0.5 0.2 0.3\n", "q:1: the second column holds numbers, as in word vectors"),
    ] {
        place.file("q", text);
        let message = refusal(&place, "eval v.vec --similarity q");
        assert!(message.contains(says), "{text}: {message}");
    }
}

#[test]
fn a_set_of_which_nothing_is_known_is_an_error() {
    let place = Place::new();
    place.file("v.vec", VECTORS);
    place.file("other.vec", "3 2\nfleuve 1 2\nlac 2 1\nmer 1 1\n");
    place.file("good", "river lake 5\nriver sea 7\n");
    place.file("pairs", "# x\nRiver-n lake-n 5\nriver-n sea-n 7\n");
    place.file("half", "river lake 5\nriver ocean 7\n");
    place.file("equal", "river lake 5\nriver sea 5\n");
    place.file("same", "river lake 5\nlake river 6\n");
    place.file("one", "river lake 5\n");
    place.file("q", ": a\nriver lake sea ocean\n");
    place.file("q2", ": a\nriver lake sea hill\n");
    let few = "Spearman's ρ needs two pairs of known words, but";
    let none = "none of the 1 questions has four known words: v.vec has no vector for";
    for (arguments, says) in [
        (
            "v.vec --similarity pairs",
            format!("pairs:2: {few} 0 of 2 are known: v.vec has no vector for \"River-n\"; similar words: \"River\""),
        ),
        (
            "v.vec other.vec --similarity good",
            format!("good:1: {few} 0 of 2 are known: other.vec has no vector for \"river\""),
        ),
        ("v.vec --similarity half", format!("half:1: {few} 1 of 2 are known: v.vec has no vector for \"ocean\"")),
        ("v.vec --similarity one", "one:1: the file has one pair".into()),
        ("v.vec --similarity equal", "equal:1: all 2 pairs with vectors in v.vec have the score 5".into()),
        ("v.vec --similarity same", "same:1: the vectors in v.vec give all 2 pairs the cosine 0.9998".into()),
        ("v.vec --similarity good --analogies q", format!("q:2: {none} \"ocean\" among its first 7; check")),
        (
            "v.vec --analogies q2 --first 3",
            format!("q2:2: {none} \"hill\" among its first 3; use more of the first words"),
        ),
    ] {
        let message = refusal(&place, &format!("eval {arguments}"));
        assert!(message.contains(&says), "{arguments}: {message}");
    }
    place.success("eval v.vec --similarity good --analogies q2");
}

/// How a file of pairs is written.
#[derive(Clone, Debug)]
struct Notation {
    separator: u8,
    comma: bool,
    quoted: bool,
    heading: usize,
    tag: bool,
    index: bool,
    comments: bool,
}

const HEADINGS: [Option<[&str; 3]>; 3] = [None, Some(["word1", "word2", "score"]), Some(["links", "rechts", "Wert"])];

fn notation() -> impl Strategy<Value = Notation> {
    let separator = proptest::sample::select(&b"\t;, "[..]);
    let bits = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (separator, 0..HEADINGS.len(), bits).prop_map(|(separator, heading, (comma, quoted, tag, index, comments))| {
        Notation { separator, comma, quoted, heading, tag, index, comments }
    })
}

impl Notation {
    /// The file as the crate `csv` writes it, with comments and blank lines between.
    fn write(&self, pairs: &[(String, String, String)]) -> String {
        let mut rows: Vec<Vec<String>> = Vec::new();
        if let Some([a, b, score]) = HEADINGS[self.heading] {
            let mut names = vec![a, b, score];
            names.splice(2..2, self.tag.then_some("POS"));
            names.splice(0..0, self.index.then_some("id"));
            rows.push(names.into_iter().map(String::from).collect());
        }
        for (number, (a, b, score)) in (3..).zip(pairs) {
            let score = if self.comma { score.replace('.', ",") } else { score.clone() };
            let mut row = vec![a.clone(), b.clone(), score];
            row.splice(2..2, self.tag.then(|| "N".into()));
            row.splice(0..0, self.index.then(|| format!("{number}")));
            rows.push(row);
        }
        let style = if self.quoted { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
        let mut text = if self.comments { "\u{feff}# pairs\r\n\r\n".to_string() } else { String::new() };
        for row in rows {
            let mut writer = csv::WriterBuilder::new().delimiter(self.separator).quote_style(style).from_writer(vec![]);
            writer.write_record(row).unwrap();
            text += &String::from_utf8(writer.into_inner().unwrap()).unwrap();
            text += if self.comments { "# a comment, 7\t5;5 2\n\n" } else { "" };
        }
        text
    }
}

/// What is read: words and scores, or the reason why not.
fn read(text: &str) -> Result<Vec<(String, String, f64)>, Error> {
    let pairs = Pairs::parse(&mut text.as_bytes(), Path::new("pairs"))?.pairs;
    Ok(pairs.into_iter().map(|pair| (pair.a, pair.b, pair.score)).collect())
}

fn values(pairs: &[(String, String, String)]) -> Vec<(String, String, f64)> {
    pairs.iter().map(|(a, b, score)| (a.clone(), b.clone(), score.parse().unwrap())).collect()
}

/// A word of letters and digits, with signs of all notations in it.
const WORD: &str = "[a-z5][a-z0-9 ,;\"'.#-]{0,5}[a-z0-9\"]";
/// A score without a mark, or with a decimal point.
const SCORE: &str = "-?[0-9]{1,4}([.][0-9]{1,3})?";
/// What is nearly a pair.
const LINE: &str = "[ab12]( |\t|,|;|\"){1,2}[ab12\"]{1,2}( |\t|,|;){1,2}[0-9,.]{1,4}";

/// Whether two words have two commas or semicolons and a number beside one, as if they were more fields.
fn has_fields(words: [&str; 2]) -> bool {
    let parts = || words.iter().flat_map(|word| word.split([',', ';']));
    parts().count() > 3 && parts().any(|part| part.trim().parse::<f64>().is_ok())
}

proptest! {
    #[test]
    fn plain_words_are_read_in_every_notation(
        pairs in proptest::collection::vec(("[a-zé数]{2,6}", "[a-zé数]{2,6}", "-?[0-9]{1,2}[.][0-9]{1,2}"), 2..9),
        notation in notation(),
    ) {
        let text = notation.write(&pairs);
        let found = read(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(found, values(&pairs), "{}", text);
    }

    /// Words with all signs of notations, and scores with and without marks.
    #[test]
    fn all_words_are_read_or_refused(
        pairs in proptest::collection::vec((WORD, WORD, SCORE), 1..6),
        notation in notation(),
    ) {
        prop_assume!(!pairs.iter().any(|(a, b, _)| has_fields([a, b])));
        let text = notation.write(&pairs);
        if let Ok(found) = read(&text) {
            prop_assert_eq!(found, values(&pairs), "{}", text);
        }
    }

    /// A file is refused or read whole: no line is lost, and none gives other words than it has.
    #[test]
    fn lines_are_not_lost(lines in proptest::collection::vec(LINE, 1..6)) {
        let text = lines.join("\n");
        if let Ok(found) = read(&text) {
            prop_assert!(found.len() == lines.len(), "{found:?}\n{text}");
            for ((a, b, _), line) in found.iter().zip(&lines) {
                prop_assert!(line.contains(a) && line.contains(b) && !a.is_empty() && !b.is_empty());
            }
        }
    }

    #[test]
    fn questions_come_back(
        questions in proptest::collection::vec(["[a-z]{1,3}", "[a-z]{1,3}", "[a-z]{1,3}", "[a-z0-9]{1,3}"], 1..9),
    ) {
        let lines = questions.iter().map(|words| words.join(" ") + "\n# a comment of many words\n\n");
        let text = ": all\n".to_string() + &lines.collect::<String>();
        let scored = questions.iter().all(|words| words[3].parse::<f64>().is_ok_and(f64::is_finite));
        match Questions::parse(&mut text.as_bytes(), Path::new("q")) {
            Ok(read) => prop_assert_eq!(&read.sections[0].questions, &questions),
            Err(error) => prop_assert!(scored, "{}", error),
        }
    }
}

//! Files of word pairs with human judgements.

use super::columns::{Columns, Rows, row_number};
use super::fields::{Field, Separator, fits, split};
use super::heading::{Names, is_other, may_be_score, may_name};
use super::lines::Text;
use super::number::{Marks, number};
use super::shape::Shape;
use crate::error::{EvaluationFault, Result};
use crate::files;
use crate::vectors::questions;
use std::io::BufRead;
use std::path::Path;

/// Two words with a human judgement of their similarity.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Pair {
    /// The first word.
    pub a: String,
    /// The second word.
    pub b: String,
    /// The judgement, in any unit.
    pub score: f64,
}

/// The pairs of a file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Pairs {
    /// The name of the file.
    pub name: String,
    /// The pairs, at least one.
    pub pairs: Vec<Pair>,
    /// The line of the first pair, from 1.
    pub(crate) line: u64,
}

type Found<T> = std::result::Result<T, (u64, EvaluationFault)>;

impl Pairs {
    /// Reads a file of at most 64 MiB with one pair a line. Tabs, commas, semicolons or white space separate the
    /// fields, the same in the whole file. A line that begins with `#` is a comment. The first other line may be a
    /// heading, possibly with another separator. With several columns of numbers, the heading must name the scores.
    ///
    /// Quotation marks may enclose fields as in CSV (RFC 4180; a field ends on its line). With tabs or white space,
    /// marks stay part of a word unless they are necessary or enclose the whole column. Scores have a decimal point or
    /// a decimal comma, the same in the whole file.
    ///
    /// | columns | layout |
    /// |---|---|
    /// | named in a heading | `word1`, `word2` (`Word 1`, `w1`, `term1`, …) and `score` (`mean`, `SimLex999`, …) |
    /// | two words, perhaps a tag, a number | WordSim-353, SimLex-999, SimVerb, MEN, RW, RG-65, …: the first number |
    /// | row number, then as above | tables written by pandas; the row numbers increase by one |
    /// | row number, word, tag, word, tag, … | SCWS; the first number after the contexts is the mean |
    ///
    /// Ambiguous files are refused: columns of other kinds without a heading, `1,000` beside `950`, and `7,35` if
    /// commas separate the fields.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io), [`Error::NotUtf8`](crate::Error::NotUtf8), and
    /// [`Error::EvaluationFile`](crate::Error::EvaluationFile) with the line.
    pub fn read(path: &Path) -> Result<Self> {
        Self::parse(&mut *files::text(path)?, path)
    }

    /// Like [`Pairs::read`], from any source; `path` is used in errors.
    ///
    /// # Errors
    /// The errors of [`Pairs::read`].
    pub fn parse(source: &mut dyn BufRead, path: &Path) -> Result<Self> {
        let text = Text::read(source, path)?;
        let (pairs, line) = pairs(&text).map_err(|(line, fault)| fault.in_file(path, line))?;
        Ok(Self { name: super::name(path), pairs, line })
    }
}

/// The pairs of a file, and the line of the first.
fn pairs(text: &Text) -> Found<(Vec<Pair>, u64)> {
    let Some((first, line)) = text.iter().next() else { return Err((text.last, EvaluationFault::Empty)) };
    let separator = Separator::choose(text.iter().map(|(_, line)| line));
    let rows = |skip: usize| Rows::new(text.iter().skip(skip).map(|(_, line)| split(line, separator)));
    let others = rows(1);
    let of_first = if others.fields > 0 { separator.of_first(line, others.fields) } else { separator };
    let fields = split(line, of_first);
    let heading = heading(&fields, of_first, &others).map_err(|fault| {
        let pair = |by: Separator| fits(&split(line, by), by);
        let fault = match fault {
            EvaluationFault::NoPair if fields.len() < 3 && Separator::ALL.into_iter().any(pair) => {
                let (found, expected) = (fields.len(), others.fields.max(3));
                EvaluationFault::Fields { found, expected, separator: separator.name() }
            }
            EvaluationFault::NoPair => questions::foreign(line).unwrap_or(fault),
            fault => fault,
        };
        (first, comment(line).unwrap_or(fault))
    })?;
    let rows = rows(usize::from(heading.is_some()));
    let mut lines = text.iter().skip(usize::from(heading.is_some()));
    let (first, line) = lines.clone().next().expect("rows behind a heading");
    let fields = split(line, separator);
    let columns = columns(heading.as_deref(), &rows, &fields, separator).map_err(|fault| (first, fault))?;
    let quotes = [columns.a, columns.b].map(|at| rows.quotes(at));
    let shape = Shape { separator, columns, fields: rows.fields, quotes };
    let mut marks = Marks::default();
    let mut pairs = Vec::with_capacity(text.len());
    lines.try_for_each(|(number, line)| -> Found<()> {
        let pair = shape.pair(number, &split(line, separator), &mut marks);
        pairs.push(pair.map_err(|fault| (number, comment(line).unwrap_or(fault)))?);
        Ok(())
    })?;
    marks.check()?;
    Ok((pairs, first))
}

/// The fault of an unreadable line that looks like a comment of another format.
fn comment(line: &str) -> Option<EvaluationFault> {
    let line = line.trim_start();
    (line.starts_with('%') || line.starts_with("//")).then_some(EvaluationFault::Comment)
}

/// The first line, if it is a heading: its field in the score column of the `others` is not a number.
fn heading<'a>(
    line: &[Field<'a>],
    separator: Separator,
    others: &Rows,
) -> std::result::Result<Option<Vec<Field<'a>>>, EvaluationFault> {
    if let Some(field) = line.iter().find(|field| field.open && separator.is_strict()) {
        return Err(EvaluationFault::OpenQuote { text: field.text.to_string() });
    }
    if line.len() < 3 {
        return Err(EvaluationFault::NoPair);
    }
    if others.fields > 0 && Names::new(line, |_| false).are_all() {
        return Ok(Some(line.to_vec()));
    }
    let Some(columns) = others.look() else {
        // The other lines have no score, but the first line may have one.
        let own = (2..line.len()).any(|at| number(&line[at].text).is_some());
        return if own { Ok(None) } else { Err(EvaluationFault::NoPair) };
    };
    let field = line.get(columns.score).or(line.last()).expect("three fields");
    match &field.text {
        text if number(text).is_some() => Ok(None),
        text if may_name(text) => {
            // An irregular pair may have letters here too, but then the line has a number elsewhere or an empty word.
            let names = Names::new(line, |at| at == columns.score);
            if may_be_score(text) && names.words.is_none() && names.score != Some(columns.score) {
                return Err(EvaluationFault::Number { text: text.to_string() });
            }
            let named = names.words.is_some() || names.score.is_some();
            let numbers = line.iter().any(|field| number(&field.text).is_some());
            let words =
                [columns.a, columns.b].into_iter().all(|at| line.get(at).is_none_or(|word| !word.text.is_empty()));
            if named || words && !numbers { Ok(Some(line.to_vec())) } else { Err(EvaluationFault::NoPair) }
        }
        text => Err(EvaluationFault::Number { text: text.to_string() }),
    }
}

/// The columns of the rows; `first` is the first row.
fn columns(
    heading: Option<&[Field]>,
    rows: &Rows,
    first: &[Field],
    separator: Separator,
) -> std::result::Result<Columns, EvaluationFault> {
    let Some(heading) = heading else {
        let columns = rows.columns(Names::default())?;
        if rows.may_be_split(columns.score, separator) {
            let [whole, rest] = [columns.score, columns.score + 1].map(|at| &first[at].text);
            return Err(EvaluationFault::SplitScore { text: format!("{whole},{rest}") });
        }
        return Ok(columns);
    };
    // Rows of tables written by R start with a number that the heading does not name.
    let unnamed = heading.len() + 1 == first.len() && row_number(&first[0].text).is_some();
    let shift = usize::from(unnamed);
    if heading.len() + shift == first.len() || separator == Separator::Tab {
        return rows.columns(Names::new(heading, |at| rows.numbers(at + shift)).shifted(shift));
    }
    // Names with spaces cannot be separated.
    if separator == Separator::Space {
        let columns = rows.columns(Names::default())?;
        if heading.iter().any(|field| is_other(&field.text)) {
            rows.check_one_score(&columns)?;
        }
        return Ok(columns);
    }
    Err(EvaluationFault::Fields { found: first.len(), expected: heading.len(), separator: separator.name() })
}

/// Whether a line is a pair with its score, or the heading of such lines, under any separator.
pub fn is_pair(line: &str) -> bool {
    let heading = |fields: &[Field]| Names::new(fields, |_| false).are_all();
    Separator::ALL.into_iter().any(|separator| {
        let fields = split(line, separator);
        fits(&fields, separator) || heading(&fields)
    })
}

#[cfg(test)]
mod tests {
    use super::super::lines::LONGEST_LINE;
    use super::*;
    use crate::error::Error;

    fn parse(text: &str) -> Result<Pairs> {
        Pairs::parse(&mut text.as_bytes(), Path::new("p.txt"))
    }

    #[test]
    fn usual_files_are_read() {
        let pair = |a: &str, b: &str, score| Pair { a: a.into(), b: b.into(), score };
        let want = [pair("old", "new", 1.58), pair("a b", "c", -2.0)];
        for text in [
            "old\tnew\t1.58\na b\tc\t-2\n",
            "\u{feff}Word 1,Word 2,Human (mean)\r\nold,new,1.58\r\n# x\r\n\r\na b,c,-2",
            "word1\tword2\tPOS\tSimLex999\told\nold\tnew\tA\t1.58\t7\na b\tc\tN\t-2\t7\n",
        ] {
            assert_eq!(parse(text).unwrap().pairs, want, "{text}");
        }
        assert_eq!(parse("tiger cat 7.35").unwrap().pairs, [pair("tiger", "cat", 7.35)]);
    }

    /// Lines in the layouts of the published sets.
    #[test]
    fn published_sets_are_read_as_they_come() {
        let scws = |id: &str, a: &str, b: &str, mean: &str| {
            let contexts = format!("\"He, said: <b> {a} </b> 7.5\tso; the <b> {b} </b>\" 1,000");
            format!("{id}\t{a}\tn\t{b}\tV\t{contexts}\t{mean}\t10.0\t1.0\t9\t8\t7\t6\t5\t4\t3\t2")
        };
        let scws = [scws("1", "love", "sex", "7.35"), scws("2", "tiger", "cat", "1")];
        let simlex = "word1\tword2\tPOS\tSimLex999\tconc(w1)\tconcQ\tSD(SimLex)";
        for (name, lines, want) in [
            ("WordSim-353", &["Word 1,Word 2,Human (mean)\r", "love,sex,6.77\r", "tiger,cat,7.35\r"][..], 6.77),
            (
                "its set1.tab",
                &["Word 1\tWord 2\tHuman (mean)\t1\t2", "love\tsex\t6.77\t9\t6", "tiger\tcat\t7.35\t9\t7"],
                6.77,
            ),
            ("SimLex-999", &[simlex, "love\tsex\tA\t1.58\t2.72\t2\t0.41", "tiger\tcat\tA\t9.2\t1.75\t1\t0.67"], 1.58),
            ("SimVerb-3500", &["love\tsex\tV\t6.81\tSYNONYMS", "tiger\tcat\tV\t5.48\tNONE"], 6.81),
            ("MEN", &["love sex 50.000000", "tiger cat 48.000000"], 50.0),
            ("RW", &["love\tsex\t5.88\t6\t7\t4\t7\t7", "tiger\tcat\t5.75\t3\t7\t7\t5\t10"], 5.88),
            ("RG-65", &["love;sex;0.02", "tiger;cat;0.04"], 0.02),
            ("MTurk-771", &["love,sex,3.791666", "tiger,cat,2.5"], 3.791_666),
            ("YP-130", &["love\tsex\t3.5", "tiger\tcat\t2"], 3.5),
            ("pandas", &[",word1,word2,score", "0,love,sex,7.35", "1,tiger,cat,5"], 7.35),
            ("pandas without names", &["17,love,sex,7.35", "18,tiger,cat,5"], 7.35),
            ("R", &[r#""word1" "word2" "x""#, r#""1" "love" "sex" 7,35"#, r#""2" "tiger" "cat" 5"#], 7.35),
            ("SCWS with three names", &["x\ty\tz", &scws[0], &scws[1]], 7.35),
            ("Excel", &["Rating;Word 1;Word 2\r", "7,35;love;sex\r", "6;tiger;cat\r"], 7.35),
            ("SCWS", &[&scws[0], &scws[1]], 7.35),
        ] {
            let read = parse(&lines.join("\n")).unwrap_or_else(|error| panic!("{name}: {error}")).pairs;
            let words: Vec<_> = read.iter().flat_map(|pair| [pair.a.as_str(), &pair.b]).collect();
            assert_eq!((words, read[0].score), (vec!["love", "sex", "tiger", "cat"], want), "{name}");
        }
    }

    #[test]
    fn headings_tell_the_score_from_other_numbers() {
        for heading in [
            "word1,word2,n,value",
            "word1,word2,SD,value",
            "left,right,rank,x",
            "Wort 1,Wort 2,N,Mittelwert",
            "Wort1,Wort2,Anzahl,Ähnlichkeit",
            "mot1,mot2,effectif,note",
            "palabra1,palabra2,n,media",
            "word1;word2;n;value",
            "links\trechts\tn\tWert (0-10)",
            "word1 word2 n value",
        ] {
            let separator = [",", ";", "\t", " "].into_iter().find(|c| heading.matches(c).count() == 3).unwrap();
            let text = format!("{heading}\nold,new,3,4.98\nhill,sea,5,1.5").replace(',', separator);
            assert_eq!(parse(&text).unwrap().pairs[0].score, 4.98, "{text}");
        }
        // A name also separates words from kinds.
        let kinds = |heading: &str| parse(&format!("{heading}\nsyn,old,king,4\nant,new,sea,5"));
        assert_eq!(kinds("left,right,relation,gold").unwrap().pairs[0].b, "old");
        assert!(kinds("relation,left,right,gold").is_err());
        for heading in ["word1,word2,ratings,M", "left,right,n,sd", "left,right,x,y"] {
            let found = parse(&format!("{heading}\nold,new,3,4.98\nhill,sea,5,1.5"));
            let Err(Error::EvaluationFile { fault, .. }) = found else { panic!("{found:?}") };
            assert_eq!(*fault, EvaluationFault::ScoreName { columns: [3, 4] }, "{heading}");
        }
    }

    #[test]
    fn headings_may_have_another_separator() {
        for heading in ["word1,word2,score", "word1\tword2\tscore", "word1;word2;score", "word1 word2 score", "a,b,x"] {
            for separator in ["\t", ";", ",", " "] {
                let pairs = parse(
                    &format!("{heading}\nold new 7\nc d 2")
                        .replace("old new 7\nc d 2", &["old", "new", "7\nc", "d", "2"].join(separator)),
                );
                let pairs = pairs.unwrap_or_else(|error| panic!("{heading}{separator}: {error}")).pairs;
                assert_eq!((pairs.len(), pairs[0].a.as_str(), pairs[0].score), (2, "old", 7.0));
            }
        }
        // A pair without a score is refused.
        assert!(parse("new york\tbig\na\tb\t7").is_err());
    }

    #[test]
    fn quotation_marks_in_words_stay() {
        let words = |text: &str| {
            let pairs = parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).pairs;
            pairs.into_iter().flat_map(|pair| [pair.a, pair.b]).collect::<Vec<_>>()
        };
        for separator in ["\t", " "] {
            let words = |text: &str| words(&text.replace('\t', separator));
            assert_eq!(words("\"river\tlake\t7\nc\td\t2"), ["\"river", "lake", "c", "d"]);
            assert_eq!(words("\"river\"\tlake\t7\nc\td\t2"), ["\"river\"", "lake", "c", "d"]);
            assert_eq!(words("\"river\"\tlake\t7\n\"c\"\td\t2"), ["river", "lake", "c", "d"]);
            assert_eq!(words("\"new york\"\tlake\t7\nc\t\"a\"\"\"\t2"), ["new york", "lake", "c", "a\""]);
        }
    }

    #[test]
    fn bad_files_are_refused_with_the_line() {
        let fault = |text: &str| match parse(text) {
            Err(Error::EvaluationFile { line, fault, .. }) => (line, *fault),
            other => panic!("{other:?}"),
        };
        let fields = |found, expected, separator| EvaluationFault::Fields { found, expected, separator };
        let number = |text: &str| EvaluationFault::Number { text: text.into() };
        let open = |text: &str| EvaluationFault::OpenQuote { text: text.into() };
        let first = |text: &str| EvaluationFault::FirstColumn { text: text.into() };
        for (text, line, expected) in [
            ("a b 1\nc d\n", 2, fields(2, 3, "white space")),
            ("a b 1\nc d x", 2, number("x")),
            ("a b 1\nc d nan", 2, number("nan")),
            ("a b 1\nc d 1e999", 2, number("1e999")),
            // A first pair with an invalid score is not a heading.
            ("river\tlake\tl.5\nc\td\t1", 1, number("l.5")),
            ("river\tlake\tO,5\nc\td\t1", 1, number("O,5")),
            ("river,lake,n.a.\nc,d,1", 1, number("n.a.")),
            ("river;lake;approx 7\nc;d;1", 1, number("approx 7")),
            ("river e5 e5\nc d 1", 1, number("e5")),
            ("a b -inf\nc d 1", 1, number("-inf")),
            ("a\tb\t\nc\td\t1", 1, number("")),
            ("a b 7.3.1\nc d 1", 1, number("7.3.1")),
            ("old\tnew\tA\t1.58\na\tb\t2\nc\td\t3", 1, EvaluationFault::NoPair),
            ("a,,b,x\na,b,2,3", 1, EvaluationFault::NoPair),
            ("a\tb\tc\n1\ta\tn\tb\tn\tx\n", 1, EvaluationFault::NoPair),
            ("a b\nc d\n", 1, EvaluationFault::NoPair),
            ("word1 word2 score\n# x\nc d x\n", 3, number("x")),
            ("", 0, EvaluationFault::Empty),
            ("# nothing\n", 1, EvaluationFault::Empty),
            // All lines have one separator and one number of fields.
            ("a\tb\t1\nc\td\t2\ne f 3", 3, fields(1, 3, "tabs")),
            ("a,b,1\nc,d,2\ne;f;3", 3, fields(1, 3, "commas")),
            ("a,b,1\nc,d,2\nold,fashioned,x,3", 3, fields(4, 3, "commas")),
            ("a;b;1,5\nc;2;2;3", 2, fields(4, 3, "semicolons")),
            ("a b 1\nc d 2\nnew york a 3", 3, fields(4, 3, "white space")),
            ("new york a 1\nb c 2", 1, EvaluationFault::NoPair),
            ("word1,word2,score\na,b,7,35\n", 2, fields(4, 3, "commas")),
            ("a,b,7,35\nc,d,6,5", 1, EvaluationFault::SplitScore { text: "7,35".into() }),
            // Quotation marks.
            ("\"a\",b,1\n\"c,d,2", 2, open("\"c")),
            ("\"a,b,1\nc,d,2", 1, open("\"a")),
            ("a;b;1\nc;\"d\" e;2", 2, open("\"d\" e")),
            ("a\tb\t1\n\"c\td\"\t2", 2, open("\"c")),
            ("a\tb\t1\nc\td\t\"2", 2, open("\"2")),
            ("a,b,1\n\"\",d,2", 2, EvaluationFault::EmptyWord { column: 1 }),
            ("a\t\t1\nc\td\t2", 1, EvaluationFault::EmptyWord { column: 2 }),
            // Decimal marks.
            (
                "a b 1,5\nc d 2\ne f 1.5",
                3,
                EvaluationFault::TwoMarks { text: "1.5".into(), other: "1,5".into(), line: 1 },
            ),
            ("a b 950\nc d 1,000", 2, EvaluationFault::Thousands { text: "1,000".into() }),
            // The first column is ambiguous.
            ("1,river,7.35\n2,lake,6", 1, first("1")),
            ("1,river,lake,7.35\n2,hill,sea,5\nx,hill,lake,4", 1, first("1")),
            ("id,left,right,score\n9,river,lake,7.35\n4,hill,sea,5", 2, first("9")),
            // Files of other kinds.
            ("river 0.5 0.25\nlake 1 0", 1, EvaluationFault::Vectors),
            (": capital\na b c d\n", 1, EvaluationFault::QuestionNoPair),
            ("a b c d\ne f g h\n", 1, EvaluationFault::QuestionNoPair),
            ("river\tlake/pond\nsea\tocean\n", 1, EvaluationFault::Bats),
            ("river\tlake\nsea\tocean\n", 1, EvaluationFault::NoPair),
            ("river-lake\t5.2\nsea-ocean\t7", 1, EvaluationFault::NoPair),
            ("river lake 5\nhill\tsea\t7", 1, fields(1, 3, "tabs")),
            ("% from a survey of 2001\na b 1", 1, EvaluationFault::Comment),
            ("// x\na\tb\t1\nc\td\t2", 1, EvaluationFault::Comment),
            ("a b 1\n% c\nc d 2", 2, EvaluationFault::Comment),
        ] {
            assert_eq!(fault(text), (line, expected), "{text}");
        }
        assert_eq!(fault(&"x".repeat(70_000)), (1, EvaluationFault::LongLine { limit: LONGEST_LINE }));
        let bad = Pairs::parse(&mut &b"a b 1\nc \xff 2\n"[..], Path::new("p"));
        assert!(matches!(bad, Err(Error::NotUtf8 { line: 2, byte: 3, .. })), "{bad:?}");
    }
}

//! The field separator of a file, and the fields of a line.

use super::heading::Names;
use super::number::{Mark, number};
use std::borrow::Cow;

/// The field separator of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// A tab.
    Tab,
    /// A semicolon.
    Semicolon,
    /// A comma.
    Comma,
    /// Any run of white space.
    Space,
}

impl Separator {
    /// The order of preference if several separators fit: separators that are rarer inside words come first.
    pub const ALL: [Self; 4] = [Self::Tab, Self::Semicolon, Self::Comma, Self::Space];

    /// The name in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tab => "tabs",
            Self::Semicolon => "semicolons",
            Self::Comma => "commas",
            Self::Space => "white space",
        }
    }

    fn is(self, c: char) -> bool {
        match self {
            Self::Tab => c == '\t',
            Self::Semicolon => c == ';',
            Self::Comma => c == ',',
            Self::Space => c.is_whitespace(),
        }
    }

    /// Whether a quotation mark that opens a field without closing it is always an error, as in RFC 4180. Otherwise the
    /// mark is part of the text.
    pub const fn is_strict(self) -> bool {
        matches!(self, Self::Semicolon | Self::Comma)
    }

    /// The separator of a whole file. The separator by which the heading names the columns is chosen if half of the
    /// other lines then have a score. Otherwise it is the first one that fits half of the lines. If none fits, as in a
    /// file without pairs, it is the first one that splits the first line into three.
    pub fn choose<'a>(lines: impl Iterator<Item = &'a str> + Clone) -> Self {
        let first = lines.clone().next().unwrap_or_default();
        let Some((own, names)) = Self::of_names(first) else { return Self::fitting(lines) };
        let others = lines.skip(1);
        let scored = |line: &&str| {
            let fields = split(line, own);
            let number = |at: usize| fields.get(at).is_some_and(|field| number(&field.text).is_some());
            names.score.is_some_and(|at| number(at) || number(0) && number(at + 1))
        };
        let any =
            Self::ALL.into_iter().any(|separator| others.clone().any(|line| fits(&split(line, separator), separator)));
        let both = own != Self::Space && 2 * others.clone().filter(scored).count() >= others.clone().count();
        if both || !any { own } else { Self::fitting(others) }
    }

    /// The separator under which a heading names both words and score.
    fn of_names(heading: &str) -> Option<(Self, Names)> {
        let named = |separator| (separator, Names::new(&split(heading, separator), |_| false));
        Self::ALL.into_iter().map(named).find(|(_, names)| names.are_all())
    }

    /// The separator of the first line, which may be a heading with another separator than the rest. Such a heading
    /// names words and score, or has as many fields as the `others` and no numbers.
    pub fn of_first(self, line: &str, others: usize) -> Self {
        if let Some((own, _)) = Self::of_names(line) {
            return own;
        }
        let fields = |separator| split(line, separator);
        let fits = |separator: &Self| {
            *separator != self && fields(*separator).len() == others.max(3) && {
                fields(*separator).iter().all(|field| number(&field.text).is_none() && !field.text.is_empty())
            }
        };
        let whole = self != Self::Space && fields(self).len() == 1 || self == Self::Space && fields(self).len() < 3;
        let other = [Self::Tab, Self::Semicolon, Self::Comma].into_iter().find(fits);
        other.filter(|_| whole).unwrap_or(self)
    }

    /// The separator that fits most lines.
    fn fitting<'a>(lines: impl Iterator<Item = &'a str> + Clone) -> Self {
        let first = lines.clone().next().unwrap_or_default();
        let all = lines.clone().count();
        let fitting = |separator: Self| lines.clone().filter(|line| fits(&split(line, separator), separator)).count();
        let counts = Self::ALL.map(|separator| (separator, fitting(separator)));
        let most = |count: usize| 2 * count >= all && count > 0;
        let Some((separator, _)) = counts.into_iter().find(|(_, count)| most(*count)) else {
            let best = counts.into_iter().filter(|(_, count)| *count > 0).max_by_key(|(_, count)| *count);
            let divides = |separator: &Self| split(first, *separator).len() > 2;
            return best.map(|(separator, _)| separator).or(Self::ALL.into_iter().find(divides)).unwrap_or(Self::Space);
        };
        // Decimal commas also split "river lake 7,35 6,5".
        let decimal = |line: &str| {
            let fields = split(line, Self::Space);
            let score = fields.iter().skip(2).find_map(|field| number(&field.text));
            let both = fits(&fields, Self::Space) && fits(&split(line, Self::Comma), Self::Comma);
            !both || score.is_some_and(|(_, mark)| mark == Mark::Comma)
        };
        if separator == Self::Comma && most(counts[3].1) && lines.clone().all(decimal) {
            Self::Space
        } else {
            separator
        }
    }
}

/// Whether the fields can be a pair: two words, and a number in the third field or later.
pub fn fits(fields: &[Field], separator: Separator) -> bool {
    let joined = |field: &Field| field.text.len() > 1 && field.text.ends_with([',', ';']);
    fields.len() > 2
        && !(separator.is_strict() && fields.iter().any(|field| field.open))
        && !(joined(&fields[0]) && joined(&fields[1]))
        && fields[2..].iter().any(|field| number(&field.text).is_some())
}

/// A field of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The text without surrounding white space and enclosing quotation marks.
    pub text: Cow<'a, str>,
    /// Whether quotation marks enclosed the field.
    pub quoted: bool,
    /// Whether a quotation mark opens the field but none closes it.
    pub open: bool,
    /// The original text of the field, without surrounding white space.
    raw: &'a str,
}

impl<'a> Field<'a> {
    /// The text as a word. If tabs or white space separate fields, quotation marks may be part of a word. They are
    /// removed only if they are necessary, or if all fields of the column have them.
    pub fn word(&self, separator: Separator, all_quoted: bool) -> &str {
        let signs = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"');
        let needed = self.text.is_empty() || self.text.contains(signs);
        if self.quoted && !needed && !all_quoted && !separator.is_strict() { self.raw } else { &self.text }
    }
}

/// Splits a line into fields and unquotes them as in RFC 4180. A quoted field starts and ends with a quotation mark,
/// and all marks between are doubled. It may contain the separator, unless that is a tab: fields of tables with tabs
/// are often quotations.
pub fn split(line: &str, separator: Separator) -> Vec<Field<'_>> {
    let (mut fields, mut rest) = (Vec::new(), line);
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() && !(separator == Separator::Tab && c == '\t'));
        if separator == Separator::Space && rest.is_empty() {
            return fields;
        }
        let end = rest.find(|c| separator.is(c)).unwrap_or(rest.len());
        let reach = if separator == Separator::Tab { &rest[..end] } else { rest };
        if let Some((text, len)) = quoted(reach, separator) {
            fields.push(Field { text, quoted: true, open: false, raw: rest[..len].trim_end() });
            rest = &rest[len..];
        } else {
            let text = rest[..end].trim_end();
            let open = text.starts_with('"') && (separator.is_strict() || text.len() > 1);
            fields.push(Field { text: text.into(), quoted: false, open, raw: text });
            rest = &rest[end..];
        }
        let Some(c) = rest.chars().next() else { return fields };
        rest = &rest[c.len_utf8()..];
    }
}

/// The text of a quoted field, and the number of bytes up to the next separator.
fn quoted(text: &str, separator: Separator) -> Option<(Cow<'_, str>, usize)> {
    let inner = text.strip_prefix('"')?;
    let (mut at, mut doubled) = (0, false);
    let end = loop {
        at += inner[at..].find('"')?;
        if !inner[at + 1..].starts_with('"') {
            break at;
        }
        (at, doubled) = (at + 2, true);
    };
    let behind = &inner[end + 1..];
    let blank = behind.len() - behind.trim_start_matches(|c: char| c.is_whitespace() && !separator.is(c)).len();
    if !behind[blank..].chars().next().is_none_or(|c| separator.is(c)) {
        return None;
    }
    let whole = inner[..end].trim();
    let whole = if doubled { Cow::from(whole.replace("\"\"", "\"")) } else { whole.into() };
    Some((whole, end + 2 + blank))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str, separator: Separator) -> Vec<String> {
        split(line, separator).into_iter().map(|field| field.text.into_owned()).collect()
    }

    #[test]
    fn marks_enclose_whole_fields_only() {
        use Separator::{Comma, Semicolon, Space, Tab};
        for (line, separator, want) in [
            (r#""a, b" , "say ""c""",7,"#, Comma, &["a, b", "say \"c\"", "7", ""][..]),
            (r#"12" disc;"7;5";"""""#, Semicolon, &["12\" disc", "7;5", "\""]),
            ("5\"\t\"12\"\"\"\t \"a b\" \t", Tab, &["5\"", "12\"", "a b", ""]),
            ("\"yes\" he\tshe \"no\"\t7", Tab, &["\"yes\" he", "she \"no\"", "7"]),
            (" \"new york\"  5\" \" 7,5 ", Space, &["new york", "5\"", "\"", "7,5"]),
            ("\u{3000}数\u{3000}字 1", Space, &["数", "字", "1"]),
            ("", Comma, &[""]),
            ("", Space, &[]),
        ] {
            assert_eq!(texts(line, separator), want, "{line}");
        }
    }

    #[test]
    fn a_mark_without_end_shows() {
        let open = |line, separator| split(line, separator).iter().map(|field| field.open).collect::<Vec<_>>();
        assert_eq!(open("\"a,b,7", Separator::Comma), [true, false, false]);
        assert_eq!(open("a,\"b\" c,7", Separator::Comma), [false, true, false]);
        assert_eq!(open("\",b,7", Separator::Comma), [true, false, false]);
        assert_eq!(open("\"a\tb\"\t7", Separator::Tab), [true, false, false]);
        assert_eq!(open("\" a 7", Separator::Space), [false, false, false]);
    }

    #[test]
    fn a_file_has_one_separator() {
        for (text, want) in [
            ("a\tb\t7,5\nc d\te,f\t6\n", Separator::Tab),
            ("a;b;7,5;6,5", Separator::Semicolon),
            ("a b,c;d,7.5", Separator::Comma),
            ("a, b, 7.5\nc, d, 6", Separator::Comma),
            ("a,\tb,\t7.5", Separator::Comma),
            ("a;\tb;\t7.5", Separator::Semicolon),
            ("a b 7,5", Separator::Space),
            ("a b 7,5 6,5\nc d 7,25 1,5", Separator::Space),
            ("a,b c 7,5\nd e 7", Separator::Space),
            ("new york, old york, 7.5\na , b , 7", Separator::Comma),
            ("a b\t7", Separator::Space),
            // A single different line does not change the choice: split at white space, all lines fit.
            ("x y\tz\t5\nv w\tz\t4\na b c 5", Separator::Tab),
            ("a b c d", Separator::Space),
            ("a,b,c\nd,e,f", Separator::Comma),
            ("score;word1;word2\n7,5;a;b\n", Separator::Semicolon),
            // A heading may have another separator.
            ("word1,word2,score\na\tb c\t7\nd\te\t6", Separator::Tab),
            ("word1,word2,score\na;b;7,5", Separator::Semicolon),
            ("word1,word2,score\na b 7\nc d 6", Separator::Space),
            ("word1\tword2\tscore\na b 7\nc d 6", Separator::Space),
            ("word1 word2 score\nnew york\ta\t7", Separator::Tab),
            ("word1,word2,score\na,b,x", Separator::Comma),
        ] {
            assert_eq!(Separator::choose(text.lines()), want, "{text}");
        }
    }
}

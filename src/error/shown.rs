//! Words, values and names of files in messages and tables: control characters are escaped, and long values are cut.

use std::borrow::Cow;
use std::fmt::{Display, Write};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The most bytes of a word or a value that a message shows.
const LONGEST: usize = 80;
/// The most bytes of another library's reason that a message shows.
const LONGEST_REASON: usize = 400;
/// The most words of a list that a message shows.
const MOST_WORDS: usize = 10;

/// Whether a character controls a terminal, ends a line, or changes the direction of text.
pub fn is_control(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns || matches!(c, '\u{2028}' | '\u{2029}')
}

fn push(out: &mut String, c: char) {
    match c {
        _ if !is_control(c) => out.push(c),
        _ if c.is_control() => out.extend(c.escape_debug()),
        _ => out.extend(c.escape_unicode()),
    }
}

/// The text with its control characters as `\n` or `\u{1b}`.
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(is_control) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 16);
    text.chars().for_each(|c| push(&mut out, c));
    out.into()
}

/// Lines with all control characters escaped, except the line ends.
#[cfg(feature = "cli")]
pub fn lines(text: &str) -> String {
    text.split('\n').map(escaped).collect::<Vec<_>>().join("\n")
}

/// The text escaped, up to `limit` bytes, and `…` if more follows.
fn cut(text: &str, limit: usize, push: impl Fn(&mut String, char)) -> (String, &'static str) {
    let mut out = String::new();
    for c in text.chars() {
        let whole = out.len();
        push(&mut out, c);
        if out.len() > limit {
            out.truncate(whole);
            return (out, "…");
        }
    }
    (out, "")
}

/// A word or a value in quotation marks, at most 80 bytes of it. Control characters, quotation marks and backslashes
/// are escaped.
pub fn quoted(text: &str) -> String {
    let (inner, rest) = cut(text, LONGEST, |out, c| match c {
        '"' | '\\' => out.extend(['\\', c]),
        _ => push(out, c),
    });
    format!("\"{inner}\"{rest}")
}

/// A value without quotation marks, at most 80 bytes of it. Control characters are escaped.
pub fn value(value: impl Display) -> String {
    let (shown, rest) = cut(&value.to_string(), LONGEST, push);
    shown + rest
}

/// The reason that another library gives, at most 400 bytes of it. Control characters are escaped, since the reason may
/// quote a file.
pub fn reason(source: impl Display) -> String {
    let (shown, rest) = cut(&source.to_string(), LONGEST_REASON, push);
    shown + rest
}

/// The first ten words, in quotation marks.
pub fn words(words: &[String]) -> String {
    let mut shown: Vec<_> = words.iter().take(MOST_WORDS).map(|word| quoted(word)).collect();
    if words.len() > MOST_WORDS {
        shown.push(format!("{} more", words.len() - MOST_WORDS));
    }
    shown.join(", ")
}

/// Advice about a word that was not found.
pub fn did_you_mean(similar: &[String]) -> String {
    if similar.is_empty() {
        "; check its spelling and case".into()
    } else {
        format!("; similar words: {}", words(similar))
    }
}

/// Advice about an error of the system.
pub fn advice(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::NotFound => "; check the path",
        ErrorKind::PermissionDenied => "; check its permissions",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "; free some space, or name another place",
        _ => "",
    }
}

/// The reason why a text has no word that is frequent enough.
pub fn no_words(tokens: u64, too_long: u64, min_count: u64) -> String {
    if too_long > 0 && too_long == tokens {
        return format!("all {tokens} tokens are longer than max_word_bytes; separate words by spaces, or raise it");
    }
    let all = format!("no word of {tokens} tokens occurs at least {min_count} times");
    match too_long {
        0 => format!("{all}; lower min_count"),
        _ => format!("{all}, and {too_long} tokens are longer than max_word_bytes; lower min_count, or raise that"),
    }
}

/// The name of a file as text. Bytes that are not UTF-8 become `\xE9`, so that different files have different names.
pub fn name(path: &Path) -> String {
    let mut name = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        name += chunk.valid();
        chunk.invalid().iter().for_each(|byte| write!(name, "\\x{byte:02X}").expect("a string takes all"));
    }
    name
}

/// The name of a file in a message, with control characters escaped.
pub fn file(path: &Path) -> String {
    escaped(&name(path)).into_owned()
}

/// The names of files in a message.
pub fn files(paths: &[PathBuf]) -> String {
    let names: Vec<_> = paths.iter().map(|path| file(path)).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_character_is_shown() {
        for (text, shown) in [
            ("caf\u{e9} e\u{301} \u{645}\u{6cc}\u{200c}", "caf\u{e9} e\u{301} \u{645}\u{6cc}\u{200c}"),
            ("a\tb\r\n\0", "a\\tb\\r\\n\\0"),
            ("\u{1b}[31mred\u{7f}\u{9b}", "\\u{1b}[31mred\\u{7f}\\u{9b}"),
            ("\u{2028}\u{2029}\u{202a}\u{202e}", "\\u{2028}\\u{2029}\\u{202a}\\u{202e}"),
            ("\u{2066}\u{2069}\u{200e}\u{200f}\u{61c}", "\\u{2066}\\u{2069}\\u{200e}\\u{200f}\\u{61c}"),
            ("a\\\"b\"", "a\\\"b\""),
        ] {
            assert_eq!((&*escaped(text), value(text), reason(text)), (shown, shown.into(), shown.into()));
        }
        assert_eq!(quoted("a\"\\\u{1b}'"), "\"a\\\"\\\\\\u{1b}'\"");
    }

    #[test]
    fn long_words_are_cut_between_characters() {
        assert_eq!(quoted("a\u{1b}[31m\0\u{2028}"), r#""a\u{1b}[31m\0\u{2028}""#);
        assert_eq!(quoted(&"x".repeat(80)), format!("\"{}\"", "x".repeat(80)));
        assert_eq!(quoted(&"x".repeat(81)), format!("\"{}\"…", "x".repeat(80)));
        assert_eq!(quoted(&"数".repeat(1000)), format!("\"{}\"…", "数".repeat(26)));
        assert_eq!(value("\u{1b}".repeat(1000)), "\\u{1b}".repeat(13) + "…");
        assert_eq!(reason("x".repeat(1000)).len(), 400 + "…".len());
        let many: Vec<_> = (0..1000).map(|n| n.to_string()).collect();
        assert!(words(&many).ends_with("\"9\", 990 more") && words(&many[..2]) == "\"0\", \"1\"");
    }

    #[cfg(unix)]
    #[test]
    fn every_name_is_text() {
        use std::os::unix::ffi::OsStrExt;
        for (bytes, text, shown) in [
            (&b"caf\xe9.txt"[..], "caf\\xE9.txt", "caf\\xE9.txt"),
            (b"caf\xc3\xa9.txt", "caf\u{e9}.txt", "caf\u{e9}.txt"),
            (b"\xff\xfe/x", "\\xFF\\xFE/x", "\\xFF\\xFE/x"),
            (b"a\x1b\n", "a\u{1b}\n", "a\\u{1b}\\n"),
            (b"", "", ""),
        ] {
            let path = Path::new(std::ffi::OsStr::from_bytes(bytes));
            assert_eq!((name(path), file(path)), (text.into(), shown.into()));
        }
    }
}

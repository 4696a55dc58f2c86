//! Command lines with placeholders.

use super::error::Fault;

/// The words of a command line. `{name}`, with lower-case letters and underscores in braces, is a placeholder.
#[derive(Clone, Debug)]
pub struct Template {
    words: Vec<String>,
}

/// A piece of a word.
#[derive(Debug, PartialEq)]
enum Piece<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

impl Template {
    /// Splits a command line into words like a shell, without running one. `known` are the placeholders.
    pub fn new(name: &str, command: &str, known: &[&str]) -> Result<Self, Fault> {
        let words =
            shlex::split(command).ok_or_else(|| Fault::Quoting { name: name.into(), command: command.into() })?;
        if words.is_empty() {
            return Err(Fault::Empty { name: name.into() });
        }
        let template = Self { words };
        if let Some(found) = template.placeholders().find(|found| !known.contains(found)) {
            let known = known.iter().map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join(", ");
            return Err(Fault::Placeholder { name: name.into(), placeholder: found.into(), known });
        }
        Ok(template)
    }

    /// Whether a placeholder occurs.
    pub fn has(&self, name: &str) -> bool {
        self.placeholders().any(|found| found == name)
    }

    /// The words with all placeholders replaced by values. A value is never split into words.
    pub fn filled(&self, values: &[(&str, String)]) -> Vec<String> {
        let value = |name| &values.iter().find(|(key, _)| *key == name).expect("a known placeholder").1;
        let text = |piece| match piece {
            Piece::Text(text) => text,
            Piece::Placeholder(name) => value(name).as_str(),
        };
        self.words.iter().map(|word| pieces(word).into_iter().map(text).collect()).collect()
    }

    fn placeholders(&self) -> impl Iterator<Item = &str> {
        self.words.iter().flat_map(|word| pieces(word)).filter_map(|piece| match piece {
            Piece::Placeholder(name) => Some(name),
            Piece::Text(_) => None,
        })
    }
}

fn pieces(word: &str) -> Vec<Piece<'_>> {
    let is_name = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let (mut pieces, mut rest) = (Vec::new(), word);
    while let Some(open) = rest.find('{') {
        let (before, after) = (&rest[..open], &rest[open + 1..]);
        match after.find('}').filter(|close| is_name(&after[..*close])) {
            Some(close) => {
                pieces.extend([Piece::Text(before), Piece::Placeholder(&after[..close])]);
                rest = &after[close + 1..];
            }
            None => {
                pieces.push(Piece::Text(&rest[..open + 1]));
                rest = after;
            }
        }
    }
    pieces.push(Piece::Text(rest));
    pieces
}

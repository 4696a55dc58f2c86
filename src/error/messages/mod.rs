//! Lists of all error messages. An entry is missing if this does not compile.

mod errors;
mod faults;
mod files;

use std::fmt::{Debug, Display};

/// Tests that an enum of errors has these messages. The match has no wildcard, so that every variant needs an entry.
macro_rules! messages {
    ($test:ident, $rules:ident, $enum:ident {
        $($variant:ident $({ $($field:tt)* })? $(( $($value:tt)* ))? => $message:literal,)*
    }) => {
        #[test]
        fn $test() {
            #[allow(unreachable_patterns)]
            fn is_listed(error: &$enum) {
                match error {
                    $($enum::$variant { .. } => {})*
                }
            }
            let cases = [$(($enum::$variant $({ $($field)* })? $(( $($value)* ))?, $message),)*];
            for (error, message) in &cases {
                is_listed(error);
                $crate::error::messages::$rules(error, message);
            }
        }
    };
}
use messages;

/// Words that may not begin a message.
const OPENERS: [&str; 8] = ["what", "which", "those", "of", "as", "by", "that", "how"];
/// Names that may begin a message with a capital letter.
const NAMES: [&str; 2] = ["LEXMAX_SIMD", "Spearman's"];

/// Checks a part of a message: its text, its style, and that it shows every value of the error.
fn part(error: &(impl Debug + Display), message: &str) {
    assert_eq!(error.to_string(), message, "{error:#?}");
    let first = |text: &str| text.split(' ').next().unwrap_or_default().to_string();
    assert!(!message.is_empty() && message.trim() == message && !message.ends_with('.'), "{message}");
    assert!(!message.contains("  ") && !message.contains(char::is_control), "{message}");
    let is_name = NAMES.contains(&&*first(message));
    assert!(is_name || !message.starts_with(char::is_uppercase), "{message}");
    for clause in message.split(": ") {
        assert!(!OPENERS.contains(&&*first(clause).to_lowercase()), "{message}");
    }
    for value in values(&format!("{error:#?}")) {
        assert!(message.contains(&value), "{value} is not in the message: {message}");
    }
}

/// Checks a whole message, which also says what was expected or what to do.
fn whole(error: &(impl Debug + Display), message: &str) {
    part(error, message);
    let has_advice = ["; ", "but must be ", "contradict each other: "].iter().any(|mark| message.contains(mark));
    assert!(has_advice, "no advice: {message}");
}

/// The strings and numbers of a `Debug` form. A count of 0 may be left out of a message.
fn values(debug: &str) -> Vec<String> {
    let mut values = Vec::new();
    for (at, piece) in debug.split('"').enumerate() {
        if at % 2 == 1 {
            values.push(piece.to_string());
            continue;
        }
        let words = piece.split(|c: char| !(c.is_alphanumeric() || c == '.' || c == '_'));
        values.extend(
            words.filter(|word| word.starts_with(|c: char| c.is_ascii_digit()) && *word != "0").map(String::from),
        );
    }
    values
}

#[test]
fn values_are_strings_and_numbers() {
    let debug = r#"A { path: "a b", line: Some(7), rate: 0.5, f32: NaN, known: ["x", "y"] }"#;
    assert_eq!(values(debug), ["a b", "7", "0.5", "x", "y"]);
}

//! Faults of packed files, in plain words with their place.

use std::io::{self, Error, ErrorKind};

/// A fault of packed data as the decoder found it, after `at` bytes of the file; errors of the system stay as they are.
pub fn fault(name: &str, at: u64, error: Error) -> Error {
    match error.kind() {
        _ if error.raw_os_error().is_some() => error,
        ErrorKind::Interrupted => error,
        ErrorKind::UnexpectedEof => early(name, at),
        _ => damaged(name, at),
    }
}

/// A file that was cut after `at` bytes.
pub fn early(name: &str, at: u64) -> Error {
    let message = format!("the {name} data ends early, at byte {at}; copy or download the file again");
    Error::new(ErrorKind::UnexpectedEof, message)
}

/// Data that does not decode, found after `at` bytes.
pub fn damaged(name: &str, at: u64) -> Error {
    invalid(format!("the {name} data is damaged near byte {at}; copy or download the file again"))
}

/// Other bytes behind the first `end`, which are whole.
pub fn rubbish(name: &str, end: u64) -> Error {
    let keep = format!("keep the first {end}, as with `head -c {end} FILE`");
    invalid(format!("the bytes after byte {end} are no {name} data; {keep}"))
}

/// Data that cannot be taken, with the reason.
pub fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidData, message.into())
}

/// The error of the source, should one be behind `error`.
pub fn source<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a io::Error> {
    std::iter::successors(Some(error), |error| error.source()).find_map(|error| error.downcast_ref())
}

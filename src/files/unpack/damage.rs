//! Errors of compressed files, in plain words with their position.

use std::io::{self, Error, ErrorKind};

/// An error of the decoder after `at` bytes of the file. Errors of the system stay unchanged.
pub fn fault(name: &str, at: u64, error: Error) -> Error {
    match error.kind() {
        _ if error.raw_os_error().is_some() => error,
        ErrorKind::Interrupted => error,
        ErrorKind::UnexpectedEof => early(name, at),
        _ => damaged(name, at),
    }
}

/// The error for a file that ends after `at` bytes.
pub fn early(name: &str, at: u64) -> Error {
    let message = format!("the {name} data ends early, at byte {at}; copy or download the file again");
    Error::new(ErrorKind::UnexpectedEof, message)
}

/// The error for data that cannot be decoded, found after `at` bytes.
pub fn damaged(name: &str, at: u64) -> Error {
    invalid(format!("the {name} data is damaged near byte {at}; copy or download the file again"))
}

/// The error for other bytes after the first `end`, which are complete.
pub fn rubbish(name: &str, end: u64) -> Error {
    let keep = format!("keep the first {end}, as with `head -c {end} FILE`");
    invalid(format!("the bytes after byte {end} are no {name} data; {keep}"))
}

/// An error for data that cannot be accepted, with the reason.
pub fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidData, message.into())
}

/// The error of the source, if `error` wraps one.
pub fn source<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a io::Error> {
    std::iter::successors(Some(error), |error| error.source()).find_map(|error| error.downcast_ref())
}

//! The command, run as a user would.

mod colours;
mod compare;
#[cfg(unix)]
mod durable;
#[cfg(unix)]
mod endings;
mod options;
mod outputs;
mod place;
mod refusals;
mod scale;
mod words;

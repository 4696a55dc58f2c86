//! The command, run as a user would.

mod colours;
mod compare;
mod options;
mod outputs;
mod place;
mod refusals;
mod scale;
mod words;

//! The command, run as users run it.

mod colours;
mod compare;
#[cfg(unix)]
mod durable;
#[cfg(unix)]
mod endings;
mod evaluation_files;
mod help;
mod misread;
#[cfg(unix)]
mod names;
mod normal;
mod options;
mod outputs;
mod place;
mod printed;
mod prompts;
mod refusals;
mod scale;
mod vectors;
mod words;

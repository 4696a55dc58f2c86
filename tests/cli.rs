//! The command, run as a user would.
#![cfg(feature = "cli")]

#[path = "cli/colours.rs"]
mod colours;
#[path = "cli/compare.rs"]
mod compare;
#[path = "cli/options.rs"]
mod options;
#[path = "cli/place.rs"]
mod place;
#[path = "cli/refusals.rs"]
mod refusals;
#[path = "cli/scale.rs"]
mod scale;

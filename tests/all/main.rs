//! The integration tests, in one program, so that the crate is linked once. Tests that install their own allocator are
//! separate programs beside this folder.
//!
//! Each module names the features that it needs. `cargo test --no-default-features --features check` runs the tests
//! that need no other feature.

#[cfg(feature = "cli")]
mod before;
#[cfg(feature = "text")]
mod blocks;
#[cfg(feature = "check")]
mod check;
#[cfg(feature = "cli")]
mod cli;
#[cfg(feature = "cli")]
mod commands;
#[cfg(feature = "text")]
mod deterministic;
#[cfg(feature = "eval")]
mod divided;
#[cfg(feature = "cli")]
mod evaluation;
mod floors;
mod golden;
mod head;
#[cfg(feature = "text")]
mod hogwild;
#[cfg(feature = "check")]
mod laws;
mod laws_page;
#[cfg(feature = "text")]
mod lenient;
#[cfg(feature = "text")]
mod model_file;
#[cfg(feature = "cli")]
mod page;
mod pages;
#[cfg(feature = "text")]
mod proposals;
#[cfg(feature = "text")]
mod ranks;
#[cfg(feature = "cli")]
mod reading;
mod readme;
#[cfg(feature = "cli")]
mod record;
#[cfg(feature = "cli")]
mod resume;
#[cfg(feature = "text")]
mod round_trips;
mod settings;
#[cfg(all(feature = "check", feature = "text"))]
mod small_trait;
#[cfg(all(feature = "check", feature = "text"))]
mod stability;
#[cfg(feature = "cli")]
mod train_cli;
#[cfg(feature = "cli")]
mod train_input;
#[cfg(feature = "eval")]
mod training;
#[cfg(feature = "text")]
mod trees;
#[cfg(feature = "text")]
mod vectors;
#[cfg(feature = "cli")]
mod word2vec;

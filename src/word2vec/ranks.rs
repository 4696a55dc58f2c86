//! Runs on several ranks: what they must have in common before they read the text.

use super::Word2VecConfig;
use super::settings::settings;
use crate::error::{Error, RanksFault, Result};
use crate::files;
use crate::peers::{Peers, Team};
use crate::run::Control;
use crate::train::{check_ranks, same_program};

/// Checks that all ranks have the same program and the same options, and that these can be trained on several ranks.
/// All ranks get the same answer.
pub(super) fn check(config: &Word2VecConfig) -> Result<()> {
    let mut team = config.team.clone();
    if team.is_alone() {
        return Ok(());
    }
    let held_out = config.control.valid.iter().flat_map(|valid| &valid.files);
    let has_stream = held_out.into_iter().any(|path| files::is_stream(path));
    let init_streams = config.init.as_deref().is_some_and(|path| path.exists() && files::is_stream(path));
    same_program(&mut team)?;
    // The hash of the text stands for what decides its words. It is compared once the text is read.
    let settings = settings(config, "", None);
    let settings = settings.iter().map(|(name, value)| (name.as_str(), value.clone()));
    team.compare(&settings.collect::<Vec<_>>())?;
    let refused = [
        (!config.deterministic, "a run without deterministic", "set deterministic"),
        (config.batch > 1, "a mini-batch", "set batch to 1"),
        (has_stream, "a held-out text on standard input or a pipe", "name a file that every rank can read"),
        (init_streams, "a start from vectors in a pipe", "name a file that every rank can read"),
    ];
    match refused.into_iter().find(|(is_refused, ..)| *is_refused) {
        Some((_, setting, advice)) => Err(RanksFault::OneRank { setting, ranks: team.size(), advice }.into()),
        None => check_ranks(&team),
    }
}

/// Adds a failure to the log of rank 0, if there is one: see [`Control::log_failure`].
pub(super) fn log_failure(team: &Team, control: &Control, error: &Error) {
    if team.is_first() {
        control.log_failure(error);
    }
}

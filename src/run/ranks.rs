//! A run on several ranks: rank 0 has the files, and tells the others what is in them.

use super::checkpoint::{Contents, Folder, Saved};
use super::{Closed, Run};
use crate::corpus::Normalizer;
use crate::error::{Error, Result};
use crate::model::{ModelOver, ModelReader, ModelWriter};
use crate::peers::{Packer, Peers, Team, Unpacker};
use crate::table::stored::Stored;
use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::Path;

/// Checks that all ranks have the same settings.
pub(super) fn compare(team: &mut Team, settings: &BTreeMap<String, String>) -> Result<()> {
    let values: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    team.compare(&values)
}

/// Reads the checkpoint of rank 0 into the models of all ranks, if there is one. Only rank 0 has its folder.
pub(super) fn resume<M: Stored>(
    team: &mut Team,
    folder: Option<&Folder>,
    (model, normalizer): (&mut ModelOver<M>, &Normalizer),
    settings: &BTreeMap<String, String>,
) -> Result<Option<Saved>> {
    if team.is_alone() {
        return folder.map_or(Ok(None), |folder| folder.resume(model, normalizer));
    }
    let bytes = team.agree(folder.map_or(Ok(None), Folder::bytes))?;
    let path = folder.filter(|_| bytes.is_some()).map(|folder| folder.path().to_string_lossy().into_owned());
    let mut path = path.unwrap_or_default().into_bytes();
    team.broadcast(0, &mut path);
    if path.is_empty() {
        return Ok(None);
    }
    let mut bytes = bytes.unwrap_or_default();
    team.broadcast(0, &mut bytes);
    let path = String::from_utf8_lossy(&path).into_owned().into();
    team.agree(Contents { bytes: Cursor::new(bytes), path, settings }.read(model, normalizer))
}

impl Run<'_> {
    /// Gives the model of rank 0 to all ranks if `has_changed` is true there.
    pub(super) fn share_model<M: Stored>(&mut self, has_changed: bool, model: &mut ModelOver<M>) -> Result<()> {
        let Self { team, architecture, vocab, .. } = self;
        if team.is_alone() {
            return Ok(());
        }
        let write = || {
            let mut bytes = Vec::new();
            ModelWriter::new(architecture, vocab, &*model)?
                .write(&mut bytes)
                .map_err(Error::io("the model for other ranks"))?;
            Ok(bytes)
        };
        let is_sent = has_changed && team.is_first();
        let mut bytes = team.agree(if is_sent { write() } else { Ok(Vec::new()) })?;
        team.broadcast(0, &mut bytes);
        let is_received = !(bytes.is_empty() || team.is_first());
        let read = || ModelReader::open(Cursor::new(bytes), Path::new("rank 0"))?.read_into(model);
        team.agree(if is_received { read() } else { Ok(()) })
    }
}

/// Gives the result of rank 0 to all ranks.
pub(super) fn share_closed(team: &mut Team, closed: Closed) -> Closed {
    if team.is_alone() {
        return closed;
    }
    let Closed { ended, valid_nll, best_words, warnings } = closed;
    let own = (ended, valid_nll.map(f64::to_bits), best_words, warnings);
    let mut packer = Packer::default();
    packer.text(&serde_json::to_string(&own).expect("plain data"));
    let mut bytes = packer.bytes();
    team.broadcast(0, &mut bytes);
    let told = serde_json::from_str(&Unpacker::new(&bytes).text()).expect("rank 0 wrote its result");
    let (ended, valid_nll, best_words, warnings): (_, Option<u64>, _, _) = told;
    Closed { ended, valid_nll: valid_nll.map(f64::from_bits), best_words, warnings }
}

//! Tables by name.

mod compare;
mod machines;
mod scale;
mod speed;
mod steps;
mod train;

use super::error::Fault;
use super::records::Records;
use super::region::Region;

type Table = fn(&Region, &Records) -> Result<String, Fault>;

const TABLES: &[(&str, Table)] = &[
    ("speed", speed::table),
    ("train", train::times),
    ("steps", steps::table),
    ("quality", train::quality),
    ("compare", compare::table),
    ("rates", compare::rates),
    ("seeds", compare::seeds),
    ("scale", scale::table),
    ("machines", machines::table),
    ("commands", machines::commands),
];

/// The table that a region names.
pub fn table(region: &Region, records: &Records) -> Result<String, Fault> {
    match TABLES.iter().find(|(name, _)| *name == region.table) {
        Some((_, table)) => table(region, records),
        None => {
            let known = TABLES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            Err(Fault::Table { place: region.place(), name: region.table.clone(), known })
        }
    }
}

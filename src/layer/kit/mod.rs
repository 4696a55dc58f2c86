//! Private code that the layers share.

pub(super) mod candidates;
pub(super) mod divisions;
pub(super) mod expand;
pub(super) mod flat;
pub(super) mod gathered;
pub(super) mod goal;
pub(super) mod scan;
pub(super) mod scratch;
pub(super) mod set_up;
pub(super) mod shape;
pub(super) mod shortlist;
pub(super) mod two_level;

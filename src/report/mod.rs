//! Results as tables, as charts and as pages.

mod advice;
mod chart;
mod comparison;
mod evaluation;
mod grid;
#[cfg(feature = "report")]
mod page;
#[cfg(feature = "report")]
mod picture;
mod scale;
#[cfg(feature = "report")]
mod svg;
#[cfg(feature = "report")]
pub mod terminal;

pub use chart::{Axis, Chart, Level, Look, Mark, Series, Unit, pareto_front};
pub use evaluation::answers;
pub use grid::{Bar, Cell, Column, Grid};
#[cfg(feature = "cli")]
pub(crate) use page::page_files;
#[cfg(feature = "report")]
pub use page::{Page, write_page};
#[cfg(feature = "report")]
pub use picture::picture;
pub use scale::Overview;
#[cfg(feature = "report")]
pub use svg::svg;

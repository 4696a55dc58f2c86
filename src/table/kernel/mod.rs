//! The arithmetic of the tables: blocks in registers, matrix products, tiles, and views of slices.

pub(in crate::table) mod aligned;
pub(in crate::table) mod block;
pub(in crate::table) mod gemm;
pub(in crate::table) mod gemv;
pub(in crate::table) mod product;
pub(in crate::table) mod registers;
pub(in crate::table) mod rows;
pub(in crate::table) mod small;
pub(crate) mod tile;
pub(crate) mod view;

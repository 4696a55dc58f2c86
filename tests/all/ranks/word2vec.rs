//! The product over ranks.

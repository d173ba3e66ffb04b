//! The formats of a login, the catalogue of faults, and properties for arbitrary content.

mod faults;
mod foreign_forms;
mod formats;
mod helpers;
mod properties;

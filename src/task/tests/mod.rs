//! Property tests of all parsers, and the catalogue of all errors.

mod error_catalogue;
mod properties;

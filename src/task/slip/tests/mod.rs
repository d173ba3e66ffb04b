//! Slips in values, and values that have none.

mod helpers;
mod mistakes;
mod properties;
mod web_pages;

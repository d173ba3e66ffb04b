//! The lines on the screen: a pure function of the state of the pulls, the time, and the terminal's size.
//!
//! Invariant: every line is narrower than the terminal, and there are fewer lines than it has rows.

mod frame;
mod layout;
mod pen;
mod row_line;
#[cfg(test)]
mod tests;
mod visible_rows;

pub(super) use frame::lines;

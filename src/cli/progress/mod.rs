//! Progress on stderr: on a terminal, a line for each image, redrawn in place; elsewhere, plain lines;
//! with `--quiet`, nothing.

mod draw;
mod labels;
mod plain_lines;
mod progress_display;
mod progress_model;
mod transfer_rate;
mod units;

pub(super) use progress_display::ProgressDisplay;

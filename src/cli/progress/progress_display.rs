//! The display that fits the environment: a drawn screen, plain lines, or nothing.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval};

use super::progress_model::ProgressModel;
use super::{draw, plain_lines::PlainLines};
use crate::cli::terminal::stderr;
use crate::config::TerminalEnv;
use crate::pull::{ProgressObserver, PullState};
use crate::sync::Mutex;

/// Ten drawings a second look smooth and cost almost nothing.
const DRAW_INTERVAL: Duration = Duration::from_millis(100);

/// The display that fits the environment. The drawn progress is removed when this is dropped.
pub(in crate::cli) enum ProgressDisplay {
    /// With `--quiet`, or without images.
    Nothing,
    /// Without a terminal, or on one that has no control sequences.
    Lines(PlainLines),
    /// On a terminal.
    Screen(Screen),
}

/// The progress that is drawn on a terminal.
pub(in crate::cli) struct Screen {
    model: Mutex<ProgressModel>,
    has_color: bool,
}

impl ProgressDisplay {
    pub(in crate::cli) fn new(images: Vec<String>, is_quiet: bool, terminal: TerminalEnv) -> Self {
        if is_quiet || images.is_empty() {
            Self::Nothing
        } else if stderr::size().is_some() && !terminal.is_dumb {
            let model = Mutex::new(ProgressModel::new(images, Instant::now()));
            Self::Screen(Screen { model, has_color: !terminal.no_color })
        } else {
            Self::Lines(PlainLines::new(images))
        }
    }

    /// Draws the screen for as long as this future is polled.
    pub(in crate::cli) async fn draw(&self) -> Infallible {
        let Self::Screen(screen) = self else { return std::future::pending().await };
        let mut ticks = interval(DRAW_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            // The size is read each time: the user may resize or close the terminal.
            if let Some(size) = stderr::size() {
                let lines = draw::lines(&screen.model.lock(), Instant::now(), size, screen.has_color);
                stderr::draw(lines, size.width);
            }
        }
    }
}

impl ProgressObserver for ProgressDisplay {
    fn update(&self, pull: usize, state: &PullState) {
        // Printed like the warnings about a definition, and even with `--quiet`; it is no state of the pull.
        if let PullState::Warned(warning) = state {
            return stderr::print_line(&format!("warning: {warning}"));
        }
        match self {
            Self::Nothing => {}
            Self::Lines(lines) => {
                if let Some(line) = lines.line(pull, state, Instant::now()) {
                    stderr::print_line(&line);
                }
            }
            Self::Screen(screen) => screen.model.lock().update(pull, state, Instant::now()),
        }
    }
}

impl Drop for ProgressDisplay {
    fn drop(&mut self) {
        if let Self::Screen(_) = self {
            stderr::clear();
        }
    }
}

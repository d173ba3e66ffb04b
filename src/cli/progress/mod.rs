//! Progress on stderr: a line for each image on a terminal, redrawn in place; plain lines
//! elsewhere; nothing with `--quiet`.

mod draw;
mod labels;
mod model;
mod plain;
mod rate;

use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval};

use super::stderr;
use crate::config::TerminalEnv;
use crate::pipeline::{ProgressObserver, PullState};
use model::ProgressModel;

/// Ten drawings a second look like motion and cost next to nothing.
const TICK: Duration = Duration::from_millis(100);

/// The progress that fits the place.
pub(super) enum Shown {
    /// `--quiet`, or nothing to show.
    Nothing,
    /// No terminal, or one that takes no control sequences.
    Lines(Vec<String>),
    /// A terminal.
    Screen(Screen),
}

/// What is drawn on a terminal.
pub(super) struct Screen {
    board: Mutex<ProgressModel>,
    colour: bool,
}

impl Shown {
    pub(super) fn new(images: Vec<String>, quiet: bool, wishes: TerminalEnv) -> Self {
        if quiet || images.is_empty() {
            Self::Nothing
        } else if stderr::size().is_some() && !wishes.is_dumb {
            let board = Mutex::new(ProgressModel::new(images, Instant::now()));
            Self::Screen(Screen { board, colour: !wishes.no_color })
        } else {
            Self::Lines(images)
        }
    }

    /// Draws for as long as it is polled: at once, and then ten times a second what has changed.
    pub(super) async fn draw(&self) -> Infallible {
        let Self::Screen(screen) = self else { return std::future::pending().await };
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            // Asked each time: a terminal changes its size, and may be gone.
            if let Some(size) = stderr::size() {
                let lines = draw::lines(&screen.board(), Instant::now(), size, screen.colour);
                stderr::draw(lines, size.width);
            }
        }
    }
}

impl ProgressObserver for Shown {
    fn update(&self, pull: usize, state: &PullState) {
        // Said as those that are found in a definition, and no state of the pull.
        if let PullState::Warned(warning) = state {
            return stderr::tell(&format!("warning: {warning}"));
        }
        match self {
            Self::Nothing => {}
            Self::Lines(images) => {
                if let Some(line) = plain::line(&images[pull], state) {
                    stderr::tell(&line);
                }
            }
            Self::Screen(screen) => screen.board().take(pull, state, Instant::now()),
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let Self::Screen(_) = self {
            stderr::clear();
        }
    }
}

impl Screen {
    fn board(&self) -> MutexGuard<'_, ProgressModel> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

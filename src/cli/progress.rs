//! Progress on stderr: a bar for each image on a terminal, plain lines elsewhere, nothing
//! with `--quiet`.

use std::io::{self, IsTerminal as _};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::tell;
use crate::pipeline::{How, Progress, Pulled, Retry, State};

/// Bars beyond this many would scroll the screen away: then there are lines instead.
const BARS_AT_MOST: usize = 20;

/// The progress that fits the place.
pub(super) fn of(images: Vec<String>, quiet: bool) -> Box<dyn Progress> {
    if quiet || images.is_empty() {
        Box::new(Silent)
    } else if io::stderr().is_terminal() && images.len() <= BARS_AT_MOST {
        Box::new(Bars::new(&images))
    } else {
        Box::new(Lines { images })
    }
}

struct Silent;

impl Progress for Silent {
    fn update(&self, _: usize, _: &State) {}
}

/// A line when a pull begins, is tried again, and ends.
struct Lines {
    images: Vec<String>,
}

impl Progress for Lines {
    fn update(&self, pull: usize, state: &State) {
        let said = match state {
            State::Pulling(layers) if layers.total == 0 => "pulling".to_owned(),
            State::Authorizing | State::Waiting | State::Pulling(_) => return,
            State::Retrying(Retry { attempt, wait, .. }) => format!("attempt {attempt} in {:.1} s", wait.as_secs_f64()),
            State::Done(Pulled { how, .. }) => match how {
                How::Fetched => "pulled".to_owned(),
                How::UpToDate => "up to date".to_owned(),
                How::Cached { .. } => "cached".to_owned(),
            },
            State::Failed(_) => "failed".to_owned(),
        };
        tell(&format!("{}: {said}", self.images[pull]));
    }
}

/// One bar an image, redrawn by indicatif at most 20 times a second.
struct Bars {
    images: Vec<ProgressBar>,
    words: ProgressStyle,
    bytes: ProgressStyle,
    // Owns the terminal's lines; without it each bar would draw for itself.
    _all: MultiProgress,
}

impl Bars {
    fn new(images: &[String]) -> Self {
        let all = MultiProgress::new();
        let words = style("{prefix}  {msg}");
        let bytes = style("{prefix}  {msg} {bar:12} {bytes:>10} of {total_bytes}");
        let bars = images
            .iter()
            .map(|image| {
                let bar = all.add(ProgressBar::new(0).with_style(words.clone()));
                bar.set_prefix(shortened(image, 34));
                bar
            })
            .collect();
        Self { images: bars, words, bytes, _all: all }
    }
}

impl Progress for Bars {
    fn update(&self, pull: usize, state: &State) {
        let bar = &self.images[pull];
        match state {
            State::Authorizing => bar.set_message("credentials"),
            State::Waiting => bar.set_message("waits for its turn"),
            State::Pulling(layers) if layers.bytes_total == 0 => bar.set_message("pulling"),
            State::Pulling(layers) => {
                bar.set_style(self.bytes.clone());
                bar.set_length(layers.bytes_total);
                bar.set_position(layers.bytes);
                bar.set_message(format!("{}/{}", layers.done, layers.total));
            }
            State::Retrying(Retry { attempt, wait, .. }) => {
                bar.set_style(self.words.clone());
                bar.set_message(format!("attempt {attempt} in {:.1} s", wait.as_secs_f64()));
            }
            State::Done(_) | State::Failed(_) => bar.finish_and_clear(),
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates are ours and well formed; the default style is as good as a panic is not.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// The end of a long name says more than its beginning.
fn shortened(image: &str, width: usize) -> String {
    let length = image.chars().count();
    if length <= width {
        return format!("{image:width$}");
    }
    let end: String = image.chars().skip(length - (width - 1)).collect();
    format!("…{end}")
}

//! Progress without a terminal: one line when a pull starts, unpacks, is retried, falls back, and ends.

use std::time::{Duration, Instant};

use super::labels::{cause, result};
use super::units::{clock, part_of_bytes};
use crate::pull::{Extraction, FailedAttempt, LayerTotals, PullState};
use crate::sync::Mutex;

/// The least time between two lines about the unpacking of one image.
const LINE_INTERVAL: Duration = Duration::from_secs(10);
/// The time after which an unpacking has another line, even if its share is the same.
const SIGN_OF_LIFE_INTERVAL: Duration = Duration::from_mins(1);

/// The images, and which line about its unpacking each had last.
pub(in crate::cli) struct PlainLines {
    images: Vec<String>,
    extractions: Mutex<Vec<Option<ExtractionLine>>>,
}

/// The last line about the unpacking of an image.
#[derive(Clone, Copy)]
struct ExtractionLine {
    percent: u64,
    at: Instant,
}

impl PlainLines {
    pub(super) fn new(images: Vec<String>) -> Self {
        let extractions = Mutex::new(vec![None; images.len()]);
        Self { images, extractions }
    }

    /// The line for a new state; `None` for a state without a line.
    pub(super) fn line(&self, pull: usize, state: &PullState, now: Instant) -> Option<String> {
        let text = match state {
            PullState::Pulling(layers) if layers.total == 0 => {
                self.extractions.lock()[pull] = None;
                "pulling".to_owned()
            }
            PullState::Pulling(layers @ LayerTotals { extraction: Some(extraction), .. }) => {
                self.extraction(pull, layers, *extraction, now)?
            }
            PullState::Authorizing
            | PullState::Waiting
            | PullState::Verifying
            | PullState::Warned(_)
            | PullState::Pulling(_) => return None,
            PullState::Retrying(FailedAttempt { attempt, wait, failure }) => {
                format!("attempt {attempt} in {:.1} s: {}", wait.as_secs_f64(), cause(failure))
            }
            PullState::AskingUpstream(failure) => {
                format!("falling back to the upstream registry: {}", cause(failure))
            }
            PullState::FallingBack(failure) => format!("falling back to the cached image: {}", cause(failure)),
            PullState::Done(image) => result(image).to_owned(),
            PullState::Failed(failure) if failure.was_stopped() => "cancelled".to_owned(),
            PullState::Failed(failure) => format!("failed: {}", cause(failure)),
        };
        Some(format!("{}: {text}", self.images[pull]))
    }

    /// A line when the unpacking begins, at each further quarter, and each minute.
    fn extraction(
        &self,
        pull: usize,
        layers: &LayerTotals,
        Extraction { bytes, seconds }: Extraction,
        now: Instant,
    ) -> Option<String> {
        let percent = percent(bytes, layers.bytes_total);
        let mut extractions = self.extractions.lock();
        let is_due = extractions[pull].is_none_or(|last| {
            let since = now.saturating_duration_since(last.at);
            (percent / 25 > last.percent / 25 && since >= LINE_INTERVAL) || since >= SIGN_OF_LIFE_INTERVAL
        });
        if !is_due || percent >= 100 {
            return None;
        }
        extractions[pull] = Some(ExtractionLine { percent, at: now });
        Some(match (seconds, layers.bytes_total) {
            (Some(seconds), _) => {
                let time = clock(Duration::from_secs(seconds));
                format!("extracting {percent}%, {}/{} layers, this one for {time}", layers.done, layers.total)
            }
            (None, 0) => "extracting".to_owned(),
            (None, total) => format!("extracting {percent}%, {}", part_of_bytes(bytes, total)),
        })
    }
}

fn percent(bytes: u64, total: u64) -> u64 {
    u64::try_from(u128::from(bytes.min(total)) * 100 / u128::from(total.max(1))).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::{Duration, Extraction, Instant, LayerTotals, PlainLines, PullState};

    const MB: u64 = 1_000_000;

    fn extracting(bytes: u64, seconds: Option<u64>) -> PullState {
        let extraction = Some(Extraction { bytes, seconds });
        PullState::Pulling(LayerTotals { done: 1, total: 3, bytes: 200 * MB, bytes_total: 200 * MB, extraction })
    }

    #[test]
    fn unpacking_has_a_line_at_its_start_at_each_quarter_and_each_minute() {
        let (lines, start) = (PlainLines::new(vec!["a:1".to_owned()]), Instant::now());
        let line = |seconds, state: &PullState| lines.line(0, state, start + Duration::from_secs(seconds));
        assert_eq!(line(0, &extracting(6 * MB, None)).unwrap(), "a:1: extracting 3%, 6.0/200.0 MB");
        assert_eq!(line(5, &extracting(60 * MB, None)), None, "too early");
        assert_eq!(line(11, &extracting(61 * MB, None)).unwrap(), "a:1: extracting 30%, 61.0/200.0 MB");
        assert_eq!(line(30, &extracting(80 * MB, None)), None, "the same quarter");
        assert_eq!(line(80, &extracting(81 * MB, None)).unwrap(), "a:1: extracting 40%, 81.0/200.0 MB");
        assert_eq!(line(200, &extracting(200 * MB, None)), None, "nothing is left");
        let pulling = PullState::Pulling(LayerTotals::default());
        assert_eq!(line(201, &pulling).unwrap(), "a:1: pulling");
        let line = line(202, &extracting(0, Some(65))).unwrap();
        assert_eq!(line, "a:1: extracting 0%, 1/3 layers, this one for 1:05");
    }
}

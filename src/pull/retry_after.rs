//! How long a registry asks to be left alone, read from its words.
//!
//! The `Retry-After` header stays within the engine: no engine passes it on. Docker does not
//! heed it; Podman waits by it itself, up to a minute at a time and five times in all
//! (`makeRequestToResolvedURL` in containers/image `docker/docker_client.go`), and reports
//! what is left after that without a time. But some registries say it in their text too: GHCR
//! `toomanyrequests: retry-after: 523.129µs, allowed: 44000/minute`.

use std::time::Duration;

/// The longest wait believed. Docker Hub counts in windows of six hours, and no pull waits
/// for that: what is more is a slip, or a registry that would hold this host up.
const LONGEST: Duration = Duration::from_hours(1);

/// The time after `retry-after` in `text`: a duration as Go writes it (`1m30.5s`,
/// `523.129µs`), or a number of seconds or minutes; at most an hour. `None` where none can be
/// read.
pub(super) fn retry_after(text: &str) -> Option<Duration> {
    let text = text.to_lowercase();
    let (_, rest) = text.split_once("retry-after").or_else(|| text.split_once("retry after"))?;
    let rest = rest.trim_start_matches([' ', ':', '=', '"']);
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '.')).unwrap_or(rest.len());
    // A full stop may end the sentence.
    let word = rest[..end].trim_end_matches('.');
    let seconds = match word.parse::<f64>() {
        Ok(number) if rest[end..].trim_start().starts_with("minute") => number * 60.0,
        Ok(number) => number,
        Err(_) => go_duration(word)?,
    };
    (0.0..f64::INFINITY).contains(&seconds).then(|| Duration::from_secs_f64(seconds.min(LONGEST.as_secs_f64())))
}

/// Seconds of a duration as Go's `time.Duration` writes itself: numbers, each with its unit.
fn go_duration(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let unit = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let (number, from_unit) = rest.split_at(unit);
        let next = from_unit.find(|c: char| c.is_ascii_digit()).unwrap_or(from_unit.len());
        let (unit, after) = from_unit.split_at(next);
        let factor = match unit {
            "h" => 3_600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            // The micro sign as Go writes it lower-cases to itself; some write the Greek letter.
            "us" | "\u{b5}s" | "\u{3bc}s" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * factor;
        rest = after;
    }
    (!text.is_empty()).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{LONGEST, retry_after};

    #[test]
    fn what_registries_write_is_read() {
        let table = [
            ("toomanyrequests: retry-after: 523.129\u{b5}s, allowed: 44000/minute", Duration::from_nanos(523_129)),
            ("toomanyrequests: retry-after: 1.16676ms, allowed: 44000/minute", Duration::from_nanos(1_166_760)),
            ("error from registry: retry-after: 985.86\u{3bc}s, allowed: 44000/minute", Duration::from_nanos(985_860)),
            ("Retry-After: 1m30.5s", Duration::from_millis(90_500)),
            ("retry-after: 250us", Duration::from_micros(250)),
            ("retry-after: 17ns", Duration::from_nanos(17)),
            ("retry-after: 0s", Duration::ZERO),
            ("Retry-After: 7", Duration::from_secs(7)),
            ("too many requests, retry after 30 seconds.", Duration::from_secs(30)),
            ("please retry after 2 minutes.", Duration::from_mins(2)),
            ("retry-after=\"12\"", Duration::from_secs(12)),
        ];
        for (text, wait) in table {
            let found = retry_after(text).unwrap();
            assert!(found.abs_diff(wait) < Duration::from_nanos(2), "{text}: {found:?}");
        }
    }

    #[test]
    fn no_text_makes_a_wait_of_more_than_an_hour() {
        for text in ["retry-after: 6h0m0s", "retry-after: 99999999999999999999999", "retry-after: 1h0m0.000000001s"] {
            assert_eq!(retry_after(text), Some(LONGEST), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_no_wait() {
        for text in [
            "",
            "toomanyrequests: Rate exceeded",
            "retry-after",
            "retry-after: ",
            "retry-after: soon",
            "retry-after: -5s",
            "retry-after: 5x",
            "retry-after: 1.2.3s",
            "retry-after: Wed, 21 Oct 2026 07:28:00 GMT",
            "retry-after: s",
            "retry-after: inf",
            "retry-after: NaN",
            "retry-after: 5s5",
            "retry-after: \u{661}\u{662}",
        ] {
            assert_eq!(retry_after(text), None, "{text}");
        }
    }
}

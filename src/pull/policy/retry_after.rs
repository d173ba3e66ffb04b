//! Reads how long a registry asks clients to wait from the text of its answer.
//!
//! The `Retry-After` header is not available: no engine passes it on. Docker ignores it; Podman
//! waits by itself, up to a minute at a time and five times in all (`makeRequestToResolvedURL` in
//! containers/image `docker/docker_client.go`), and then reports a failure without a time. But some
//! registries state the time in their text too, for example GHCR:
//! `toomanyrequests: retry-after: 523.129µs, allowed: 44000/minute`.

use std::time::Duration;

/// The longest wait that is honoured. Docker Hub counts in windows of six hours, and no pull waits
/// for that: a longer time is an error of the registry, or an attempt to block this host.
const LONGEST: Duration = Duration::from_hours(1);

/// Reads the time after `retry-after` in `text`: a duration in Go's format (`1m30.5s`, `523.129µs`)
/// or a number of seconds or minutes; at most [`LONGEST`]. `None` if there is no readable time.
pub(in crate::pull) fn retry_after(text: &str) -> Option<Duration> {
    let text = text.to_lowercase();
    let (_, rest) = text.split_once("retry-after").or_else(|| text.split_once("retry after"))?;
    let rest = rest.trim_start_matches([' ', ':', '=', '"']);
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '.')).unwrap_or(rest.len());
    // A full stop may follow the number.
    let word = rest[..end].trim_end_matches('.');
    let seconds = match word.parse::<f64>() {
        Ok(number) if rest[end..].trim_start().starts_with("minute") => number * 60.0,
        Ok(number) => number,
        Err(_) => go_duration(word)?,
    };
    (0.0..f64::INFINITY).contains(&seconds).then(|| Duration::from_secs_f64(seconds.min(LONGEST.as_secs_f64())))
}

/// Parses a duration in the format of Go's `time.Duration`, a sequence of numbers with units, into
/// seconds.
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
            // Go writes the micro sign, which lower-cases to itself; others write the Greek letter.
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

    use proptest::prelude::*;

    use super::{LONGEST, retry_after};

    #[test]
    fn times_in_the_formats_of_known_registries_are_read() {
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
            let parsed = retry_after(text).unwrap();
            assert!(parsed.abs_diff(wait) < Duration::from_nanos(2), "{text}: {parsed:?}");
        }
    }

    #[test]
    fn longer_times_are_cut_to_one_hour() {
        for text in ["retry-after: 6h0m0s", "retry-after: 99999999999999999999999", "retry-after: 1h0m0.000000001s"] {
            assert_eq!(retry_after(text), Some(LONGEST), "{text}");
        }
    }

    #[test]
    fn unreadable_times_are_ignored() {
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

    proptest! {
        #[test]
        fn any_text_gives_no_wait_or_at_most_an_hour(text in ".*", time in "[-0-9.eEinfNaµμshmu]{0,24}[ a-z]*") {
            for text in [text.clone(), format!("{text}retry-after: {time}"), format!("retry after {text}")] {
                prop_assert!(retry_after(&text).is_none_or(|wait| wait <= LONGEST));
            }
        }

        #[test]
        fn whole_seconds_are_read_up_to_an_hour(seconds in any::<u32>()) {
            let wait = Duration::from_secs(seconds.into()).min(LONGEST);
            prop_assert_eq!(retry_after(&format!("retry-after: {seconds}")), Some(wait));
            prop_assert_eq!(retry_after(&format!("toomanyrequests: retry-after: {seconds}s, allowed: 1/minute")), Some(wait));
        }
    }
}

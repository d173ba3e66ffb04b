//! The log: our own events on stderr, at the level that the settings ask for.
//!
//! Other crates' events never pass, at any level: at `trace` an AWS SDK writes session
//! tokens and an HTTP client whole headers. What a library has to say about a failure
//! reaches the reader as the error's source.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use super::stderr;

/// The target of everything that is ours, and the first part of it.
const OURS: &str = "taskpull";

/// Starts it, with the setting `log.filter`; to be called once.
pub(super) fn start(filter: &str) {
    let lines = tracing_subscriber::fmt::layer().with_writer(|| stderr::Log).with_ansi(false);
    // An error means that somebody else in this process logs already, which is as well.
    let _ = tracing_subscriber::registry().with(lines.with_filter(levels(filter))).try_init();
}

/// The levels of our own targets. What cannot be read, or is another's, is passed over. A
/// level alone is for all targets that have none of their own, wherever it stands.
fn levels(filter: &str) -> Targets {
    let directives = filter.split(',').map(str::trim).filter(|directive| !directive.is_empty());
    let (mut for_all, mut levels) = (LevelFilter::WARN, Vec::new());
    for directive in directives {
        let (target, level) = match directive.split_once('=') {
            Some((target, level)) => (target.trim(), level.trim().parse().ok()),
            None if is_ours(directive) => (directive, Some(LevelFilter::TRACE)),
            None => {
                for_all = directive.parse().unwrap_or(for_all);
                continue;
            }
        };
        levels.extend(level.filter(|_| is_ours(target)).map(|level| (target, level)));
    }
    Targets::new().with_target(OURS, for_all).with_targets(levels)
}

fn is_ours(target: &str) -> bool {
    target.strip_prefix(OURS).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::filter::LevelFilter;

    use super::levels;

    #[test]
    fn levels_are_those_of_our_own_targets() {
        let level = |filter: &str, target: &str| {
            let levels = levels(filter);
            let passes = |level: &LevelFilter| levels.would_enable(target, &level.into_level().unwrap());
            [LevelFilter::TRACE, LevelFilter::DEBUG, LevelFilter::INFO, LevelFilter::WARN, LevelFilter::ERROR]
                .into_iter()
                .find(passes)
                .unwrap_or(LevelFilter::OFF)
        };
        for (filter, pull, agent) in [
            ("", LevelFilter::WARN, LevelFilter::WARN),
            ("debug", LevelFilter::DEBUG, LevelFilter::DEBUG),
            ("OFF", LevelFilter::OFF, LevelFilter::OFF),
            ("taskpull=info", LevelFilter::INFO, LevelFilter::INFO),
            ("taskpull::pull", LevelFilter::TRACE, LevelFilter::WARN),
            (" error, taskpull::pull = debug ", LevelFilter::DEBUG, LevelFilter::ERROR),
            ("aws_config=trace,hyper,nonsense=,taskpull=loud", LevelFilter::WARN, LevelFilter::WARN),
            ("taskpull=debug,warn", LevelFilter::DEBUG, LevelFilter::DEBUG),
            ("taskpull::pull=trace,info,taskpull=error", LevelFilter::TRACE, LevelFilter::ERROR),
        ] {
            assert_eq!(
                (level(filter, "taskpull::pull::one"), level(filter, "taskpull::agent")),
                (pull, agent),
                "{filter}"
            );
        }
        for other in ["aws_config", "hyper::client", "task", ""] {
            assert_eq!(level("trace,aws_config=trace,hyper=trace,task=trace", other), LevelFilter::OFF, "{other}");
        }
    }
}

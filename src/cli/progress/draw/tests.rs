use std::time::{Duration, Instant};

use proptest::prelude::*;
use textwrap::core::display_width;

use super::frame::lines;
use super::layout::Layout;
use super::pen::{cut_end, cut_start};
use crate::cli::progress::progress_model::ProgressModel;
use crate::cli::terminal::stderr::{Line, TerminalSize};
use crate::error::{Class, Failure, Link, Printable};
use crate::pull::{Extraction, FailedAttempt, LayerTotals, PullResultKind, PullState, PulledImage};

const MB: u64 = 1_000_000;

struct Screen {
    model: ProgressModel,
    start: Instant,
    seconds: u64,
}

impl Screen {
    fn new(images: &[&str]) -> Self {
        let start = Instant::now();
        let images = images.iter().map(|image| (*image).to_owned()).collect();
        Self { model: ProgressModel::new(images, start), start, seconds: 0 }
    }

    fn many(count: usize) -> Self {
        let images: Vec<String> = (0..count).map(|index| format!("reg.example/team/app-{index}:1.0")).collect();
        Self::new(&images.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_secs(self.seconds)
    }

    fn after(mut self, seconds: u64) -> Self {
        self.seconds = seconds;
        self
    }

    fn with_state(mut self, pull: usize, state: &PullState) -> Self {
        self.model.update(pull, state, self.now());
        self
    }

    fn lines(&self, width: usize, height: usize) -> Vec<String> {
        let lines = lines(&self.model, self.now(), TerminalSize { width, height }, false);
        for line in &lines {
            assert_eq!(display_width(&line.text), line.width);
            assert!(line.width < width.max(1), "{} columns of {width}: {:?}", line.width, line.text);
        }
        assert!(lines.len() < height.max(1), "{} lines of {height}", lines.len());
        lines.into_iter().map(|line| line.text.trim_end().to_owned()).collect()
    }
}

fn pulling(done: usize, total: usize, bytes: u64, bytes_total: u64) -> PullState {
    PullState::Pulling(LayerTotals { done, total, bytes, bytes_total, extraction: None })
}

fn extracting(bytes: u64, seconds: Option<u64>) -> PullState {
    let extraction = Some(Extraction { bytes, seconds });
    PullState::Pulling(LayerTotals { done: 2, total: 4, bytes: 200 * MB, bytes_total: 200 * MB, extraction })
}

fn done(kind: PullResultKind) -> PullState {
    PullState::Done(PulledImage { digest: None, kind, platform: None })
}

fn outage() -> Failure {
    Failure {
        link: Link::Registry,
        class: Class::Unavailable,
        resource: Printable::new("a:1"),
        message: Printable::new("image a:1: the registry does not answer"),
        caused_by: Vec::new(),
        hint: None,
    }
}

fn retrying(wait: u64) -> PullState {
    PullState::Retrying(FailedAttempt { attempt: 2, wait: Duration::from_secs(wait), failure: outage() })
}

/// One image in each state.
fn each_state() -> Screen {
    Screen::new(&["a:1", "b:1", "c:1", "registry.example:5000/team/long/d:1", "e:1", "f:1", "g:1", "h:1", "i:1"])
        .with_state(1, &PullState::Waiting)
        .with_state(2, &PullState::Verifying)
        .with_state(3, &pulling(0, 0, 0, 0))
        .with_state(5, &pulling(0, 3, 0, 0))
        .with_state(6, &pulling(0, 2, 0, 10 * MB))
        .after(8)
        .with_state(3, &pulling(2, 7, 42 * MB, 200 * MB))
        .after(10)
        .with_state(3, &pulling(3, 7, 50 * MB, 200 * MB))
        .with_state(4, &retrying(5))
        .with_state(6, &pulling(2, 2, 10 * MB, 10 * MB))
        .with_state(6, &done(PullResultKind::Fetched))
        .with_state(7, &done(PullResultKind::UpToDate))
        .with_state(8, &PullState::Failed(outage()))
        .after(12)
}

#[test]
fn each_state_has_its_label() {
    assert_eq!(
        each_state().lines(80, 24),
        [
            "a:1                    credentials",
            "b:1                    waiting",
            "c:1                    verifying",
            "…e:5000/team/long/d:1  pulling 3/7     25%   50.0/200.0 MB    2.0 MB/s     1:15",
            "e:1                    retry in 3 s: registry unavailable: the registry does n…",
            "f:1                    pulling 0/3",
            "g:1                    pulled         10.0 MB in 10.0 s",
            "h:1                    up to date",
            "i:1                    failed: registry unavailable: the registry does not ans…",
            "2 of 9 images, 1 failed  60.0/210.0 MB  4.5 MB/s  about 1:32 left",
        ]
        .map(str::to_owned)
    );
}

#[test]
fn unpacking_has_its_own_share_and_no_rate() {
    let screen = Screen::new(&["a:1", "registry.example:5000/team/long/b:1", "c:1"])
        .with_state(0, &pulling(0, 4, 0, 200 * MB))
        .after(2)
        .with_state(0, &pulling(0, 4, 200 * MB, 200 * MB));
    assert_eq!(screen.lines(80, 24)[0], "a:1                    pulling 0/4    100%  200.0/200.0 MB");
    let screen = screen
        .with_state(0, &extracting(50 * MB, None))
        .with_state(1, &extracting(100 * MB, Some(12)))
        .with_state(2, &pulling(0, 2, 5 * MB, 10 * MB));
    let mut lines = screen.lines(80, 24);
    assert!(lines.pop().unwrap().starts_with("0 of 3 images, 2 extracting  405.0/410.0 MB"));
    assert_eq!(
        lines,
        [
            "a:1                    extracting      25%   50.0/200.0 MB",
            "…e:5000/team/long/b:1  extracting      50%      2/4 layers    for 12 s",
            "c:1                    pulling 0/2     50%     5.0/10.0 MB",
        ]
    );
}

#[test]
fn wide_terminal_shows_whole_names_and_a_bar() {
    let lines = each_state().lines(200, 50);
    assert!(lines[3].starts_with("registry.example:5000/team/long/d:1  pulling 3/7"), "{lines:?}");
    assert!(lines[3].contains("██████░░░░░░░░░░░░░░░░░░  25%"), "{lines:?}");
}

#[test]
fn lines_fit_every_terminal_size() {
    for width in 0..220 {
        for height in [0, 1, 2, 3, 5, 10, 11, 24] {
            each_state().lines(width, height);
        }
    }
}

#[test]
fn forty_columns_show_the_end_of_the_name_and_the_state() {
    let lines = each_state().lines(40, 24);
    assert_eq!(lines[3], "…000/team/long/d:1  pulling 3/7     25%");
    assert_eq!(lines[4], "e:1                 retry in 3 s: regi…");
    assert_eq!(lines[9], "2 of 9 images, 1 failed  60.0/210.0 MB…");
}

#[test]
fn small_screen_shows_active_pulls_and_the_last_ended_ones() {
    let mut screen = Screen::many(60).after(1);
    for ended in [3, 1, 2, 0, 4, 5, 6, 7, 8, 9] {
        screen = screen.with_state(ended, &done(PullResultKind::UpToDate));
    }
    for active in 10..14 {
        screen = screen.with_state(active, &pulling(0, 1, 0, 0));
    }
    let lines = screen.lines(80, 10);
    let names: Vec<_> = lines.iter().filter_map(|line| Some(line.split_once("team/")?.1.split_once(':')?.0)).collect();
    assert_eq!(names, ["app-7", "app-8", "app-9", "app-10", "app-11", "app-12", "app-13"]);
    assert_eq!(lines[7], "… and 46 waiting, 7 done");
    assert_eq!(lines[8], "10 of 60 images");
}

#[test]
fn active_pulls_without_a_line_are_counted() {
    let mut screen = Screen::many(30);
    for active in 0..30 {
        screen = screen.with_state(active, &PullState::Verifying);
    }
    let lines = screen.lines(80, 6);
    assert_eq!((lines.len(), &*lines[3]), (5, "… and 27 active"));
    assert_eq!(Screen::many(30).lines(80, 6), ["… and 30 waiting", "0 of 30 images"]);
    assert_eq!(Screen::many(30).lines(80, 2), ["0 of 30 images"]);
}

#[test]
fn one_image_has_no_summary_line() {
    let screen = Screen::new(&["a:1"]).with_state(0, &PullState::Waiting);
    assert_eq!(screen.lines(80, 24), ["a:1  waiting"]);
}

#[test]
fn colors_take_no_columns_and_can_be_disabled() {
    let screen = each_state();
    let draw = |color| lines(&screen.model, screen.now(), TerminalSize { width: 80, height: 24 }, color);
    let (plain, colored) = (draw(false), draw(true));
    assert!(plain.iter().all(|line| !line.text.contains('\u{1b}')));
    assert!(colored[8].text.contains("\u{1b}[31mfailed\u{1b}[0m"));
    let widths = |lines: &[Line]| lines.iter().map(|line| line.width).collect::<Vec<_>>();
    assert_eq!(widths(&plain), widths(&colored));
}

#[test]
fn numbers_at_their_limits_are_drawn() {
    let screen = Screen::new(&["a", "b"])
        .with_state(0, &pulling(0, 1, 0, 0))
        .after(1)
        .with_state(0, &pulling(usize::MAX, 1, u64::MAX, 1))
        .with_state(1, &pulling(0, usize::MAX, u64::MAX, u64::MAX));
    for width in [10, 40, 80, 200] {
        screen.lines(width, 24);
    }
}

#[test]
fn second_attempt_starts_at_zero_and_keeps_the_rate() {
    let screen = Screen::new(&["a:1", "b:1"])
        .with_state(0, &pulling(0, 1, 0, 100 * MB))
        .after(1)
        .with_state(0, &pulling(0, 1, 40 * MB, 100 * MB))
        .after(2)
        .with_state(0, &pulling(0, 1, 80 * MB, 100 * MB))
        .with_state(0, &retrying(1))
        .with_state(0, &pulling(0, 0, 0, 0));
    assert_eq!(screen.lines(80, 24)[0], "a:1  pulling");
    let screen = screen.after(4).with_state(0, &pulling(0, 1, 20 * MB, 100 * MB));
    assert!(screen.lines(80, 24)[0].contains("20%   20.0/100.0 MB   20.0 MB/s      4 s"), "{:?}", screen.lines(80, 24));
}

#[test]
fn wide_characters_are_not_cut_in_half() {
    assert_eq!(cut_end("日本語", 4), "日…");
    assert_eq!(cut_start("日本語", 4), "…語");
    assert_eq!((cut_end("abc", 0), cut_start("abc", 1)), (String::new(), "…".to_owned()));
}

#[test]
fn narrow_terminals_omit_the_least_useful_columns() {
    let layout = |width| Layout::new(40, width);
    assert_eq!((layout(31).name, layout(31).percent), (16, 0));
    assert!(layout(40).percent > 0 && layout(40).bytes == 0);
    assert!(layout(60).bytes > 0 && layout(60).rate == 0);
    assert!(layout(80).rate > 0 && layout(80).time_left > 0 && layout(80).bar == 0);
    assert!(layout(120).bar >= 10 && layout(120).name >= 36);
}

/// Any state of a pull, with any numbers and any text in a failure.
fn any_state() -> impl Strategy<Value = PullState> {
    let failure = "\\PC{0,80}".prop_map(|message| Failure { message: Printable::new(&message), ..outage() });
    let layers = (any::<usize>(), any::<usize>(), any::<u64>(), any::<u64>());
    prop_oneof![
        Just(PullState::Authorizing),
        Just(PullState::Waiting),
        Just(PullState::Verifying),
        layers.prop_map(|(done, total, bytes, bytes_total)| pulling(done, total, bytes, bytes_total)),
        (any::<u64>(), any::<Option<u64>>()).prop_map(|(bytes, seconds)| extracting(bytes, seconds)),
        (any::<u64>(), failure.clone()).prop_map(|(seconds, failure)| {
            PullState::Retrying(FailedAttempt { attempt: 2, wait: Duration::from_secs(seconds), failure })
        }),
        failure.prop_map(PullState::Failed),
        Just(done(PullResultKind::Fetched)),
        Just(done(PullResultKind::UpToDate)),
    ]
}

proptest! {
    /// [`Screen::lines`] asserts that the lines fit.
    #[test]
    fn any_progress_fits_any_terminal(
        images in prop::collection::vec("\\PC{0,60}", 1..8),
        updates in prop::collection::vec((any::<prop::sample::Index>(), any_state(), 0..10_u64), 0..20),
        width in 0..250_usize,
        height in 0..30_usize,
    ) {
        let images: Vec<&str> = images.iter().map(String::as_str).collect();
        let mut screen = Screen::new(&images);
        for (pull, state, seconds) in &updates {
            let now = screen.seconds + seconds;
            screen = screen.after(now).with_state(pull.index(images.len()), state);
            screen.lines(width, height);
        }
    }
}

use std::time::{Duration, Instant};

use textwrap::core::display_width;

use super::{Layout, cut_end, cut_start, lines};
use crate::cli::progress::model::ProgressModel;
use crate::cli::stderr::Size;
use crate::error::{Class, Failure, Link, Printable};
use crate::pipeline::{FailedAttempt, LayerTotals, PullResultKind, PullState, PulledImage};

const MB: u64 = 1_000_000;

struct Screen {
    board: ProgressModel,
    start: Instant,
    seconds: u64,
}

impl Screen {
    fn new(images: &[&str]) -> Self {
        let start = Instant::now();
        let images = images.iter().map(|image| (*image).to_owned()).collect();
        Self { board: ProgressModel::new(images, start), start, seconds: 0 }
    }

    fn many(count: usize) -> Self {
        let images: Vec<String> = (0..count).map(|at| format!("reg.example/team/app-{at}:1.0")).collect();
        Self::new(&images.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_secs(self.seconds)
    }

    fn at(mut self, seconds: u64) -> Self {
        self.seconds = seconds;
        self
    }

    fn on(mut self, pull: usize, state: &PullState) -> Self {
        self.board.take(pull, state, self.now());
        self
    }

    fn lines(&self, width: usize, height: usize) -> Vec<String> {
        let lines = lines(&self.board, self.now(), Size { width, height }, false);
        for line in &lines {
            assert_eq!(display_width(&line.text), line.width);
            assert!(line.width < width.max(1), "{} columns of {width}: {:?}", line.width, line.text);
        }
        assert!(lines.len() < height.max(1), "{} lines of {height}", lines.len());
        lines.into_iter().map(|line| line.text.trim_end().to_owned()).collect()
    }
}

fn pulling(done: usize, total: usize, bytes: u64, bytes_total: u64) -> PullState {
    PullState::Pulling(LayerTotals { done, total, bytes, bytes_total })
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
        .on(1, &PullState::Waiting)
        .on(2, &PullState::Verifying)
        .on(3, &pulling(0, 0, 0, 0))
        .on(5, &pulling(0, 3, 0, 0))
        .on(6, &pulling(0, 2, 0, 10 * MB))
        .at(8)
        .on(3, &pulling(2, 7, 42 * MB, 200 * MB))
        .at(10)
        .on(3, &pulling(3, 7, 50 * MB, 200 * MB))
        .on(4, &retrying(5))
        .on(6, &pulling(2, 2, 10 * MB, 10 * MB))
        .on(6, &done(PullResultKind::Fetched))
        .on(7, &done(PullResultKind::UpToDate))
        .on(8, &PullState::Failed(outage()))
        .at(12)
}

#[test]
fn each_state_has_its_words() {
    assert_eq!(
        each_state().lines(80, 24),
        [
            "a:1                    credentials",
            "b:1                    waits",
            "c:1                    asks the registry",
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
fn a_wide_terminal_has_room_for_whole_names_and_a_bar() {
    let lines = each_state().lines(200, 50);
    assert!(lines[3].starts_with("registry.example:5000/team/long/d:1  pulling 3/7"), "{lines:?}");
    assert!(lines[3].contains("██████░░░░░░░░░░░░░░░░░░  25%"), "{lines:?}");
}

#[test]
fn no_line_is_as_wide_as_the_terminal_and_no_screen_as_high() {
    for width in 0..220 {
        for height in [0, 1, 2, 3, 5, 10, 11, 24] {
            each_state().lines(width, height);
        }
    }
}

#[test]
fn forty_columns_hold_the_end_of_the_name_and_the_state() {
    let lines = each_state().lines(40, 24);
    assert_eq!(lines[3], "…000/team/long/d:1  pulling 3/7     25%");
    assert_eq!(lines[4], "e:1                 retry in 3 s: regi…");
    assert_eq!(lines[9], "2 of 9 images, 1 failed  60.0/210.0 MB…");
}

#[test]
fn a_crowd_shows_what_is_under_way_and_the_newest_ended_within_the_screen() {
    let mut screen = Screen::many(60).at(1);
    for ended in [3, 1, 2, 0, 4, 5, 6, 7, 8, 9] {
        screen = screen.on(ended, &done(PullResultKind::UpToDate));
    }
    for under_way in 10..14 {
        screen = screen.on(under_way, &pulling(0, 1, 0, 0));
    }
    let lines = screen.lines(80, 10);
    let names: Vec<_> = lines.iter().filter_map(|line| Some(line.split_once("team/")?.1.split_once(':')?.0)).collect();
    assert_eq!(names, ["app-7", "app-8", "app-9", "app-10", "app-11", "app-12", "app-13"]);
    assert_eq!(lines[7], "… and 46 wait, 7 have ended");
    assert_eq!(lines[8], "10 of 60 images");
}

#[test]
fn more_under_way_than_rows_are_counted() {
    let mut screen = Screen::many(30);
    for under_way in 0..30 {
        screen = screen.on(under_way, &PullState::Verifying);
    }
    let lines = screen.lines(80, 6);
    assert_eq!((lines.len(), &*lines[3]), (5, "… and 27 are under way"));
    assert_eq!(Screen::many(30).lines(80, 6), ["… and 30 wait", "0 of 30 images"]);
    assert_eq!(Screen::many(30).lines(80, 2), ["0 of 30 images"]);
}

#[test]
fn one_image_needs_no_sum() {
    let screen = Screen::new(&["a:1"]).on(0, &PullState::Waiting);
    assert_eq!(screen.lines(80, 24), ["a:1  waits"]);
}

#[test]
fn colours_take_no_columns_and_are_there_only_where_they_are_wanted() {
    let screen = each_state();
    let draw = |colour| lines(&screen.board, screen.now(), Size { width: 80, height: 24 }, colour);
    let (plain, coloured) = (draw(false), draw(true));
    assert!(plain.iter().all(|line| !line.text.contains('\u{1b}')));
    assert!(coloured[8].text.contains("\u{1b}[31mfailed\u{1b}[0m"));
    let widths = |lines: &[super::Line]| lines.iter().map(|line| line.width).collect::<Vec<_>>();
    assert_eq!(widths(&plain), widths(&coloured));
}

#[test]
fn numbers_beyond_all_bounds_are_drawn() {
    let screen = Screen::new(&["a", "b"])
        .on(0, &pulling(0, 1, 0, 0))
        .at(1)
        .on(0, &pulling(usize::MAX, 1, u64::MAX, 1))
        .on(1, &pulling(0, usize::MAX, u64::MAX, u64::MAX));
    for width in [10, 40, 80, 200] {
        screen.lines(width, 24);
    }
}

#[test]
fn a_second_attempt_begins_at_nothing_and_the_rate_goes_on() {
    let screen = Screen::new(&["a:1", "b:1"])
        .on(0, &pulling(0, 1, 0, 100 * MB))
        .at(1)
        .on(0, &pulling(0, 1, 40 * MB, 100 * MB))
        .at(2)
        .on(0, &pulling(0, 1, 80 * MB, 100 * MB))
        .on(0, &retrying(1))
        .on(0, &pulling(0, 0, 0, 0));
    assert_eq!(screen.lines(80, 24)[0], "a:1  pulling");
    let screen = screen.at(4).on(0, &pulling(0, 1, 20 * MB, 100 * MB));
    assert!(screen.lines(80, 24)[0].contains("20%   20.0/100.0 MB   20.0 MB/s      4 s"), "{:?}", screen.lines(80, 24));
}

#[test]
fn wide_characters_are_cut_where_they_end() {
    assert_eq!(cut_end("日本語", 4), "日…");
    assert_eq!(cut_start("日本語", 4), "…語");
    assert_eq!((cut_end("abc", 0), cut_start("abc", 1)), (String::new(), "…".to_owned()));
}

#[test]
fn columns_come_in_order_of_worth() {
    let layout = |width| Layout::new(40, width);
    assert_eq!((layout(31).name, layout(31).percent), (16, 0));
    assert!(layout(40).percent > 0 && layout(40).bytes == 0);
    assert!(layout(60).bytes > 0 && layout(60).rate == 0);
    assert!(layout(80).rate > 0 && layout(80).left > 0 && layout(80).bar == 0);
    assert!(layout(120).bar >= 10 && layout(120).name >= 36);
}

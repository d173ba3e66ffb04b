//! A build without traces, where somebody wants some.

use crate::support::run::Run;
use crate::task::{IMAGE, World, open_container, task};

#[test]
fn who_wants_traces_of_a_build_without_them_is_told_and_gets_his_images() {
    let world = World::new();
    let definition = task(&[open_container("app", IMAGE)]);
    let run = || world.pull(&definition).env("RUST_LOG", "trace");
    let lines = |run: Run| {
        let ended = run.output();
        assert_eq!(ended.code, 0, "{ended:?}");
        ended.stderr
    };
    let wanted = lines(run().env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"));
    assert!(wanted.contains("warning: traces are disabled: this build lacks the feature `otel`"), "{wanted}");
    assert!(!lines(run()).contains("traces"));
}

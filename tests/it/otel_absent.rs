//! A build without the feature `otel` on a host that configures traces.

use crate::support::run::Run;
use crate::support::world::{IMAGE, World, open_container, task};

#[test]
fn build_without_otel_warns_about_configured_traces_and_pulls() {
    let world = World::new();
    let definition = task(&[open_container("app", IMAGE)]);
    let run = || world.pull(&definition).env("RUST_LOG", "trace");
    let lines = |run: Run| {
        let output = run.output();
        assert_eq!(output.code, 0, "{output:?}");
        output.stderr
    };
    let configured = lines(run().env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"));
    assert!(configured.contains("warning: traces are disabled: this build lacks the feature `otel`"), "{configured}");
    assert!(!lines(run()).contains("traces"));
}

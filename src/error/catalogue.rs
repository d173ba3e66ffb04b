//! The error catalogue: every error of a module as the user reads it, rendered for one snapshot per
//! module.
//!
//! A module builds its errors with their real constructors, and compares the result with
//! `insta::assert_snapshot!(catalogue::render(…))`. A changed text, hint, link or class appears as
//! a diff of the snapshot.

use std::fmt::Write as _;

use super::Failure;

/// Renders each failure under its name, in the given order.
pub(crate) fn render<N: AsRef<str>>(failures: impl IntoIterator<Item = (N, Failure)>) -> String {
    let mut text = String::new();
    for (name, failure) in failures {
        let exit_code = failure.exit_code().code();
        let Failure { link, class, resource, message, caused_by, hint } = failure;
        writeln!(text, "{}\n  {link} ({class}), about {resource}, exit code {exit_code}\n  {message}", name.as_ref())
            .unwrap();
        for cause in caused_by {
            writeln!(text, "  cause: {cause}").unwrap();
        }
        writeln!(text, "  hint: {}\n", hint.as_ref().map_or("none", |hint| hint.as_str())).unwrap();
    }
    text
}

//! The tables of known messages as documentation.

use std::fmt::Write as _;

use serde::Serialize;

use crate::answers::classify::rules;
use crate::answers::message_rule::MessageRule;

/// Returns the tables as Markdown, for `docs/troubleshooting.md`.
#[must_use]
pub fn reference() -> String {
    let mut text = String::from("| failure | the message contains | meaning | next step |\n|---|---|---|---|\n");
    for MessageRule { phrases, link, class, explanation, hint } in rules() {
        let code = |phrase: &&str| format!("`{}`", phrase.trim_matches(['^', '$', ' ', ':']).trim());
        let mut phrases: Vec<String> = phrases.iter().map(code).collect();
        phrases.dedup();
        let phrases = phrases.join(", ");
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| `{} {}` | {phrases} | {explanation} | {hint} |", word(link), word(class));
    }
    text
}

/// Returns a link or a class as the report writes it.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

//! The tables of known words as documentation.

use std::fmt::Write as _;

use serde::Serialize;

use crate::answers::facts::with_placeholders;
use crate::answers::rules::ecr_rules::ECR_IMAGE_RULES;
use crate::answers::rules::layer_store_rules::{ECR_STORE_RULES, STORE_RULES};
use crate::answers::rules::message_rule::MessageRule;
use crate::answers::rules::proxy_rules::{PAGE_RULES, PROXY_RULES};
use crate::answers::rules::registry_rules::{CODE_RULES, STATUS_RULES};
use crate::answers::rules::tables::{ENGINE_TABLES, REGISTRY_TABLES};

/// The tables, each with who says the words.
pub(crate) fn tables() -> Vec<(&'static str, &'static [MessageRule])> {
    let engine = ENGINE_TABLES.iter().map(|table| ("the engine", *table));
    let registry = REGISTRY_TABLES.iter().map(|table| ("the registry", *table));
    let others: [(&str, &'static [MessageRule]); 7] = [
        ("ECR", ECR_IMAGE_RULES),
        ("the registry, as a code", CODE_RULES),
        ("the registry, as a status", STATUS_RULES),
        ("S3 behind ECR", ECR_STORE_RULES),
        ("another layer store", STORE_RULES),
        ("a proxy", PROXY_RULES),
        ("a web page, as its status", PAGE_RULES),
    ];
    engine.chain(registry).chain(others).collect()
}

/// Returns the tables as Markdown, for `docs/troubleshooting.md`.
#[must_use]
pub fn reference() -> String {
    let mut text =
        String::from("| failure | said by | the words contain | meaning | next step |\n|---|---|---|---|---|\n");
    for (source, rule) in tables().into_iter().flat_map(|(source, table)| table.iter().map(move |rule| (source, rule)))
    {
        let MessageRule { phrases, link, class, explanation, hint, .. } = rule;
        let code = |phrase: &&str| match phrase.trim_matches(['^', '$', ' ', ':']).replace('*', " … ") {
            any if any.is_empty() => "anything else".to_owned(),
            phrase => format!("`{}`", phrase.trim().replace('|', "\\|")),
        };
        let mut phrases: Vec<String> = phrases.iter().map(code).collect();
        phrases.dedup();
        let phrases = phrases.join(", ");
        let (explanation, hint) = (with_placeholders(explanation), with_placeholders(hint).replace('|', "\\|"));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| `{} {}` | {source} | {phrases} | {explanation} | {hint} |", word(link), word(class));
    }
    text
}

/// Returns a link or a class as the report writes it.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

//! What a message of the engine means: which link of the chain failed, and what to do.
//!
//! This module is the only reader of such messages. They are either the engine's own
//! (`engine_messages`), or the engine relays them: from a registry (`registry_messages`), about the
//! image (`image_messages`) or about the connection to the registry (`network_messages`).
//! The engine reports wrong credentials as HTTP 500, a denied repository as 404, and most failures
//! within a stream of HTTP 200. So the text decides; the stream's code or the HTTP status decides
//! only if no rule matches the text. Names are removed from the text first, because a repository can
//! be called `unauthorized-page`.
//!
//! Pure: it contacts nothing, and a message never leads to a panic.

mod answer;
mod answer_source;
mod classification;
mod classify;
mod engine_messages;
mod generic_messages;
mod image_messages;
mod message_rule;
mod network_messages;
mod pull_phase;
mod reaction;
mod reference;
mod registry_messages;
mod sent_login;

pub use answer::Answer;
pub use answer_source::AnswerSource;
pub(crate) use classification::Classification;
pub(crate) use classify::{classify, interpret};
pub use pull_phase::PullPhase;
pub(crate) use reaction::Reaction;
pub use reference::reference;
pub use sent_login::SentLogin;

#[cfg(test)]
mod tests;

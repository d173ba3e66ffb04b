//! What an answer means: which link of the chain failed, whether another attempt may help, and what
//! to do.
//!
//! This module is the only reader of the words of engines, registries, token services, layer stores
//! and proxies. It first finds out who said the words (`attribution`): engines put words of their
//! own around an answer, such as `error from registry:` or `Get "https://…":`. Then it reads the
//! words by the tables of that source alone (`rules`), so that no word means something that its
//! source cannot have said. Code and status of the answer decide where no table knows the words.
//! The engine's own HTTP status says little: Docker reports wrong credentials as 500, a denied
//! repository as 404, and most failures within a stream of HTTP 200. Names are removed from the
//! words first, because a repository can be called `unauthorized-page`.
//!
//! Pure: it contacts nothing, and no answer leads to a panic.

mod answer;
mod answer_source;
mod attribution;
mod classification;
mod classify;
mod facts;
mod names;
mod preamble;
mod pull_context;
mod pull_phase;
mod reaction;
mod reader;
mod reference;
mod response_body;
mod rules;
mod sent_login;
mod status_words;
mod unknown_words;

pub use answer::Answer;
pub use answer_source::AnswerSource;
pub(crate) use classification::Classification;
pub(crate) use classify::{classify, interpret};
pub use pull_context::PullContext;
pub use pull_phase::PullPhase;
pub(crate) use reaction::Reaction;
pub use reference::reference;
pub use sent_login::SentLogin;

#[cfg(test)]
mod tests;

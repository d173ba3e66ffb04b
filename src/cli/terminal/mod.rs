//! The standard streams: stdout for data, stderr for messages and progress, stdin for tokens.

pub(super) mod stderr;
pub(super) mod stdout;
mod token_prompt;
mod token_read_error;

pub(super) use token_prompt::read_token;
pub(super) use token_read_error::TokenReadError;

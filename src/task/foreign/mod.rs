//! Documents that are not task definitions: what they are, and the command that gets a definition out of
//! them.
//!
//! A document is looked at only after it could not be read as a task definition. The commands are for a
//! POSIX shell and complete; they need `jq`, the AWS CLI or the program that wrote the document. A name
//! in a command comes from the document only if its characters cannot mean anything to a shell.

mod command;
mod ecs_arn;
mod embedded;
mod foreign_document;
mod json_document;
mod plain_text;
mod recognition;
mod signature;
mod signature_hints;
mod yaml;

pub(super) use command::fill_in;
pub use command::{describe_command, image_command, shell_word};
pub(super) use foreign_document::ForeignDocument;
pub(super) use recognition::recognize;

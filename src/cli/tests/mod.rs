//! Snapshots of the command line's help and of the errors of the commands.

mod error_catalogue;
mod help;
mod hint_commands;

//! The help of every command.

use std::fmt::Write as _;

use crate::cli::command;

/// The width at which the help is wrapped, as on a terminal of 100 columns.
const WIDTH: usize = 100;

#[test]
fn help_of_every_command_is_unchanged() {
    let mut text = String::new();
    render(command().term_width(WIDTH), "taskpull", &mut text);
    insta::assert_snapshot!(text);
}

/// Appends the long help of a command and of its subcommands.
fn render(command: clap::Command, path: &str, text: &mut String) {
    let mut command = command.bin_name(path).disable_help_subcommand(true);
    let help = command.render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    writeln!(text, "$ {path} --help\n{}\n", lines.join("\n").trim_end()).unwrap();
    for subcommand in command.get_subcommands() {
        render(subcommand.clone().term_width(WIDTH), &format!("{path} {}", subcommand.get_name()), text);
    }
}

//! Generates the manual pages and shell completions of the packages from the program's command line:
//! `cargo run --example package-documents -- FOLDER`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap_complete::Shell;

fn main() -> io::Result<()> {
    let folder = std::env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.ok_or_else(|| io::Error::other("usage: package-documents FOLDER"))?;
    write_manual(&folder.join("man"))?;
    write_completions(&folder.join("completions"))
}

/// Writes one page for the program and one for each command.
fn write_manual(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    clap_mangen::generate_to(taskpull::cli::command(), folder)
}

fn write_completions(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut taskpull::cli::command(), "taskpull", folder)?;
    }
    Ok(())
}

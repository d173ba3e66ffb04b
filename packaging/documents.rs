//! Writes what packages need and is made from the program's own arguments: manual pages and
//! completions. `cargo run --example package-documents -- FOLDER`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap_complete::Shell;

fn main() -> io::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or_else(|| io::Error::other("wanted: FOLDER"))?);
    manual(&folder.join("man"))?;
    completions(&folder.join("completions"))
}

/// A page for the program and one for each of its commands.
fn manual(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    clap_mangen::generate_to(taskpull::cli::command(), folder)
}

fn completions(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut taskpull::cli::command(), "taskpull", folder)?;
    }
    Ok(())
}

//! The tree holds to the design: who may know whom, and what may be depended on.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// External crates, and the places that they belong to.
const BELONGS_TO: &[(&str, &[&str])] = &[
    ("bollard", &["src/pull/docker.rs"]),
    ("aws_", &["src/credential/aws/"]),
    (
        "rustls",
        &["src/credential/aws/http.rs", "src/pull/tls.rs", "src/registry/tls.rs", "src/traces/collector_client.rs"],
    ),
    ("hyper_rustls", &["src/pull/tls.rs", "src/traces/collector_client.rs"]),
    ("rustls_native_certs", &["src/pull/tls.rs", "src/registry/tls.rs", "src/traces/collector_client.rs"]),
    ("tokio_rustls", &["src/pull/tls.rs", "src/registry/tls.rs"]),
    ("secrecy", &["src/secret.rs"]),
    ("nix", &["src/agent/api/people.rs"]),
    ("toml", &["src/config/"]),
    ("clap", &["src/cli/"]),
    ("tracing_subscriber", &["src/cli/log.rs"]),
    ("tracing_opentelemetry", &["src/cli/log.rs"]),
    ("opentelemetry", &["src/traces/"]),
    ("opentelemetry_", &["src/traces/"]),
    ("sd_notify", &["src/agent/systemd.rs"]),
    ("listenfd", &["src/agent/systemd.rs"]),
    (
        "rustix",
        &[
            "src/agent/folder/",
            "src/agent/journal.rs",
            "src/cli/",
            "src/credential/resolver/clock.rs",
            "src/pull/disk/space.rs",
        ],
    ),
];

/// The table of ARCHITECTURE.md: which rooms a room may know.
fn may_know() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let section = text.split("## Who may know whom").nth(1).unwrap().split("\n## ").next().unwrap();
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let rows = rows.map(|row| {
        let cells: Vec<_> = row.split('|').collect();
        (names(cells[1]).pop_first().unwrap(), names(cells[2]))
    });
    rows.collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // What is in a file of tests is tests, as behind `#[cfg(test)]`.
        if path.file_stem().is_some_and(|stem| stem == "tests") {
            continue;
        }
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The code of a file without its tests and comments, and its path below the root.
fn code(path: &Path) -> (String, String) {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let name = path.strip_prefix(root()).unwrap().display().to_string();
    (name, lines.collect::<Vec<_>>().join("\n"))
}

fn room(name: &str) -> &str {
    let name = name.strip_prefix("src/").unwrap();
    name.split('/').next().unwrap().trim_end_matches(".rs")
}

/// Every `crate::room` in the code, also in the middle of a line.
fn rooms_known(code: &str) -> BTreeSet<&str> {
    let word = |rest: &'_ str| rest.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(rest.len());
    code.split("crate::").skip(1).map(|rest| &rest[..word(rest)]).filter(|room| !room.is_empty()).collect()
}

#[test]
fn every_room_knows_only_whom_it_may() {
    let table = may_know();
    assert!(table.len() > 10, "the table was read: {table:?}");
    for file in sources(&root().join("src")) {
        let (name, code) = code(&file);
        let own = room(&name);
        let may = table.get(own).unwrap_or_else(|| panic!("{name}: the room `{own}` is not in the table"));
        for known in rooms_known(&code) {
            assert!(known == own || known == "error" || may.contains(known), "{name} may not know `{known}`");
        }
    }
}

#[test]
fn a_crate_of_the_outside_world_stays_in_its_place() {
    for file in sources(&root().join("src")) {
        let (name, code) = code(&file);
        for (crate_name, places) in BELONGS_TO {
            let is_used = crates_named(&code).any(|named| named == *crate_name || is_family(crate_name, named));
            let is_here = places.iter().any(|place| name.starts_with(place));
            assert!(!is_used || is_here, "{name} may not use `{crate_name}`: it belongs to {places:?}");
        }
    }
}

/// Every `word::` in the code, wherever it stands.
fn crates_named(code: &str) -> impl Iterator<Item = &str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    code.match_indices("::").map(move |(at, _)| {
        let before = &code[..at];
        &before[before.rfind(|c| !is_word(c)).map_or(0, |from| from + 1)..]
    })
}

/// `aws_` stands for every crate whose name begins so.
fn is_family(prefix: &str, named: &str) -> bool {
    prefix.ends_with('_') && named.starts_with(prefix)
}

#[test]
fn one_tls_stack_and_one_hyper_are_in_the_tree_and_no_ring() {
    // Cargo.lock also holds what no feature here switches on; the tree does not.
    let mut cargo = std::process::Command::new(env!("CARGO"));
    cargo.args(["tree", "--locked", "--offline", "--prefix", "none", "--edges", "normal,build", "--all-features"]);
    let output = cargo.current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    let versions = |name: &str| {
        let is_it = |line: &&str| line.split(' ').next() == Some(name);
        tree.lines().filter(is_it).map(|line| line.trim_end_matches(" (*)")).collect::<BTreeSet<_>>()
    };
    for name in ["ring", "openssl", "native-tls"] {
        assert!(versions(name).is_empty(), "{name} is in the tree");
    }
    for name in ["rustls", "hyper", "hyper-util"] {
        assert_eq!(versions(name).len(), 1, "{name}: {:?}", versions(name));
    }
}

#[test]
fn files_stay_small() {
    for file in sources(&root().join("src")) {
        let (name, code) = code(&file);
        let lines = code.lines().count();
        assert!(lines <= 320, "{name}: {lines} lines without tests and comments; which two ideas are in it?");
    }
}

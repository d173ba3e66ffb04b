//! Checks the source tree against the design: which modules may import which, where an external crate may be used,
//! and which dependencies are allowed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// External crates, each with the files and folders that may use it.
const CRATE_PLACES: &[(&str, &[&str])] = &[
    ("bollard", &["src/pull/docker.rs"]),
    ("aws_", &["src/credential/aws/"]),
    ("rustls", &["src/credential/aws/http.rs", "src/pull/tls.rs", "src/registry/tls.rs", "src/traces/client.rs"]),
    ("hyper_rustls", &["src/pull/tls.rs", "src/traces/client.rs"]),
    ("rustls_native_certs", &["src/pull/tls.rs", "src/registry/tls.rs", "src/traces/client.rs"]),
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

/// Reads the table of ARCHITECTURE.md: the modules that each module may import.
fn allowed_imports() -> BTreeMap<String, BTreeSet<String>> {
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
        // Files and folders named `tests` contain unit tests, as does code behind `#[cfg(test)]`.
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

/// Returns the path of a file below the root, and its code without unit tests and comments.
fn code(path: &Path) -> (String, String) {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let name = path.strip_prefix(root()).unwrap().display().to_string();
    (name, lines.collect::<Vec<_>>().join("\n"))
}

fn module_of(name: &str) -> &str {
    let name = name.strip_prefix("src/").unwrap();
    name.split('/').next().unwrap().trim_end_matches(".rs")
}

/// Returns every `crate::module` in the code, also in the middle of a line.
fn imported_modules(code: &str) -> BTreeSet<&str> {
    let end_of_word = |rest: &'_ str| rest.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(rest.len());
    code.split("crate::").skip(1).map(|rest| &rest[..end_of_word(rest)]).filter(|module| !module.is_empty()).collect()
}

#[test]
fn modules_import_only_what_architecture_md_allows() {
    let table = allowed_imports();
    assert!(table.len() > 10, "the table has too few rows: {table:?}");
    for file in sources(&root().join("src")) {
        let (name, code) = code(&file);
        let module = module_of(&name);
        let allowed = table.get(module).unwrap_or_else(|| panic!("{name}: the module `{module}` is not in the table"));
        for imported in imported_modules(&code) {
            assert!(
                imported == module || imported == "error" || allowed.contains(imported),
                "{name} may not import `{imported}`"
            );
        }
    }
}

#[test]
fn external_crates_are_used_only_where_they_belong() {
    for file in sources(&root().join("src")) {
        let (name, code) = code(&file);
        for (crate_name, places) in CRATE_PLACES {
            let is_used = path_prefixes(&code).any(|prefix| prefix == *crate_name || is_family(crate_name, prefix));
            let is_here = places.iter().any(|place| name.starts_with(place));
            assert!(!is_used || is_here, "{name} may not use `{crate_name}`: it belongs in {places:?}");
        }
    }
}

/// Returns every identifier that is followed by `::` in the code.
fn path_prefixes(code: &str) -> impl Iterator<Item = &str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    code.match_indices("::").map(move |(at, _)| {
        let before = &code[..at];
        &before[before.rfind(|c| !is_word(c)).map_or(0, |from| from + 1)..]
    })
}

/// A prefix such as `aws_` matches every crate whose name begins with it.
fn is_family(family: &str, crate_name: &str) -> bool {
    family.ends_with('_') && crate_name.starts_with(family)
}

#[test]
fn dependency_tree_has_one_tls_stack_one_hyper_and_no_ring() {
    // Cargo.lock also lists dependencies that no feature enables; `cargo tree` does not.
    let mut cargo = std::process::Command::new(env!("CARGO"));
    cargo.args(["tree", "--locked", "--offline", "--prefix", "none", "--edges", "normal,build", "--all-features"]);
    let output = cargo.current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    let versions = |name: &str| {
        let is_match = |line: &&str| line.split(' ').next() == Some(name);
        tree.lines().filter(is_match).map(|line| line.trim_end_matches(" (*)")).collect::<BTreeSet<_>>()
    };
    for name in ["ring", "openssl", "native-tls"] {
        assert!(versions(name).is_empty(), "{name} is in the tree");
    }
    for name in ["rustls", "hyper", "hyper-util"] {
        assert_eq!(versions(name).len(), 1, "{name}: {:?}", versions(name));
    }
}

#[test]
fn source_files_have_at_most_320_lines() {
    for file in sources(&root().join("src")) {
        let (name, code) = code(&file);
        let lines = code.lines().count();
        assert!(lines <= 320, "{name}: {lines} lines without tests and comments; split the file");
    }
}

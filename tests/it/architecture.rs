//! Checks the source tree against the design: which modules may import which, where an external crate may be used,
//! and which dependencies are allowed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use syn::{Item, Visibility};

use crate::support::source_tree::{SourceFile, SourceTree, is_test_only, root};

/// External crates, each with the files and folders that may use it.
const CRATE_PLACES: &[(&str, &[&str])] = &[
    ("bollard", &["src/engine/docker.rs"]),
    ("aws_", &["src/aws/"]),
    (
        "rustls",
        &[
            "src/aws/ca_bundle.rs",
            "src/aws/endpoint_fault.rs",
            "src/aws/fault_tests.rs",
            "src/engine/endpoint/tls.rs",
            "src/registry/engine_words.rs",
            "src/registry/registry_error.rs",
            "src/registry/tls.rs",
            "src/traces/collector_client.rs",
        ],
    ),
    ("hyper_rustls", &["src/engine/endpoint/tls.rs", "src/traces/collector_client.rs"]),
    ("rustls_native_certs", &["src/engine/endpoint/tls.rs", "src/registry/tls.rs", "src/traces/collector_client.rs"]),
    ("tokio_rustls", &["src/engine/endpoint/tls.rs", "src/registry/tls.rs"]),
    ("secrecy", &["src/secret.rs"]),
    ("nix", &["src/agent/api/user_groups.rs"]),
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
            "src/agent/journal/",
            "src/agent/prefetch/folder/",
            "src/cli/",
            "src/credential/cache/boot_clock.rs",
            "src/pull/disk/free_space.rs",
        ],
    ),
];

/// Reads the table of ARCHITECTURE.md: the modules that each module may import.
fn allowed_imports() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let section = text.split("## Which module may import which").nth(1).unwrap().split("\n## ").next().unwrap();
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let rows = rows.map(|row| {
        let cells: Vec<_> = row.split('|').collect();
        (names(cells[1]).pop_first().unwrap(), names(cells[2]))
    });
    rows.collect()
}

/// Returns the code of a file without unit tests and comments.
fn code(file: &SourceFile) -> String {
    let text = file.text.split("#[cfg(test)]").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
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
    for file in SourceTree::read().files {
        let (name, code) = (&file.name, code(&file));
        let module = module_of(name);
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
    for file in SourceTree::read().files {
        let (name, code) = (&file.name, code(&file));
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
    for file in SourceTree::read().files {
        let (name, code) = (&file.name, code(&file));
        let lines = code.lines().count();
        assert!(lines <= 320, "{name}: {lines} lines without tests and comments; split the file");
    }
}

/// Types that exist in two variants under one public name, of which a build contains one.
const CFG_VARIANTS: &[(&str, &str)] =
    &[("Traces", "with and without the feature `otel`"), ("TracesError", "with and without the feature `otel`")];

#[test]
fn no_files_import_each_other_in_a_circle() {
    let tree = SourceTree::read();
    let circles = circles(&tree.imports());
    assert!(circles.is_empty(), "files that import each other:\n{}", circles.join("\n"));
}

#[test]
fn no_modules_import_each_other_in_a_circle() {
    let tree = SourceTree::read();
    let mut modules = BTreeMap::<_, BTreeSet<_>>::new();
    for (file, targets) in tree.imports() {
        let module = module_of(file);
        let targets = targets.into_iter().map(module_of).filter(|target| *target != module);
        modules.entry(module).or_default().extend(targets);
    }
    let circles = circles(&modules);
    assert!(circles.is_empty(), "modules that import each other:\n{}", circles.join("\n"));
}

/// The shortest circle through each node that is in one, each circle once.
fn circles(graph: &BTreeMap<&str, BTreeSet<&str>>) -> Vec<String> {
    let mut found = BTreeMap::new();
    for start in graph.keys() {
        let mut paths = vec![vec![*start]];
        let mut visited = BTreeSet::new();
        while !paths.is_empty() {
            let mut longer = Vec::new();
            for path in paths {
                for next in graph.get(path[path.len() - 1]).into_iter().flatten() {
                    if next == start {
                        let members: BTreeSet<_> = path.iter().copied().collect();
                        found.entry(members).or_insert_with(|| path.join(" -> "));
                    } else if visited.insert(*next) {
                        longer.push([path.as_slice(), &[*next]].concat());
                    }
                }
            }
            paths = longer;
        }
    }
    found.into_values().collect()
}

#[test]
fn mod_rs_files_hold_only_documentation_and_re_exports() {
    for file in SourceTree::read().files.iter().filter(|file| file.name.ends_with("/mod.rs")) {
        for item in &file.syntax.items {
            let is_face = match item {
                Item::Use(_) => true,
                Item::Mod(module) => module.content.is_none() || is_test_only(&module.attrs),
                _ => false,
            };
            assert!(is_face, "{}: move what is defined here to a file named after it", file.name);
        }
    }
}

#[test]
fn each_public_type_name_means_one_thing() {
    let mut places = BTreeMap::<_, BTreeSet<_>>::new();
    for file in &SourceTree::read().files {
        for name in public_types(&file.syntax.items) {
            places.entry(name).or_default().insert(file.name.clone());
        }
    }
    places.retain(|name, files| files.len() > 1 && !CFG_VARIANTS.iter().any(|(variant, _)| variant == name));
    assert!(places.is_empty(), "public type names that several files define: {places:#?}");
}

fn public_types(items: &[Item]) -> Vec<String> {
    let mut names = Vec::new();
    for item in items {
        let (visibility, name) = match item {
            Item::Struct(item) => (&item.vis, &item.ident),
            Item::Enum(item) => (&item.vis, &item.ident),
            Item::Trait(item) => (&item.vis, &item.ident),
            Item::Type(item) => (&item.vis, &item.ident),
            _ => continue,
        };
        if matches!(visibility, Visibility::Public(_)) {
            names.push(name.to_string());
        }
    }
    names
}

#[test]
fn modules_re_export_only_what_they_own() {
    let found = SourceTree::read().foreign_re_exports();
    assert!(found.is_empty(), "import these from the module that owns them: {found:#?}");
}

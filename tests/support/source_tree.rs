//! The crate's own sources, parsed, for tests that hold their structure and their language.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, UseTree, Visibility};

/// Every source file of the crate, without unit tests.
pub struct SourceTree {
    pub files: Vec<SourceFile>,
    /// What each module re-exports: module path and name, to the path that the name refers to.
    re_exports: BTreeMap<(String, String), String>,
}

/// One source file.
pub struct SourceFile {
    /// Path below the root, such as `src/pull/mod.rs`.
    pub name: String,
    /// Module path without `crate`, such as `pull::disk`; empty for the root of the crate.
    pub module: String,
    pub text: String,
    pub syntax: syn::File,
}

/// An import, as an absolute path without `crate`.
struct Import {
    path: String,
    /// The name that it has here, unless it is a glob.
    name: Option<String>,
    is_public: bool,
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Whether an item exists only in unit tests.
pub fn is_test_only(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && matches!(attribute.parse_args::<syn::Path>(), Ok(path) if path.is_ident("test"))
    })
}

impl SourceTree {
    pub fn read() -> Self {
        let mut paths = Vec::new();
        collect(&root().join("src"), &mut paths);
        paths.sort();
        let files: Vec<_> = paths.iter().map(|path| SourceFile::read(path)).collect();
        let mut re_exports = BTreeMap::new();
        for file in &files {
            for import in imports(file) {
                if let Some(name) = import.name {
                    re_exports.insert((file.module.clone(), name), import.path);
                }
            }
        }
        Self { files, re_exports }
    }

    /// The files that each file imports from, itself excluded.
    pub fn imports(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let by_module: BTreeMap<_, _> =
            self.files.iter().map(|file| (file.module.as_str(), file.name.as_str())).collect();
        let imports = self.files.iter().filter(|file| file.name != "src/lib.rs").map(|file| {
            let paths = imports(file).into_iter().map(|import| import.path).chain(paths(file));
            let targets = paths.filter_map(|path| self.defining_file(&by_module, &path, 0));
            let targets = targets.filter(|target| *target != file.name && *target != "src/lib.rs").collect();
            (file.name.as_str(), targets)
        });
        imports.collect()
    }

    /// The file that defines what a path names, behind any re-exports.
    fn defining_file<'a>(&self, by_module: &BTreeMap<&str, &'a str>, path: &str, depth: u32) -> Option<&'a str> {
        let segments: Vec<_> = path.split("::").collect();
        let known = (1..=segments.len())
            .rev()
            .find(|length| by_module.contains_key(segments[..*length].join("::").as_str()))?;
        let module = segments[..known].join("::");
        if let Some(name) = segments.get(known)
            && let Some(target) = self.re_exports.get(&(module.clone(), (*name).to_owned()))
            && depth < 8
            && *target != path
        {
            return self.defining_file(by_module, target, depth + 1);
        }
        by_module.get(module.as_str()).copied()
    }

    /// Public re-exports of what another top-level module owns: file and path.
    pub fn foreign_re_exports(&self) -> Vec<(String, String)> {
        let top = |path: &str| path.split("::").next().unwrap_or_default().to_owned();
        let modules: BTreeSet<_> = self.files.iter().map(|file| top(&file.module)).collect();
        let mut found = Vec::new();
        for file in &self.files {
            for import in imports(file).into_iter().filter(|import| import.is_public) {
                if modules.contains(&top(&import.path)) && top(&import.path) != top(&file.module) {
                    found.push((file.name.clone(), import.path));
                }
            }
        }
        found
    }
}

impl SourceFile {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        let module = name.trim_start_matches("src/").trim_end_matches(".rs").replace('/', "::");
        let module = module.strip_suffix("::mod").unwrap_or(&module).to_owned();
        let module = if module == "lib" { String::new() } else { module };
        let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self { name, module, text, syntax }
    }
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_stem().is_some_and(|stem| stem == "tests") {
            continue;
        }
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

/// Walks a file without its unit tests, and knows the depth of inline modules.
struct Walk {
    module: Vec<String>,
    imports: Vec<Import>,
    paths: Vec<String>,
}

impl Walk {
    fn of(file: &SourceFile) -> Self {
        let module = file.module.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
        let mut walk = Self { module, imports: Vec::new(), paths: Vec::new() };
        walk.visit_file(&file.syntax);
        walk
    }

    /// The absolute path of one that begins with `crate`, `super` or `self`.
    fn absolute(&self, segments: &[String]) -> Option<String> {
        let (mut base, mut rest) = match segments.first()?.as_str() {
            "crate" => (Vec::new(), &segments[1..]),
            "self" | "super" => (self.module.clone(), segments),
            _ => return None,
        };
        while let Some(first) = rest.first() {
            match first.as_str() {
                "self" => {}
                "super" => drop(base.pop()),
                _ => break,
            }
            rest = &rest[1..];
        }
        base.extend_from_slice(rest);
        Some(base.join("::"))
    }

    fn take_use(&mut self, prefix: &[String], tree: &UseTree, is_public: bool) {
        let with = |name: &syn::Ident| [prefix, &[name.to_string()]].concat();
        let (segments, name) = match tree {
            UseTree::Path(path) => return self.take_use(&with(&path.ident), &path.tree, is_public),
            UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.take_use(prefix, tree, is_public));
            }
            UseTree::Glob(_) => (prefix.to_vec(), None),
            UseTree::Name(name) if name.ident == "self" => (prefix.to_vec(), prefix.last().cloned()),
            UseTree::Name(name) => (with(&name.ident), Some(name.ident.to_string())),
            UseTree::Rename(rename) => (with(&rename.ident), Some(rename.rename.to_string())),
        };
        // A path without a keyword is that of a child module, or of another crate.
        let child = [&["self".to_owned()][..], &segments].concat();
        let is_relative = matches!(segments.first().map(String::as_str), Some("crate" | "self" | "super"));
        let path = self.absolute(if is_relative { &segments } else { &child });
        self.imports.extend(path.map(|path| Import { path, name, is_public }));
    }
}

impl<'ast> Visit<'ast> for Walk {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Mod(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Static(item) => &item.attrs,
            Item::Const(item) => &item.attrs,
            _ => &Vec::new(),
        };
        if !is_test_only(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.take_use(&[], &item.tree, matches!(item.vis, Visibility::Public(_)));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.paths.extend(self.absolute(&segments).filter(|_| segments.len() > 1));
        visit::visit_path(self, path);
    }

    /// `pub(in crate::pull)` says who may see an item and imports nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}

fn imports(file: &SourceFile) -> Vec<Import> {
    Walk::of(file).imports
}

fn paths(file: &SourceFile) -> Vec<String> {
    Walk::of(file).paths
}

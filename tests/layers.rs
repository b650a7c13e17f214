//! Who may know whom: the import layers of `core` and `web`, and the words only some files may say.
//!
//! A module uses modules of lower layers only. The tables here are the rule; where a change needs
//! another import, change the table in the same commit and say why.

use chunkscope_tests::source::{Source, rust_files};
use std::collections::{BTreeMap, BTreeSet};

/// Every module of `core`, lowest layer first: a module may use only layers above it in this list.
const CORE_LAYERS: &[&[&str]] = &[
    &["error"],
    &["types"],
    &["clock", "event", "encoding"],
    &["storage"], // opening an archive is a job and tells what it left out: it uses event
    &["labels", "chunk"],
    &["postings", "tombstones"],
    &["query"],
    &["wal", "block", "openmetrics"],
    &["head", "compaction", "retention"],
    &["db", "inspect", "promql"],
];

/// Words that only some files of `core` may say. Paths are prefixes below `core/src/`.
const CORE_WORDS: &[(&[&str], &[&str], &str)] = &[
    (
        &["web_sys", "js_sys", "wasm_bindgen", "wasm_bindgen_futures"],
        &["storage/opfs", "storage/picked", "clock"],
        "JavaScript stays at the edge",
    ),
    (&["async", "await"], &["storage/opfs", "storage/picked"], "the engine is synchronous"),
    (&["std::fs", "memmap2"], &["storage/mmap"], "files are reached through the storage trait"),
    (
        &["std::time"],
        &["clock", "storage/mmap/background_sync"],
        "time comes from the clock, so that runs can be replayed",
    ),
    (
        &["std::thread", "rayon"],
        &["block/write/parallel", "head/parallel", "db/parallel", "storage/mmap/background_sync"],
        "threads are behind a native-only feature",
    ),
    (&["unsafe"], &["storage/mmap"], "unsafe code has one place"),
    (&["println", "eprintln", "print", "eprint"], &[], "the engine reports events and errors"),
];

/// For each part of `web`: which parts, and which crates, it may use. Of the engine everybody may
/// use the words and units (`chunkscope::types`); only the worker knows more.
const WEB_LAYERS: &[(&str, &[&str], &[&str])] = &[
    ("protocol", &[], &[]),
    ("format", &["protocol"], &[]),
    ("platform", &[], &["js_sys", "web_sys", "wasm_bindgen", "gloo_timers"]),
    ("worker", &["format", "protocol", "platform"], &["chunkscope"]),
    ("client", &["format", "protocol", "platform"], &["leptos"]),
    ("state", &["format", "protocol", "platform", "client"], &["leptos"]),
    ("widgets", &["format", "protocol", "platform"], &["leptos", "plotters"]),
    ("views", &["format", "protocol", "platform", "state", "widgets"], &["leptos", "plotters"]),
    (
        "shell",
        &["format", "protocol", "platform", "client", "state", "widgets", "views"],
        &["leptos"],
    ),
];

/// The crates that the table of `web` is about; others (serde, …) are free. A name stands for those
/// that begin with it: `plotters_backend`, `wasm_bindgen_futures`.
const GUARDED_CRATES: &[&str] =
    &["chunkscope", "leptos", "web_sys", "js_sys", "wasm_bindgen", "gloo_timers", "plotters"];

/// Cycles that are there and should not be: file, and what breaks them.
const DEBT: &[&str] = &[];

#[test]
fn modules_of_core_use_only_lower_layers() {
    check(&rust_files(&["core/src"]), core_imports);
}

#[test]
fn some_words_of_core_have_one_place() {
    check(&rust_files(&["core/src"]), core_words);
}

#[test]
fn parts_of_web_use_only_what_they_may() {
    check(&rust_files(&["web/src"]), web_imports);
}

#[test]
fn files_of_one_folder_have_no_import_cycle() {
    for package in ["core/src", "web/src", "cli/src", "xtask/src"] {
        let mut cycles = cycles(package, &rust_files(&[package]));
        cycles.retain(|cycle| !DEBT.iter().any(|known| cycle.starts_with(known)));
        assert!(cycles.is_empty(), "import cycles:\n{}", cycles.join("\n"));
    }
}

/// Runs one rule on each file and fails with all problems at once.
fn check(files: &[Source], rule: fn(&Source) -> Vec<String>) {
    assert!(!files.is_empty(), "no files to check: did a folder move?");
    let problems: Vec<String> = files.iter().flat_map(rule).collect();
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

fn core_imports(file: &Source) -> Vec<String> {
    let own = top_module(&file.path, "core/src/");
    let layer = |module: &str| CORE_LAYERS.iter().position(|layer| layer.contains(&module));
    if own == "lib" {
        return Vec::new();
    }
    let Some(own_layer) = layer(&own) else {
        return vec![format!("{}:1: {own} stands in no layer; see tests/layers.rs", file.path)];
    };
    let mut problems = Vec::new();
    for (line, path) in crate_paths(file) {
        let other = path.split("::").next().unwrap_or_default();
        let allowed = other == own || layer(other).is_some_and(|other| other < own_layer);
        if !allowed {
            let what = match layer(other) {
                Some(_) => "stands in the same or a higher layer",
                None => "is no module: name the module an item comes from",
            };
            problems.push(format!("{}:{line}: {own} may not use {other}: it {what}", file.path));
        }
    }
    problems
}

fn core_words(file: &Source) -> Vec<String> {
    let place = file.path.strip_prefix("core/src/").unwrap_or(&file.path);
    let mut problems = Vec::new();
    for (words, places, reason) in CORE_WORDS {
        if places.iter().any(|allowed| place.starts_with(allowed)) {
            continue;
        }
        for (line, code) in file.code_lines() {
            for word in words.iter().filter(|word| says(code, word)) {
                problems.push(format!("{}:{line}: says {word}, but {reason}", file.path));
            }
        }
    }
    problems
}

fn web_imports(file: &Source) -> Vec<String> {
    let own = top_module(&file.path, "web/src/");
    if own == "lib" || own == "bin" {
        return Vec::new();
    }
    let Some((_, parts, crates)) = WEB_LAYERS.iter().find(|(part, ..)| *part == own) else {
        return vec![format!("{}:1: {own} is no part of web; see tests/layers.rs", file.path)];
    };
    let mut problems = Vec::new();
    for (line, path) in crate_paths(file) {
        let mut names = path.split("::");
        let other = names.next().unwrap_or_default();
        let is_sibling = own == "views" && other == "views" && {
            let view = file.path.split('/').nth(3).unwrap_or_default().trim_end_matches(".rs");
            view != "mod" && names.next().is_some_and(|name| name != view)
        };
        if is_sibling {
            problems.push(format!("{}:{line}: a view may not use another view", file.path));
        } else if other != own && !parts.contains(&other) {
            problems.push(format!("{}:{line}: {own} may not use {other}", file.path));
        }
    }
    for (line, code) in file.code_lines() {
        for name in code_crates(code).filter(|name| !crates.iter().any(|c| name.starts_with(c))) {
            let is_words = name == "chunkscope" && !says(&code.replace(WORDS, ""), "chunkscope::");
            if !is_words {
                problems.push(format!("{}:{line}: {own} may not use the crate {name}", file.path));
            }
        }
    }
    problems
}

/// What everybody in `web` may use of the engine.
const WORDS: &str = "chunkscope::types";

/// The guarded crates that a line names.
fn code_crates(code: &str) -> impl Iterator<Item = &str> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let starts = code.match_indices("::").map(move |(at, _)| {
        let start = code[..at].rfind(|c| !is_name(c)).map_or(0, |before| before + 1);
        let is_first = !code[..start].ends_with(':');
        if is_first { &code[start..at] } else { "" }
    });
    starts.filter(|name| GUARDED_CRATES.iter().any(|guarded| name.starts_with(guarded)))
}

/// The first folder or file below `root`: the module a file belongs to.
fn top_module(path: &str, root: &str) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    below.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned()
}

/// Whether `code` contains `word` with nothing of a name on either side.
fn says(code: &str, word: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        let open_end = word.ends_with("::");
        !before.is_some_and(|c| is_name(c) || c == ':') && (open_end || !after.is_some_and(is_name))
    })
}

/// Every path outside tests that starts at the crate's root, with its line: `query::merge::Merge`
/// for `crate::query::merge::Merge`, one each for the members of `crate::{a, b::c}`.
fn crate_paths(file: &Source) -> Vec<(usize, String)> {
    let mut paths = Vec::new();
    let code: String = file.code_lines().flat_map(|(_, line)| [line, "\n"]).collect();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with('$') || says_name_before(&code, at) {
            continue;
        }
        let line = code[..at].matches('\n').count() + 1;
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{').and_then(|group| group.split_once('}')) {
            Some((group, _)) => {
                paths.extend(group.split(',').map(|member| (line, path_at(member.trim_start()))));
            }
            None => paths.push((line, path_at(rest))),
        }
    }
    paths.retain(|(_, path)| !path.is_empty());
    paths
}

fn says_name_before(code: &str, at: usize) -> bool {
    code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_')
}

/// The longest path of names at the start of `text`.
fn path_at(text: &str) -> String {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    text[..end.unwrap_or(text.len())].trim_end_matches(':').to_owned()
}

/// The cycles among the files of a package, doors left out: a door names all of its folder.
fn cycles(root: &str, files: &[Source]) -> Vec<String> {
    let module = |file: &Source| {
        let below = file.path.strip_prefix(root).unwrap_or(&file.path).trim_start_matches('/');
        below.trim_end_matches(".rs").replace('/', "::")
    };
    let modules: BTreeSet<String> = files.iter().filter(|f| !f.is_door()).map(&module).collect();
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files.iter().filter(|file| !file.is_door()) {
        let own = module(file);
        let folder = own.rsplit_once("::").map(|(folder, _)| folder);
        let siblings =
            super_paths(file).into_iter().filter_map(|path| Some(format!("{}::{path}", folder?)));
        let named = crate_paths(file).into_iter().map(|(_, path)| path).chain(siblings);
        let targets = named.filter_map(|path| {
            modules.iter().rfind(|m| path == **m || path.starts_with(&format!("{m}::"))).cloned()
        });
        uses.insert(own.clone(), targets.filter(|target| *target != own).collect());
    }
    let mut found = Vec::new();
    while let Some(way) = uses.keys().find_map(|start| way(&uses, start, start)) {
        found.push(format!("{root}: {}", way.join(" → ")));
        uses.remove(&way[0]);
    }
    found
}

/// The paths outside tests that start at the file's own folder.
fn super_paths(file: &Source) -> Vec<String> {
    let code: String = file.code_lines().flat_map(|(_, line)| [line, "\n"]).collect();
    let rests = code.match_indices("super::").map(|(at, _)| &code[at + "super::".len()..]);
    rests
        .flat_map(|rest| match rest.strip_prefix('{').and_then(|group| group.split_once('}')) {
            Some((group, _)) => group.split(',').map(|member| path_at(member.trim())).collect(),
            None => vec![path_at(rest)],
        })
        .filter(|path| !path.is_empty())
        .collect()
}

/// The modules on a way along imports from `from` to `to`, in one step or more.
fn way(uses: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str) -> Option<Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut open = vec![vec![from.to_owned()]];
    while let Some(so_far) = open.pop() {
        for next in uses.get(&so_far[so_far.len() - 1]).into_iter().flatten() {
            let further = [&so_far[..], std::slice::from_ref(next)].concat();
            if next == to {
                return Some(further);
            }
            if seen.insert(next) {
                open.push(further);
            }
        }
    }
    None
}

/// The rules find what is planted, and nothing in prose, strings and tests.
mod planted {
    use super::*;

    #[test]
    fn imports_upwards_and_sideways_are_found() {
        let file = Source::new(
            "core/src/wal/reader.rs",
            "//! Like crate::db, in prose.\n\
             use crate::block::Block;\n\
             use crate::{error::Error, head::Head};\n\
             fn f() { crate::promql::run(\"crate::db\"); }\n\
             use crate::Result;\n\
             use crate::wal::page::Page;\n\
             #[cfg(test)]\nmod tests {\n    use crate::db::Db;\n}\n",
        );
        let expected = [
            "core/src/wal/reader.rs:2: wal may not use block: it stands in the same or a higher \
             layer",
            "core/src/wal/reader.rs:3: wal may not use head: it stands in the same or a higher \
             layer",
            "core/src/wal/reader.rs:4: wal may not use promql: it stands in the same or a higher \
             layer",
            "core/src/wal/reader.rs:5: wal may not use Result: it is no module: name the module an \
             item comes from",
        ];
        assert_eq!(core_imports(&file), expected);
        assert!(core_imports(&Source::new("core/src/misc.rs", "")).len() == 1);
    }

    #[test]
    fn banned_words_are_found_where_they_may_not_stand() {
        let text = "use std::fs;\nlet x = std::time::Instant::now(); // std::thread\n";
        let file = Source::new("core/src/wal/reader.rs", text);
        assert_eq!(core_words(&file).len(), 2);
        assert!(core_words(&file)[1].starts_with("core/src/wal/reader.rs:2: says std::time"));
        assert_eq!(core_words(&Source::new("core/src/storage/mmap.rs", "use std::fs;")).len(), 0);
        assert_eq!(
            core_words(&Source::new("core/src/wal/a.rs", "let awaited = print_it;")).len(),
            0
        );
    }

    #[test]
    fn views_and_crates_of_web_are_held_apart() {
        let text = "use crate::views::query::X;\nuse chunkscope::Db;\nuse leptos::prelude::*;\n";
        let found = web_imports(&Source::new("web/src/views/wal/mod.rs", text));
        let expected = [
            "web/src/views/wal/mod.rs:1: a view may not use another view",
            "web/src/views/wal/mod.rs:2: views may not use the crate chunkscope",
        ];
        assert_eq!(found, expected);
        let text = "use chunkscope::types::Timestamp;\nuse chunkscope::db::Db;\n";
        assert_eq!(web_imports(&Source::new("web/src/protocol/request.rs", text)).len(), 1);
    }

    #[test]
    fn cycles_are_found() {
        let file = |path, text| Source::new(path, text);
        let a = file("core/src/wal/a.rs", "use super::b::B;");
        let b = file("core/src/wal/b.rs", "use crate::wal::c::C;");
        let c = file("core/src/wal/c.rs", "use super::{a::A, d};");
        let d = file("core/src/wal/d.rs", "fn alone() {}");
        let found = cycles("core/src", &[a, b, c, d]);
        assert_eq!(found, ["core/src: wal::a → wal::b → wal::c → wal::a"]);
        let a = file("core/src/wal/a.rs", "use super::b::B;");
        let b = file("core/src/wal/b.rs", "use super::Whole;");
        assert!(cycles("core/src", &[a, b]).is_empty());
    }
}

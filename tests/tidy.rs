//! The house in numbers: heads, sizes, names, doors. Every message names file and line.

use chunkscope_tests::source::{Source, repository, rust_files};
use std::fs;
use std::process::Command;

/// All Rust of the workspace.
const FOLDERS: &[&str] = &["core", "cli", "web", "tests", "xtask"];

/// Hard limits; aim for a third of them.
const LINES_PER_FILE: usize = 500;
const LINES_PER_FUNCTION: usize = 70;
const COLUMNS: usize = 100;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &[
    "util", "utils", "helper", "helpers", "common", "manager", "inner", "misc", "stuff", "handler",
];

/// Upstream's short forms, and the words we use.
const SHORT_FORMS: &[(&str, &str)] = &[
    ("mint", "min_time"),
    ("maxt", "max_time"),
    ("ooo", "out_of_order"),
    ("lset", "labels"),
    ("wbl_", "out_of_order_log"),
];

/// Text files whose lines end with LF alone.
const TEXT: &[&str] =
    &["rs", "md", "toml", "mjs", "js", "css", "html", "json", "yml", "sh", "lock", "run"];

#[test]
fn every_file_begins_with_what_it_is() {
    each(|file| {
        let has_head = file.text.starts_with("//! ");
        let message = "begins without a `//!` head that says what it is for";
        if has_head { Vec::new() } else { vec![format!("{}:1: {message}", file.path)] }
    });
}

#[test]
fn files_functions_and_lines_are_short() {
    each(sizes);
}

#[test]
fn a_door_holds_no_code() {
    each(door);
}

#[test]
fn names_say_what_is_inside() {
    each(names);
}

#[test]
fn nothing_is_left_undone() {
    each(leftovers);
}

#[test]
fn lines_end_with_lf_and_files_with_a_line() {
    let listed = Command::new("git").args(["ls-files"]).current_dir(repository()).output();
    let listed = String::from_utf8(listed.expect("git lists files").stdout).expect("UTF-8 paths");
    let is_text = |path: &&str| {
        let name = path.rsplit('/').next().unwrap_or_default();
        let data = path.starts_with("tests/fixtures/") || path.starts_with("web/assets/");
        !data && TEXT.contains(&name.rsplit('.').next().unwrap_or_default())
    };
    let mut problems = Vec::new();
    for path in listed.lines().filter(is_text) {
        // What is listed and not there was removed and the removal is not committed yet.
        let Ok(bytes) = fs::read(repository().join(path)) else { continue };
        if bytes.contains(&b'\r') {
            problems.push(format!("{path}: has a carriage return"));
        }
        if bytes.last().is_some_and(|last| *last != b'\n') {
            problems.push(format!("{path}: its last line has no end"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Runs one rule on all files and fails with all problems at once.
fn each(rule: fn(&Source) -> Vec<String>) {
    let files = rust_files(FOLDERS);
    assert!(files.len() > 10, "only {} files found: did a folder move?", files.len());
    let problems: Vec<String> = files.iter().flat_map(rule).collect();
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

fn sizes(file: &Source) -> Vec<String> {
    let mut problems = Vec::new();
    for (index, line) in file.text.lines().take(file.lines_before_tests).enumerate() {
        let columns = line.chars().count();
        if columns > COLUMNS && !ends_in_a_sentence(file, index) {
            problems.push(format!("{}:{}: {columns} columns", file.path, index + 1));
        }
    }
    let lines = file.lines_before_tests;
    if lines > LINES_PER_FILE {
        problems.push(format!("{}: {lines} lines without tests: two concepts?", file.path));
    }
    for (start, name, lines) in functions(file) {
        if lines > LINES_PER_FUNCTION {
            problems.push(format!("{}:{start}: function {name} has {lines} lines", file.path));
        }
    }
    problems
}

/// Whether what goes over the limit is inside a string of the page's markup: a sentence that a
/// person reads, or the path of an icon, stays in one piece.
fn ends_in_a_sentence(file: &Source, line: usize) -> bool {
    let code = file.code.lines().nth(line).unwrap_or_default();
    let quotes = code.chars().take(COLUMNS).filter(|c| *c == '"').count();
    file.path.starts_with("web/src/") && quotes % 2 == 1
}

/// First line, name and number of lines of each function outside tests.
fn functions(file: &Source) -> Vec<(usize, String, usize)> {
    let lines: Vec<(usize, &str)> = file.code_lines().collect();
    let mut found = Vec::new();
    for (index, (start, line)) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let mut depth = 0_i64;
        let mut opened = false;
        for (end, line) in &lines[index..] {
            for c in line.chars() {
                match c {
                    '{' => (depth, opened) = (depth + 1, true),
                    '}' => depth -= 1,
                    _ => {}
                }
            }
            let is_declaration = !opened && line.trim_end().ends_with(';');
            if is_declaration || (opened && depth <= 0) {
                found.push((*start, name.to_owned(), end - start + 1));
                break;
            }
        }
    }
    found
}

/// The name after `fn` at the start of an item.
fn function_name(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let is_item = before.split_whitespace().all(|word| {
        ["const", "async", "unsafe", "extern", "\"C\""].contains(&word)
            || word.starts_with("pub")
            || word.ends_with(')') // of `pub(in path)`
    });
    let name = after.split(|c: char| !(c.is_alphanumeric() || c == '_')).next()?;
    if is_item && !name.is_empty() { Some(name) } else { None }
}

fn door(file: &Source) -> Vec<String> {
    if !file.is_door() || file.path.starts_with("web/src/views/") {
        return Vec::new(); // the door of a view is its component
    }
    let mut problems = Vec::new();
    let mut inside_statement = false;
    for (line, code) in file.code_lines() {
        let mut code = code.trim();
        while code.starts_with('#') {
            code = code.split_once(']').map_or("", |(_, rest)| rest.trim());
        }
        if code.is_empty() || inside_statement {
            inside_statement = inside_statement && !code.ends_with(';');
            continue;
        }
        let mut words = code.split_whitespace().skip_while(|word| word.starts_with("pub"));
        if !matches!(words.next(), Some("mod" | "use")) {
            problems
                .push(format!("{}:{line}: a door holds modules and re-exports only", file.path));
        }
        inside_statement = !code.ends_with(';');
    }
    problems
}

fn names(file: &Source) -> Vec<String> {
    let mut problems = Vec::new();
    let parts = file.path.trim_end_matches(".rs").split('/');
    for part in parts.filter(|part| EMPTY_NAMES.contains(part)) {
        problems.push(format!("{}:1: the name {part} says nothing", file.path));
    }
    for (line, code) in file.code_lines() {
        let words: Vec<&str> = code
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .filter(|w| !w.is_empty())
            .collect();
        for pair in
            words.windows(2).filter(|pair| ["struct", "enum", "trait", "mod"].contains(&pair[0]))
        {
            if let Some(empty) = EMPTY_NAMES.iter().find(|empty| ends_with_word(pair[1], empty)) {
                let name = pair[1];
                problems.push(format!("{}:{line}: {name}: {empty} says nothing", file.path));
            }
        }
        for (short, ours) in SHORT_FORMS {
            let is_short = |word: &&str| word.split('_').any(|part| part == *short);
            if let Some(word) = words.iter().find(|word| is_short(word)) {
                problems.push(format!("{}:{line}: {word}: say {ours}", file.path));
            }
        }
    }
    problems
}

/// Whether the last word of a CamelCase or snake_case name is `word`.
fn ends_with_word(name: &str, word: &str) -> bool {
    let start_of_last = name.rfind(|c: char| c.is_uppercase() || c == '_').unwrap_or(0);
    name[start_of_last..].trim_start_matches('_').eq_ignore_ascii_case(word)
}

fn leftovers(file: &Source) -> Vec<String> {
    let mut problems = Vec::new();
    for (index, line) in file.code.lines().enumerate() {
        for word in ["todo!(", "unimplemented!(", "dbg!(", "#[ignore"] {
            if line.contains(word) {
                problems.push(format!("{}:{}: {word}", file.path, index + 1));
            }
        }
    }
    problems
}

/// The rules find what is planted.
mod planted {
    use super::*;

    #[test]
    fn long_things_are_found_and_tests_are_spared() {
        let long_body = "    let x = 1;\n".repeat(LINES_PER_FUNCTION);
        let function = format!("pub(crate) async fn long() {{\n{long_body}}}\n");
        let found = sizes(&Source::new("core/src/a.rs", &function));
        assert_eq!(found, ["core/src/a.rs:1: function long has 72 lines"]);

        let spared = format!("fn short() {{}}\n#[cfg(test)]\nmod tests {{\n{function}}}\n");
        assert_eq!(sizes(&Source::new("core/src/a.rs", &spared)), Vec::<String>::new());

        let wide = format!("// {}\n", "é".repeat(98));
        assert_eq!(sizes(&Source::new("a.rs", &wide)), ["a.rs:1: 101 columns"]);
        let long = "//\n".repeat(LINES_PER_FILE + 1);
        assert_eq!(sizes(&Source::new("a.rs", &long)).len(), 1);
    }

    #[test]
    fn code_in_a_door_is_found() {
        let text = "//! Door.\n\n#[cfg(not(target_arch = \"wasm32\"))]\nmod a;\n\
                    pub(crate) use a::{\n    B,\n    C,\n};\n";
        assert_eq!(door(&Source::new("core/src/x/mod.rs", text)), Vec::<String>::new());
        let found = door(&Source::new("core/src/x/mod.rs", "mod a;\npub struct S;\n"));
        assert_eq!(found, ["core/src/x/mod.rs:2: a door holds modules and re-exports only"]);
    }

    #[test]
    fn empty_names_and_short_forms_are_found() {
        assert_eq!(names(&Source::new("core/src/utils.rs", "")).len(), 1);
        let found =
            names(&Source::new("a.rs", "struct BlockManager;\nlet ooo_mint = 1;\n// ooo\n"));
        let expected =
            ["a.rs:1: BlockManager: manager says nothing", "a.rs:2: ooo_mint: say min_time"];
        assert_eq!(found[..2], expected);
        assert_eq!(names(&Source::new("a.rs", "struct Winner;\nlet minted = 1;\n")).len(), 0);
    }

    #[test]
    fn what_is_left_undone_is_found() {
        let text = "fn f() { todo!() }\n// todo!()\n#[ignore]\n";
        assert_eq!(leftovers(&Source::new("a.rs", text)), ["a.rs:1: todo!(", "a.rs:3: #[ignore"]);
    }
}

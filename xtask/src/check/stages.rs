//! The stages, cheapest first.

use crate::Outcome;
use crate::machine::{Machine, find_program};
use crate::program::{native, run_in_view, wasm};
use crate::setup::Part;
use std::process::Command;

/// One thing that is checked.
pub(super) struct Stage {
    /// Its name for `--only` and the summary.
    pub(super) name: &'static str,
    /// What it shows, in one line.
    pub(super) what: &'static str,
    /// What must be set up for it.
    pub(super) needs: &'static [Part],
    /// Does it; output goes to the terminal.
    pub(super) run: fn(&Machine) -> Outcome,
}

/// The packages that also run in the browser.
const WASM_PACKAGES: [&str; 4] = ["-p", "chunkscope", "-p", "chunkscope-web"];

const TO_WASM: [&str; 2] = ["--target", "wasm32-unknown-unknown"];

/// All of them, in the order they run.
pub(super) const STAGES: [Stage; 12] = [
    Stage {
        name: "format",
        what: "cargo fmt --all --check",
        needs: &[],
        run: |machine| run_in_view(native(machine, "cargo").args(["fmt", "--all", "--check"])),
    },
    Stage {
        name: "clippy",
        what: "clippy on the whole workspace, native, warnings denied",
        needs: &[],
        run: |machine| {
            let mut command = native(machine, "cargo");
            command.args(["clippy", "--workspace", "--all-targets", "--keep-going"]);
            command.args(["--", "-D", "warnings"]);
            run_in_view(&mut command)
        },
    },
    Stage {
        name: "test",
        what: "all native tests, the layers and sizes of the code among them",
        needs: &[Part::Prometheus],
        run: |machine| {
            let mut command = native(machine, "cargo");
            run_in_view(command.args(["test", "--workspace", "--no-fail-fast"]))
        },
    },
    Stage {
        name: "doc",
        what: "documentation builds, warnings denied",
        needs: &[],
        run: |machine| {
            let mut command = native(machine, "cargo");
            command.args(["doc", "--workspace", "--no-deps", "--document-private-items"]);
            run_in_view(command.env("RUSTDOCFLAGS", "-D warnings"))
        },
    },
    Stage {
        name: "clippy-wasm",
        what: "clippy on core and web for wasm32, warnings denied",
        needs: &[Part::Page],
        run: |machine| {
            let mut command = wasm(machine, "cargo");
            command.arg("clippy").args(TO_WASM).args(WASM_PACKAGES);
            command.args(["--lib", "--bins", "--tests", "--", "-D", "warnings"]);
            run_in_view(&mut command)
        },
    },
    Stage {
        name: "test-wasm",
        what: "tests of core and web in a dedicated worker of headless Chromium",
        needs: &[Part::Page, Part::Browser],
        run: |machine| {
            let mut command = wasm(machine, "cargo");
            command.arg("test").args(TO_WASM).args(WASM_PACKAGES).arg("--tests");
            in_chromium(&mut command)?;
            run_in_view(&mut command)
        },
    },
    Stage {
        name: "fixtures-wasm",
        what: "directories of real Prometheus, and scripts, on the storages of headless Chromium",
        needs: &[Part::Page, Part::Browser],
        run: |machine| {
            let mut command = wasm(machine, "cargo");
            command.arg("test").args(TO_WASM).args(["-p", "chunkscope-tests"]);
            command.args(["--test", "in_browser", "--test", "scripts_in_browser"]);
            in_chromium(&mut command)?;
            run_in_view(&mut command)
        },
    },
    Stage {
        name: "engine-firefox",
        what: "storages, directories of real Prometheus, and scripts, in a worker of Firefox",
        needs: &[Part::Page, Part::Firefox],
        run: |machine| {
            let mut command = in_firefox(machine);
            command.args(WASM_PACKAGES).args(["--test", "storage"]);
            // Most of the time went there, and Chromium does them.
            run_in_view(command.args(["--", "--skip", "random_lives"]))?;
            let mut command = in_firefox(machine);
            command.args(["-p", "chunkscope-tests"]);
            run_in_view(command.args(["--test", "in_browser", "--test", "scripts_in_browser"]))
        },
    },
    Stage {
        name: "build",
        what: "trunk build --release",
        needs: &[Part::Page],
        run: |machine| run_in_view(wasm(machine, "trunk").args(["build", "--release"])),
    },
    Stage {
        name: "opfs-engine",
        what: "the engine, compiled for the pages of tests/browser/opfs",
        needs: &[Part::Page],
        run: |machine| {
            let mut command = wasm(machine, "cargo");
            command.arg("build").args(TO_WASM).args(["-p", "chunkscope-tests"]);
            run_in_view(command.args(["--example", "opfs_engine"]))?;
            let mut command = wasm(machine, "wasm-bindgen");
            command.args(["--target", "web", "--no-typescript", "--out-dir", "target/opfs-engine"]);
            let built = "target/wasm32-unknown-unknown/debug/examples/opfs_engine.wasm";
            run_in_view(command.arg(built))
        },
    },
    Stage {
        name: "browser",
        what: "the built page, end to end in headless Chromium",
        needs: &[Part::Browser],
        run: |machine| run_pages(machine, "chromium"),
    },
    Stage {
        name: "firefox",
        what: "the built page, end to end in headless Firefox",
        needs: &[Part::Firefox],
        run: |machine| run_pages(machine, "firefox"),
    },
];

/// Runs the tests of `tests/browser` in that browser.
fn run_pages(machine: &Machine, browser: &str) -> Outcome {
    if !machine.repository.join("dist/index.html").exists() {
        return Err("there is no built page: the stage build comes first".to_owned());
    }
    let mut command = native(machine, "node");
    run_in_view(command.arg("tests/browser/run.mjs").env("CHUNKSCOPE_BROWSER", browser))
}

/// Tells the test runner of wasm-bindgen which driver to use: with two on PATH it would choose
/// Firefox's.
fn in_chromium(command: &mut Command) -> Outcome {
    let driver = find_program("chromedriver").ok_or("there is no chromedriver on PATH")?;
    command.env("CHROMEDRIVER", driver).env("WASM_BINDGEN_TEST_TIMEOUT", "300");
    Ok(())
}

/// A command that runs tests in Firefox; what to test is still to be said.
fn in_firefox(machine: &Machine) -> Command {
    let mut command = wasm(machine, "cargo");
    command.arg("test").args(TO_WASM);
    // Cargo runs tests in the folder of their package, beside that of all tests.
    let runner = "node ../tests/browser/in_firefox.mjs";
    command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner);
    command
}

//! Trunk and the wasm-bindgen command, built from crates.io with the native toolchain.
//!
//! Their own release profiles optimise for an hour of use, we use them for seconds: one look at
//! the whole program, 16 code units and little optimisation more than halve the time to build.

use super::Step;
use crate::Outcome;
use crate::machine::{Machine, first_line};
use crate::program::{native, run_with_log};
use crate::versions;
use std::process::Command;

const LIGHT_PROFILE: [(&str, &str); 5] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "false"),
    ("CARGO_PROFILE_RELEASE_STRIP", "true"),
];

/// The command that makes JavaScript for a compiled module, of the library's version, and its
/// test runner.
pub(super) fn wasm_bindgen(machine: &Machine) -> Outcome<Step> {
    Ok(Step {
        name: format!("wasm-bindgen {}", versions::wasm_bindgen(&machine.repository)?),
        doing: "building from crates.io (2 to 4 minutes)",
        is_done: |machine| {
            versions::wasm_bindgen(&machine.repository).is_ok_and(|version| {
                prints_version(machine, "wasm-bindgen", &version)
                    && prints_version(machine, "wasm-bindgen-test-runner", &version)
            })
        },
        act: |machine| {
            // Not `--locked`: its lock file names a version that a mirror may not have yet.
            let version = versions::wasm_bindgen(&machine.repository)?;
            install(machine, "wasm-bindgen-cli", &version, &[])
        },
        by_hand: "cargo install wasm-bindgen-cli --version (as in Cargo.lock)",
    })
}

/// The bundler.
pub(super) fn trunk() -> Step {
    Step {
        name: format!("trunk {}", versions::TRUNK),
        doing: "building from crates.io (4 to 6 minutes)",
        is_done: |machine| prints_version(machine, "trunk", versions::TRUNK),
        act: |machine| install(machine, "trunk", versions::TRUNK, &["--locked"]),
        by_hand: "cargo install trunk --version 0.21.14 --locked",
    }
}

fn install(machine: &Machine, package: &str, version: &str, options: &[&str]) -> Outcome {
    let build = machine.tools.join("build").join(package);
    let mut command = native(machine, "cargo");
    command.args(["install", package, "--version", version, "--force", "--root"]);
    command.arg(&machine.tools).arg("--target-dir").arg(&build).args(options);
    command.envs(LIGHT_PROFILE);
    let outcome = run_with_log(machine, package, &mut command);
    if outcome.is_ok() {
        let _ = std::fs::remove_dir_all(build); // half a gigabyte; failing to free it is harmless
    }
    outcome
}

fn prints_version(machine: &Machine, tool: &str, version: &str) -> bool {
    let path = machine.tools_bin().join(tool);
    first_line(Command::new(path).arg("--version"))
        .is_some_and(|line| line.split_whitespace().any(|word| word == version))
}

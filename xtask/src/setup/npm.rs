//! What npm brings: `wasm-opt` for all clones, and this clone's packages for browser tests.

use super::Step;
use crate::Outcome;
use crate::machine::{Machine, find_program};
use crate::program::{native, run_with_log};
use crate::versions;
use std::fs;
use std::path::{Path, PathBuf};

/// The optimiser that trunk runs on release builds. Debian's version 108 is not used: it exits
/// well, and the page it leaves behind dies on its first table access.
pub(super) fn wasm_opt() -> Step {
    Step {
        name: format!("wasm-opt {}", versions::BINARYEN),
        doing: "installing from npm (100 MB)",
        is_done: |machine| {
            wasm_opt_version(machine).as_deref() == Some(versions::BINARYEN)
                && machine.tools_bin().join("wasm-opt").exists()
        },
        act: install_wasm_opt,
        by_hand: "npm install --global binaryen@132.0.0",
    }
}

/// The version of the installed npm package.
fn wasm_opt_version(machine: &Machine) -> Option<String> {
    let text = fs::read_to_string(binaryen(machine).join("package.json")).ok()?;
    let (_, rest) = text.split_once("\"version\":")?;
    rest.split('"').nth(1).map(str::to_owned)
}

fn binaryen(machine: &Machine) -> PathBuf {
    machine.tools.join("npm/node_modules/binaryen")
}

fn install_wasm_opt(machine: &Machine) -> Outcome {
    let folder = machine.tools.join("npm");
    fs::create_dir_all(&folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
    let mut command = npm(machine)?;
    command.args(["install", "--prefix"]).arg(&folder);
    command.arg(format!("binaryen@{}", versions::BINARYEN));
    run_with_log(machine, "npm", &mut command)?;
    let script = format!("#!/bin/sh\nexec '{}/bin/wasm-opt' \"$@\"\n", binaryen(machine).display());
    write_program(&machine.tools_bin().join("wasm-opt"), &script)
}

/// The packages of package.json, exactly as package-lock.json says.
pub(super) fn packages() -> Step {
    Step {
        name: "npm packages".to_owned(),
        doing: "installing from npm",
        is_done: |machine| {
            let installed = fs::read(stamp(&machine.repository));
            let wanted = fs::read(machine.repository.join("package-lock.json"));
            matches!((installed, wanted), (Ok(installed), Ok(wanted)) if installed == wanted)
        },
        act: |machine| {
            run_with_log(machine, "npm", npm(machine)?.arg("ci"))?;
            let lock = machine.repository.join("package-lock.json");
            let copied = fs::copy(lock, stamp(&machine.repository));
            copied.map(|_| ()).map_err(|e| format!("cannot write into node_modules: {e}"))
        },
        by_hand: "install Node.js 20 or newer, then run `npm ci` here",
    }
}

/// A copy of the lock file that node_modules was made from.
fn stamp(repository: &Path) -> PathBuf {
    repository.join("node_modules/.made-from-package-lock.json")
}

fn npm(machine: &Machine) -> Outcome<std::process::Command> {
    if find_program("npm").is_none() {
        return Err("npm is not on PATH".to_owned());
    }
    let mut command = native(machine, "npm");
    command.args(["--no-audit", "--no-fund", "--no-update-notifier"]);
    Ok(command)
}

/// Writes a file that can be run. In one move, so that nobody runs half of it.
pub(super) fn write_program(path: &Path, text: &str) -> Outcome {
    let cannot = |e: std::io::Error| format!("cannot write {}: {e}", path.display());
    let draft = path.with_extension("new");
    fs::write(&draft, text).map_err(cannot)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&draft, fs::Permissions::from_mode(0o755)).map_err(cannot)?;
    }
    fs::rename(&draft, path).map_err(cannot)
}

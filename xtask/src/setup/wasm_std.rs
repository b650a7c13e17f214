//! A compiler with a standard library for wasm32, on either kind of machine.
//!
//! Where rustup may download: `rustup target add`. Where it may not (RUSTUP_AUTO_INSTALL=0, or no
//! network), on Debian as root: Debian's `rustc-web` has no std for wasm32, but its source
//! package does. Std is built once from that source and put into a sysroot of our own, and rustup
//! is told of it as the toolchain `chunkscope-wasm`. Nothing under /usr is changed by hand:
//!
//! ```text
//! ~/.cache/chunkscope/wasm-toolchain/
//!   bin/rustc, rustdoc, clippy-driver    scripts that add this sysroot to Debian's
//!   bin/cargo                            link to Debian's
//!   bin/cargo-clippy                     a copy: it runs the clippy-driver beside its real place
//!   lib/rustlib/HOST/lib                 link to Debian's native std
//!   lib/rustlib/HOST/bin/rust-lld        link to Debian's linker
//!   lib/rustlib/wasm32-unknown-unknown/  the std built here
//!   made-from                            recipe and compiler: others start it anew
//! ```

use super::{Step, apt, npm::write_program};
use crate::Outcome;
use crate::machine::{DEBIAN_TOOLCHAIN, Machine, first_line};
use crate::program::{native, run_with_log};
use crate::versions::DEBIAN_LLD;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-unknown-unknown";

/// Counts the changes of [`assemble`].
const RECIPE: u32 = 3;

const BY_HAND: &str = "rustup target add wasm32-unknown-unknown (on Debian as root, xtask can \
                       build it from the packages rustc-web and rust-web-src instead)";

/// The steps that suit this machine.
pub(super) fn steps(machine: &Machine) -> Outcome<Vec<Step>> {
    if machine.has_wasm_std {
        return Ok(Vec::new());
    }
    if machine.can_rustup_download {
        return Ok(vec![Step {
            name: "std for wasm32".to_owned(),
            doing: "rustup target add wasm32-unknown-unknown",
            is_done: |_| Machine::look().is_ok_and(|machine| machine.has_wasm_std),
            act: |machine| {
                let mut command = native(machine, "rustup");
                run_with_log(machine, "rustup", command.args(["target", "add", TARGET]))
            },
            by_hand: BY_HAND,
        }]);
    }
    if !machine.can_apt && !toolchain_is_ready(machine) {
        let reason = "rustup may not download here, and apt-get as root is not to be had";
        return Err(format!("no std for wasm32: {reason}.\n\nTo do it by hand: {BY_HAND}"));
    }
    Ok(vec![
        Step {
            name: "Debian's compiler and linker for wasm32".to_owned(),
            doing: "installing Debian's packages (about a minute)",
            is_done: |_| debian_compiler().is_some() && debian_parts().iter().all(|p| p.exists()),
            act: install_compiler,
            by_hand: BY_HAND,
        },
        Step {
            name: format!("std for wasm32 and the toolchain {DEBIAN_TOOLCHAIN}"),
            doing: "building std from Debian's source (about a minute)",
            is_done: toolchain_is_ready,
            act: assemble,
            by_hand: BY_HAND,
        },
    ])
}

fn install_compiler(machine: &Machine) -> Outcome {
    let linker = format!("lld-{DEBIAN_LLD}");
    let compiler = ["rustc-web", "cargo-web", "rust-web-src", "rust-web-clippy"];
    apt::install(machine, &[&compiler[..], &[linker.as_str()]].concat())
}

/// What the Debian packages put where.
fn debian_parts() -> Vec<PathBuf> {
    let linker = format!("/usr/bin/wasm-ld-{DEBIAN_LLD}");
    ["/usr/bin/cargo", "/usr/bin/cargo-clippy", "/usr/lib/rustlib/src/rust", linker.as_str()]
        .map(PathBuf::from)
        .to_vec()
}

/// The whole version line of Debian's compiler.
fn debian_compiler() -> Option<String> {
    first_line(Command::new("/usr/bin/rustc").arg("--version"))
}

fn toolchain_is_ready(machine: &Machine) -> bool {
    let made_from = fs::read_to_string(machine.debian_toolchain().join("made-from")).ok();
    made_from.is_some() && made_from == stamp() && is_linked(machine)
}

/// What the toolchain depends on; another stamp means to assemble it anew.
fn stamp() -> Option<String> {
    debian_compiler().map(|version| format!("recipe {RECIPE}, {version}\n"))
}

/// Whether rustup knows the toolchain, and by this folder.
fn is_linked(machine: &Machine) -> bool {
    let arguments = ["which", "--toolchain", DEBIAN_TOOLCHAIN, "rustc"];
    let known = first_line(Command::new("rustup").args(arguments)); // by way of rustup's link
    let known = known.and_then(|path| Path::new(&path).canonicalize().ok());
    known.is_some() && known == machine.debian_toolchain().join("bin/rustc").canonicalize().ok()
}

fn assemble(machine: &Machine) -> Outcome {
    let folder = machine.debian_toolchain();
    let _ = fs::remove_dir_all(&folder); // of an older compiler or recipe, or half made
    let libraries = build_std(machine)?;
    lay_out(&folder, &libraries).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
    write_wrappers(&folder)?;

    let mut link = native(machine, "rustup");
    link.args(["toolchain", "link", DEBIAN_TOOLCHAIN]).arg(&folder);
    run_with_log(machine, "rustup", &mut link)?;

    let stamp = stamp().ok_or("/usr/bin/rustc does not run")?;
    fs::write(folder.join("made-from"), stamp)
        .map_err(|e| format!("cannot write {}: {e}", folder.display()))
}

/// Builds std for wasm32 inside an empty crate; returns the folder of the libraries.
///
/// `embed-bitcode`: without it every build with link-time optimisation fails. `test`: without it
/// `cargo test` fails. RUSTC_BOOTSTRAP lets a stable compiler build its own std.
fn build_std(machine: &Machine) -> Outcome<PathBuf> {
    let folder = machine.tools.join("build/wasm-std");
    let manifest = "[package]\nname = \"wasm-std\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
                    [workspace]\n";
    let written = fs::create_dir_all(folder.join("src"))
        .and_then(|()| fs::write(folder.join("Cargo.toml"), manifest))
        .and_then(|()| fs::write(folder.join("src/lib.rs"), "#![no_std]\n"));
    written.map_err(|e| format!("cannot write {}: {e}", folder.display()))?;

    let mut cargo = native(machine, "/usr/bin/cargo");
    cargo.current_dir(&folder);
    cargo.args(["build", "--release", "--target", TARGET]);
    cargo.arg("-Zbuild-std=std,panic_abort,test").arg("--target-dir").arg(folder.join("target"));
    cargo.env("RUSTC", "/usr/bin/rustc").env("RUSTDOC", "/usr/bin/rustdoc");
    cargo.env("RUSTFLAGS", "-C embed-bitcode=yes").env("RUSTC_BOOTSTRAP", "1");
    run_with_log(machine, "wasm-std", &mut cargo)?;
    Ok(folder.join("target").join(TARGET).join("release/deps"))
}

/// Fills `lib/` of the sysroot.
fn lay_out(folder: &Path, libraries: &Path) -> std::io::Result<()> {
    let debian = Path::new("/usr/lib/rustlib");
    let rustlib = folder.join("lib/rustlib");
    let wasm = rustlib.join(TARGET).join("lib");
    fs::create_dir_all(&wasm)?;
    for library in fs::read_dir(libraries)? {
        let path = library?.path();
        let name = path.file_name().unwrap_or_default();
        if path.extension().is_some_and(|e| e == "rlib") && !is_the_empty_crate(&path) {
            fs::copy(&path, wasm.join(name))?;
        }
    }
    let host = rustlib.join(host_triple());
    fs::create_dir_all(host.join("bin"))?;
    link(&debian.join(host_triple()).join("lib"), &host.join("lib"))?;
    link(Path::new(&format!("/usr/bin/wasm-ld-{DEBIAN_LLD}")), &host.join("bin/rust-lld"))?;
    for shared in ["etc", "src"] {
        link(&debian.join(shared), &rustlib.join(shared))?;
    }
    Ok(())
}

fn is_the_empty_crate(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("libwasm_std"))
}

fn write_wrappers(folder: &Path) -> Outcome {
    let bin = folder.join("bin");
    fs::create_dir_all(&bin).map_err(|e| format!("cannot make {}: {e}", bin.display()))?;
    for name in ["rustc", "rustdoc"] {
        let script = format!("exec /usr/bin/{name} --sysroot '{}' \"$@\"", folder.display());
        write_program(&bin.join(name), &format!("#!/bin/sh\n{script}\n"))?;
    }
    // The option goes last: clippy wants the name of the compiler first.
    let script = format!("exec /usr/bin/clippy-driver \"$@\" --sysroot '{}'", folder.display());
    write_program(&bin.join("clippy-driver"), &format!("#!/bin/sh\n{script}\n"))?;
    link(Path::new("/usr/bin/cargo"), &bin.join("cargo"))
        .and_then(|()| fs::copy("/usr/bin/cargo-clippy", bin.join("cargo-clippy")))
        .map(|_| ())
        .map_err(|e| format!("cannot fill {}: {e}", bin.display()))
}

/// The triple Debian's compiler runs on.
fn host_triple() -> String {
    let output = Command::new("/usr/bin/rustc").arg("-vV").output();
    let text = output.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.unwrap_or("x86_64-unknown-linux-gnu").to_owned()
}

#[cfg(unix)]
fn link(original: &Path, place: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(original, place)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(std::io::Error::other("this way of set-up is for Debian"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(has_wasm_std: bool, can_rustup_download: bool, can_apt: bool) -> Machine {
        let nowhere = PathBuf::from("/nowhere");
        let (repository, tools) = (nowhere.clone(), nowhere);
        Machine { repository, tools, can_apt, can_rustup_download, has_wasm_std }
    }

    #[test]
    fn each_kind_of_machine_has_its_way() {
        let names = |machine: &Machine| {
            let steps = steps(machine).unwrap_or_else(|message| panic!("{message}"));
            steps.into_iter().map(|step| step.doing).collect::<Vec<_>>()
        };
        assert!(names(&machine(true, false, false)).is_empty());
        assert!(names(&machine(false, true, true))[0].contains("rustup target add"));
        assert!(names(&machine(false, false, true))[0].contains("Debian"));
    }

    #[test]
    fn a_machine_without_a_way_is_told_what_to_install() {
        let Err(message) = steps(&machine(false, false, false)) else { panic!("no way is a way") };
        assert!(message.contains("rustup target add wasm32-unknown-unknown"), "{message}");
    }
}

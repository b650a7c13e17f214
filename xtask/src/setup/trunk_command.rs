//! Plain `trunk serve` and `trunk build --release`: a three-line command in cargo's bin folder.
//!
//! Trunk must find our tools first on PATH, and on a Debian machine the compiler for wasm32 under
//! its own name. A person types only `trunk`, so the variables are set by the command itself. A
//! `trunk` that someone else put there is left alone.

use super::Step;
use super::npm::write_program;
use crate::machine::{Machine, cargo_bin};
use std::fs;
use std::path::PathBuf;

const MARK: &str = "# Written by `cargo xtask setup` of Chunkscope; it is rewritten by it.";

/// The command as a step.
pub(super) fn step() -> Step {
    Step {
        name: "the plain `trunk` command".to_owned(),
        doing: "writing a small script into cargo's bin folder",
        is_done: |machine| match place().map(|path| (fs::read_to_string(&path), path)) {
            Some((Ok(found), _)) => found == script(machine) || !found.contains(MARK),
            Some((Err(_), path)) => path.exists(), // a real program: someone's own trunk
            None => true,
        },
        act: |machine| {
            let path = place().ok_or("cargo has no bin folder")?;
            write_program(&path, &script(machine))
        },
        by_hand: "use `cargo xtask serve`, or put the folder `bin` of ~/.cache/chunkscope on PATH",
    }
}

fn place() -> Option<PathBuf> {
    // Elsewhere a shell script is not a command: there, `cargo xtask serve` is the way.
    if cfg!(unix) { Some(cargo_bin()?.join("trunk")) } else { None }
}

fn script(machine: &Machine) -> String {
    format!(
        "#!/bin/sh\n{MARK}\n{}exec '{}/trunk' \"$@\"\n",
        machine.wasm_environment_as_shell(),
        machine.tools_bin().display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;

    #[test]
    fn the_mark_survives_in_the_script() -> Outcome {
        let machine = Machine::look()?;
        assert!(script(&machine).contains(MARK));
        assert!(script(&machine).ends_with("\"$@\"\n"));
        Ok(())
    }
}

//! The exact version of every tool, in one place.
//!
//! The wasm-bindgen command is not here: it must equal the library, so Cargo.lock says which.

use crate::Outcome;
use std::path::Path;

/// The bundler. 0.22 asks for a newer compiler than the one this workspace is built with.
pub(crate) const TRUNK: &str = "0.21.14";

/// The npm package that carries `wasm-opt`. Also named in Trunk.toml.
pub(crate) const BINARYEN: &str = "132.0.0";

/// Debian's linker for wasm32, of the same LLVM as Debian's `rustc-web`.
pub(crate) const DEBIAN_LLD: &str = "22";

/// The version of the wasm-bindgen library in Cargo.lock.
pub(crate) fn wasm_bindgen(repository: &Path) -> Outcome<String> {
    let path = repository.join("Cargo.lock");
    let text = std::fs::read_to_string(&path)
        .map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    locked_version(&text, "wasm-bindgen")
        .ok_or_else(|| format!("{} names no package wasm-bindgen", path.display()))
}

fn locked_version(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"').map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_whole_name_only() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"9.9.9\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(locked_version(lock, "wasm-bindgen").as_deref(), Some("0.2.130"));
        assert_eq!(locked_version(lock, "trunk"), None);
    }
}

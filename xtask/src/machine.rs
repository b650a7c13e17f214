//! Where things are on this machine, and what it may do.

use crate::Outcome;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The rustup name of the toolchain that set-up assembles from Debian's compiler.
pub(crate) const DEBIAN_TOOLCHAIN: &str = "chunkscope-wasm";

/// Facts that do not change while xtask runs.
pub(crate) struct Machine {
    /// The root of this clone.
    pub(crate) repository: PathBuf,
    /// Where tools are installed, shared by all clones.
    pub(crate) tools: PathBuf,
    /// Packages can be installed with apt-get: it exists and we are root.
    pub(crate) can_apt: bool,
    /// rustup exists and is allowed to download.
    pub(crate) can_rustup_download: bool,
    /// The default compiler has a standard library for wasm32.
    pub(crate) has_wasm_std: bool,
}

impl Machine {
    /// Looks around once.
    pub(crate) fn look() -> Outcome<Machine> {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .ok_or("xtask does not stand in a repository")?
            .to_owned();
        let tools = match env::var_os("CHUNKSCOPE_TOOLS") {
            Some(folder) => PathBuf::from(folder),
            None => cache_folder()?.join("chunkscope"),
        };
        let may_download = env::var_os("RUSTUP_AUTO_INSTALL").is_none_or(|value| value != "0");
        Ok(Machine {
            can_apt: find_program("apt-get").is_some() && is_root(),
            can_rustup_download: may_download && find_program("rustup").is_some(),
            has_wasm_std: default_compiler_has_wasm_std(&repository),
            repository,
            tools,
        })
    }

    /// The folder of installed commands.
    pub(crate) fn tools_bin(&self) -> PathBuf {
        self.tools.join("bin")
    }

    /// The sysroot of the toolchain assembled from Debian's compiler.
    pub(crate) fn debian_toolchain(&self) -> PathBuf {
        self.tools.join("wasm-toolchain")
    }

    /// Whether wasm32 is compiled with the toolchain assembled from Debian's compiler.
    pub(crate) fn uses_debian_toolchain(&self) -> bool {
        !self.has_wasm_std && self.debian_toolchain().join("bin/rustc").exists()
    }

    /// PATH with our tools first.
    pub(crate) fn path_with_tools(&self) -> OsString {
        let rest = env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.tools_bin()).chain(env::split_paths(&rest));
        env::join_paths(folders).unwrap_or(rest)
    }

    /// The variables under which everything that compiles to wasm32 runs. Native commands do not
    /// get them: they stay on the toolchain of rust-toolchain.toml.
    pub(crate) fn wasm_environment(&self) -> Vec<(&'static str, OsString)> {
        let mut variables = vec![
            ("PATH", self.path_with_tools()),
            ("TRUNK_SKIP_VERSION_CHECK", "true".into()), // it would ask a server at every start
        ];
        if env::var_os("NO_COLOR").is_some() {
            variables.push(("NO_COLOR", "true".into())); // trunk refuses the usual 1
        }
        if self.uses_debian_toolchain() {
            variables.push(("RUSTUP_TOOLCHAIN", DEBIAN_TOOLCHAIN.into()));
        }
        variables
    }

    /// The same as lines for `eval` in a shell.
    pub(crate) fn wasm_environment_as_shell(&self) -> String {
        let mut text = format!("export PATH='{}':\"$PATH\"\n", self.tools_bin().display());
        let told_apart = ["PATH", "NO_COLOR"];
        for (name, value) in self.wasm_environment() {
            if !told_apart.contains(&name) {
                text += &format!("export {name}='{}'\n", value.display());
            }
        }
        text + "if [ -n \"$NO_COLOR\" ]; then export NO_COLOR=true; fi\n"
    }

    /// A program by name: among our tools, then on PATH.
    pub(crate) fn find(&self, name: &str) -> Option<PathBuf> {
        let own = self.tools_bin().join(name);
        if own.is_file() { Some(own) } else { find_program(name) }
    }
}

/// A program by name on PATH.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&path).map(|folder| folder.join(&file)).find(|file| file.is_file())
}

/// Where programs of this user keep what can be made again.
fn cache_folder() -> Outcome<PathBuf> {
    if let Some(folder) = env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty()) {
        return Ok(PathBuf::from(folder));
    }
    env::home_dir()
        .map(|home| home.join(".cache"))
        .ok_or_else(|| "no home folder: set CHUNKSCOPE_TOOLS to a folder for tools".to_owned())
}

/// Where cargo keeps its commands.
pub(crate) fn cargo_bin() -> Option<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    Some(home.or_else(|| env::home_dir().map(|home| home.join(".cargo")))?.join("bin"))
}

/// Whether xtask was started in a shell that has taken `cargo xtask env`.
pub(crate) fn runs_under_debian_toolchain() -> bool {
    env::var_os("RUSTUP_TOOLCHAIN").is_some_and(|name| name == DEBIAN_TOOLCHAIN)
}

fn is_root() -> bool {
    first_line(Command::new("id").arg("-u")).as_deref() == Some("0")
}

fn default_compiler_has_wasm_std(repository: &Path) -> bool {
    let arguments = ["--print", "target-libdir", "--target", "wasm32-unknown-unknown"];
    let mut rustc = Command::new("rustc");
    rustc.args(arguments).current_dir(repository);
    if runs_under_debian_toolchain() {
        rustc.env_remove("RUSTUP_TOOLCHAIN");
    }
    first_line(&mut rustc).and_then(|folder| std::fs::read_dir(folder).ok()).is_some_and(|files| {
        files.flatten().any(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
    })
}

/// The first line a program prints, if it ran and succeeded.
pub(crate) fn first_line(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    if output.status.success() { text.lines().next().map(str::to_owned) } else { None }
}

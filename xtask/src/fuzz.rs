//! `cargo xtask fuzz`: every fuzz target of `core/fuzz` for a while, from pieces of the fixtures.
//!
//! cargo-fuzz is not needed, nor a nightly compiler: the counters that guide libFuzzer are a pass
//! of LLVM that any `rustc` runs. A sanitizer would need one, and find little: the engine has no
//! unsafe code but for the memory map. Everything made here is below `target/fuzz`:
//!
//! | folder | what |
//! |---|---|
//! | `seeds/TARGET` | pieces of the fixtures |
//! | `corpus/TARGET` | inputs that reached something new; kept for the next run |
//! | `artifacts/TARGET` | inputs that failed |
//! | `logs/TARGET` | what libFuzzer said |

use crate::Outcome;
use crate::machine::{Machine, first_line};
use crate::program::{native, run_in_view};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::thread;

/// What makes LLVM count which edges of the code were run, and tell libFuzzer what was compared.
const COUNTERS: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";

/// Seconds for each target when nothing else is said.
const SECONDS: u32 = 60;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    targets: Vec<String>,
    seconds: u32,
}

/// Builds the targets, writes the seeds, runs the targets, as many at a time as there are cores.
pub(crate) fn command(machine: &Machine, arguments: &[String]) -> Outcome<ExitCode> {
    let known = targets(&machine.repository)?;
    let wanted = wanted(arguments, &known)?;
    let work = machine.repository.join("target/fuzz");
    let mut seeds = native(machine, "cargo");
    seeds.args(["run", "--quiet", "--package", "chunkscope-tests"]);
    seeds.args(["--example", "fuzz_seeds", "--"]);
    run_in_view(seeds.arg(work.join("seeds")).stdout(std::process::Stdio::null()))?;
    let programs = build(machine, &work)?;

    let waiting = Mutex::new(wanted.targets.iter());
    let failed = Mutex::new(Vec::new());
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores.min(wanted.targets.len()) {
            scope.spawn(|| {
                let next = || waiting.lock().ok().and_then(|mut waiting| waiting.next());
                while let Some(target) = next() {
                    let outcome = run(&programs.join(target), target, wanted.seconds, &work);
                    match outcome {
                        Ok(line) => println!("fuzz  {target:16} {line}"),
                        Err(message) => {
                            println!("fuzz  {target:16} FAILED: {message}");
                            failed.lock().expect("no thread panics with it").push(target.clone());
                        }
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().map_err(|_| "a thread panicked".to_owned())?;
    if failed.is_empty() { Ok(ExitCode::SUCCESS) } else { Err(failed.join(", ")) }
}

/// The names of all targets: the files in `core/fuzz/fuzz_targets`.
fn targets(repository: &Path) -> Outcome<Vec<String>> {
    let folder = repository.join("core/fuzz/fuzz_targets");
    let entries = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".rs")?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}

fn wanted(arguments: &[String], known: &[String]) -> Outcome<Wanted> {
    let mut wanted = Wanted { targets: Vec::new(), seconds: SECONDS };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--seconds" {
            let number = rest.next().and_then(|text| text.parse().ok());
            wanted.seconds = number.ok_or("--seconds needs a number")?;
        } else if known.contains(argument) {
            wanted.targets.push(argument.clone());
        } else {
            return Err(format!("no target {argument:?}; there are {}", known.join(" ")));
        }
    }
    if wanted.targets.is_empty() {
        wanted.targets = known.to_vec();
    }
    Ok(wanted)
}

/// Builds all targets and gives the folder they are in. The triple is named so that build scripts
/// and macros, which run while building, are spared the counters.
fn build(machine: &Machine, work: &Path) -> Outcome<PathBuf> {
    let host = first_line(Command::new("rustc").args(["--print", "host-tuple"]))
        .ok_or("rustc does not say what machine this is")?;
    let mut cargo = native(machine, "cargo");
    cargo.args(["build", "--quiet", "--release", "--bins", "--manifest-path"]);
    cargo.args(["core/fuzz/Cargo.toml", "--target", &host, "--target-dir"]);
    cargo.arg(work.join("build")).env("RUSTFLAGS", COUNTERS);
    println!("fuzz  building the targets (minutes, the first time)");
    run_in_view(&mut cargo)?;
    Ok(work.join("build").join(host).join("release"))
}

/// Runs one target; gives libFuzzer's last line about it.
fn run(program: &Path, target: &str, seconds: u32, work: &Path) -> Outcome<String> {
    let folder = |kind: &str| -> Outcome<PathBuf> {
        let path = work.join(kind).join(target);
        fs::create_dir_all(&path).map_err(|e| format!("cannot make {}: {e}", path.display()))?;
        Ok(path)
    };
    let (corpus, seeds, artifacts) = (folder("corpus")?, folder("seeds")?, folder("artifacts")?);
    let log = folder("logs")?.join("log");
    let file = File::create(&log).map_err(|e| format!("cannot write {}: {e}", log.display()))?;
    let mut command = Command::new(program);
    command.arg(format!("-max_total_time={seconds}"));
    command.args(["-timeout=10", "-rss_limit_mb=1024", "-max_len=65536", "-print_final_stats=1"]);
    command.arg(format!("-artifact_prefix={}/", artifacts.display()));
    command.arg(corpus).arg(seeds).stderr(file).stdout(std::process::Stdio::null());
    let status = command.status().map_err(|e| format!("cannot start {target}: {e}"))?;
    let text = fs::read(&log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    if status.success() {
        let done = text.lines().rfind(|line| line.contains("DONE")).unwrap_or_default();
        return Ok(done.to_owned());
    }
    let words = ["panicked at", "ERROR", "Test unit written"];
    let told = text.lines().filter(|line| words.iter().any(|word| line.contains(word)));
    Err(format!("{}\nthe whole log: {}", told.collect::<Vec<_>>().join("\n"), log.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_and_seconds_are_read() {
        let known = ["chunk".to_owned(), "index".to_owned()];
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let all = Wanted { targets: known.to_vec(), seconds: 5 };
        assert_eq!(wanted(&words("--seconds 5"), &known), Ok(all));
        let one = Wanted { targets: vec!["index".to_owned()], seconds: SECONDS };
        assert_eq!(wanted(&words("index"), &known), Ok(one));
        assert!(wanted(&words("nothing"), &known).is_err());
        assert!(wanted(&words("--seconds x"), &known).is_err());
    }

    #[test]
    fn every_target_is_built() {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let manifest = fs::read_to_string(repository.join("core/fuzz/Cargo.toml")).expect("text");
        for target in targets(&repository).expect("the folder is there") {
            assert!(manifest.contains(&format!("name = \"{target}\"")), "{target}");
        }
    }
}

//! `cargo xtask`: set up this machine, serve the page, run every check, measure.
//!
//! | file | what it knows |
//! |---|---|
//! | `versions` | the exact version of every tool |
//! | `machine` | where things are here, and what this machine may do |
//! | `program` | run one program: quietly with a log, or in full view |
//! | `setup/` | one table of steps; each says whether it is done, and does it |
//! | `serve` | build the page and serve it on 127.0.0.1 |
//! | `check/` | one table of stages: all that CI checks, in order |
//! | `bench/` | one table of comparisons with Prometheus |
//! | `fuzz` | every fuzz target for a while |
//!
//! Only the standard library is used, so that the first `cargo xtask` starts at once.

mod bench;
mod check;
mod fuzz;
mod machine;
mod program;
mod serve;
mod setup;
mod versions;

use machine::Machine;
use std::process::ExitCode;

/// What everything here returns; the text is a whole message for a person.
type Outcome<T = ()> = Result<T, String>;

const HELP: &str = "\
cargo xtask: the one way in

  cargo xtask serve [--port N] [--release] [--no-open]
      Install what is missing, build the page, serve it on 127.0.0.1 (port 8080 if not said
      otherwise) and open it with the bundled demo directory.

  cargo xtask test [--only STAGE]... [--list]
      Everything CI checks, in order, each stage timed. Goes on after a failure; ends with a
      summary and fails if any stage failed or could not be run.

  cargo xtask bench [replay] [query] [open] [write] [cut] [merge] [browser] [worker]
      The same jobs done by Chunkscope and by Prometheus, side by side, with ratios. Makes its
      data directories first, once per machine; that takes minutes.

  cargo xtask fuzz [TARGET]... [--seconds 60]
      Random bytes into every decoder, each target of core/fuzz for that long, from pieces of the
      fixtures. What fails is kept in target/fuzz/artifacts.

  cargo xtask setup [--page] [--browser] [--firefox] [--prometheus]
      Only the installing, of everything or of the named parts. The others do it by themselves.

  cargo xtask env
      Shell lines that put the installed tools on PATH and choose the compiler for wasm32:
      eval \"$(cargo xtask env)\" && cargo clippy -p chunkscope --target wasm32-unknown-unknown

Tools go to ~/.cache/chunkscope (CHUNKSCOPE_TOOLS overrides), shared by all clones on this machine.
The first run builds trunk and wasm-bindgen from crates.io, some ten minutes on two cores; later
runs find them and start in seconds.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("\nxtask: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Outcome<ExitCode> {
    let asks_for_help = arguments.iter().any(|a| a == "--help" || a == "-h" || a == "help");
    let Some((command, rest)) = arguments.split_first().filter(|_| !asks_for_help) else {
        print!("{HELP}");
        return Ok(ExitCode::SUCCESS);
    };
    let machine = Machine::look()?;
    match command.as_str() {
        "setup" => setup::command(&machine, rest).map(|()| ExitCode::SUCCESS),
        "serve" => serve::command(&machine, rest).map(|()| ExitCode::SUCCESS),
        "test" => check::command(&machine, rest),
        "bench" => bench::command(&machine, rest),
        "fuzz" => fuzz::command(&machine, rest),
        "env" => {
            print!("{}", machine.wasm_environment_as_shell());
            Ok(ExitCode::SUCCESS)
        }
        other => Err(format!("there is no command {other:?}; see `cargo xtask --help`")),
    }
}

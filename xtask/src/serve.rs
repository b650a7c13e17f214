//! `cargo xtask serve`: build the page and serve it on this machine only.

use crate::Outcome;
use crate::machine::{Machine, find_program};
use crate::program;
use crate::setup::{Part, ensure};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What the page shows when it is opened by us.
const FRAGMENT: &str = "#demo";

struct Options {
    port: u16,
    release: bool,
    open: bool,
}

/// Installs what is missing, builds, serves until interrupted.
pub(crate) fn command(machine: &Machine, arguments: &[String]) -> Outcome {
    let options = parse(arguments)?;
    let address = SocketAddr::from(([127, 0, 0, 1], options.port));
    TcpListener::bind(address)
        .map_err(|e| format!("cannot serve on {address} ({e}); choose another with --port N"))?;

    ensure(machine, Part::Page)?;
    let start = Instant::now();
    println!("serve  building the page (the first build takes some minutes)");
    let mut trunk = program::wasm(machine, "trunk");
    trunk.args(["serve", "--address", "127.0.0.1", "--port", &options.port.to_string()]);
    if options.release {
        trunk.arg("--release");
    }
    let mut server = trunk.spawn().map_err(|e| format!("cannot start trunk: {e}"))?;
    wait_until_it_answers(&mut server, address)?;

    let url = format!("http://{address}/{FRAGMENT}");
    println!("\nserve  ready after {}: {url}\n", program::duration(start.elapsed()));
    if options.open {
        open_in_browser(&url);
    }
    let status = server.wait().map_err(|e| format!("lost sight of trunk: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("trunk ended with {status}")) }
}

fn parse(arguments: &[String]) -> Outcome<Options> {
    let mut options = Options { port: 8080, release: false, open: true };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--release" => options.release = true,
            "--no-open" => options.open = false,
            "--port" => {
                let port = rest.next().and_then(|value| value.parse().ok());
                options.port = port.ok_or("--port needs a number from 1 to 65535")?;
            }
            other => return Err(format!("serve has no option {other:?}; see --help")),
        }
    }
    Ok(options)
}

/// Trunk listens only once the first build has succeeded.
fn wait_until_it_answers(server: &mut Child, address: SocketAddr) -> Outcome {
    while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
        let ended = server.try_wait().map_err(|e| format!("lost sight of trunk: {e}"))?;
        if let Some(status) = ended {
            return Err(format!("trunk ended with {status} before the page was built"));
        }
        thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

/// Opens the page if there is a screen to show it on; that it cannot is no failure.
fn open_in_browser(url: &str) {
    let has_screen = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|v| std::env::var_os(v).is_some());
    let opener = match std::env::consts::OS {
        "macos" => "open",
        "windows" => "explorer",
        _ if has_screen => "xdg-open",
        _ => return,
    };
    if find_program(opener).is_some() {
        let quiet =
            Command::new(opener).arg(url).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        if quiet.is_err() {
            println!("serve  no browser could be started: open the address by hand");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_unknown_ones_refused() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let options = parse(&words("--port 9000 --release")).expect("they are valid");
        assert!(options.port == 9000 && options.release && options.open);
        assert!(parse(&words("--port")).is_err());
        assert!(parse(&words("--port 70000")).is_err());
        assert!(parse(&words("--fast")).is_err());
    }
}

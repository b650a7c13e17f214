//! What Debian's packages bring: a compiler for wasm32, two browsers, Prometheus.

use super::Step;
use crate::Outcome;
use crate::machine::{Machine, find_program};
use crate::program::{native, run_with_log};
use std::sync::atomic::{AtomicBool, Ordering};

/// Package lists are refreshed once per run, and only when something must be installed.
static LISTS_ARE_FRESH: AtomicBool = AtomicBool::new(false);

/// The browser of most tests, and its driver.
pub(super) fn chromium() -> Step {
    Step {
        name: "Chromium and its driver".to_owned(),
        doing: "installing Debian's packages (about a minute)",
        is_done: |_| find_program("chromium").is_some() && find_program("chromedriver").is_some(),
        act: |machine| install(machine, &["chromium", "chromium-driver"]),
        by_hand: "put `chromium` and a `chromedriver` of the same version on PATH \
                  (Debian: apt-get install chromium chromium-driver)",
    }
}

/// The other browser. It needs no driver: it speaks WebDriver BiDi itself.
pub(super) fn firefox() -> Step {
    Step {
        name: "Firefox".to_owned(),
        doing: "installing Debian's package (about a minute)",
        is_done: |_| find_program("firefox-esr").is_some() || find_program("firefox").is_some(),
        act: |machine| install(machine, &["firefox-esr"]),
        by_hand: "put `firefox-esr` or `firefox` on PATH \
                  (Debian: apt-get install firefox-esr); until then nothing has run in Firefox",
    }
}

/// The server we compare with, and its tool.
pub(super) fn prometheus() -> Step {
    Step {
        name: "Prometheus".to_owned(),
        doing: "installing Debian's package (about a minute)",
        is_done: |_| find_program("prometheus").is_some() && find_program("promtool").is_some(),
        act: |machine| install(machine, &["prometheus"]),
        by_hand: "put `prometheus` and `promtool` on PATH (Debian: apt-get install prometheus)",
    }
}

/// Installs packages, without the ones they only recommend and without starting services.
pub(super) fn install(machine: &Machine, packages: &[&str]) -> Outcome {
    if !machine.can_apt {
        return Err(format!("it needs apt-get as root for: {}", packages.join(" ")));
    }
    let apt = || {
        let mut command = native(machine, "apt-get");
        command.args(["-o", "DPkg::Lock::Timeout=600", "-o", "Acquire::Retries=3", "-y"]);
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command.env("RUNLEVEL", "1"); // asks init scripts not to start what was installed
        command
    };
    if !LISTS_ARE_FRESH.swap(true, Ordering::Relaxed) {
        run_with_log(machine, "apt", apt().arg("update"))?;
    }
    run_with_log(machine, "apt", apt().args(["install", "--no-install-recommends"]).args(packages))
}

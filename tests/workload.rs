//! Does the work of `harness/workload.rs` in files, on one thread, and prints how long each part
//! took. `cargo xtask bench worker` runs this beside the same in a browser's worker.
//!
//! `cargo run --release -p chunkscope-tests --example workload -- FOLDER SERIES`

use std::path::PathBuf;
use std::sync::Arc;

use chunkscope::storage::Mmap;
use chunkscope_tests::workload::Workload;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "workload FOLDER SERIES";
    let folder = PathBuf::from(arguments.next().ok_or(usage)?);
    let series = arguments.next().ok_or(usage)?.parse()?;
    std::fs::create_dir(&folder)?;
    let mut work = Workload::begin(Arc::new(Mmap::open_directory(&folder)?), series)?;
    while let Some(what) = work.step()? {
        work.count(what);
    }
    println!("{}", work.report());
    Ok(())
}

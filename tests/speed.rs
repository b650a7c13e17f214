//! How fast one thread ingests and compacts on files of this machine, to be held against the same
//! work in a browser's worker (`tests/browser/speed.mjs`):
//!
//! ```text
//! cargo run --release -p chunkscope-tests --example speed -- SERIES SCRAPES
//! ```
//!
//! Prints samples per second of ingestion, and seconds of compaction, as JSON.

#[cfg(not(target_arch = "wasm32"))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use chunkscope::storage::Mmap;
    use chunkscope_tests::speed::Speed;

    let numbers: Vec<u64> = std::env::args().skip(1).map_while(|word| word.parse().ok()).collect();
    let [series, scrapes] = numbers.as_slice() else { return Err("SERIES SCRAPES".into()) };
    let directory = std::env::temp_dir().join(format!("chunkscope-speed-{}", std::process::id()));
    std::fs::create_dir(&directory)?;
    let storage = Arc::new(Mmap::open_directory(&directory)?);
    let mut speed = Speed::new(storage, *series as usize)?;
    let (mut ingesting, mut compacting) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..*scrapes {
        let start = Instant::now();
        speed.scrape()?;
        ingesting += start.elapsed();
        let start = Instant::now();
        while speed.upkeep()? {}
        compacting += start.elapsed();
    }
    drop(speed);
    std::fs::remove_dir_all(&directory)?;
    let rate = (series * scrapes) as f64 / ingesting.as_secs_f64();
    println!("{{\"samples_per_second\":{rate:.0},\"compaction\":{:.3}}}", compacting.as_secs_f64());
    Ok(())
}

#[cfg(target_arch = "wasm32")]
fn main() {}

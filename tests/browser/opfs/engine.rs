//! A database in the browser's own file storage, for tests that kill the tab it runs in. `work` is
//! timed instead.
//!
//! Scrape `n` gives each series `s` the value `20 n + s` at minute `n`: what must be there after a
//! crash is known from one number, and so is what must not.
#![cfg(target_arch = "wasm32")]

pub mod work;

use std::cell::RefCell;
use std::sync::Arc;

use chunkscope::clock::{Clock, VirtualClock};
use chunkscope::db::{LiveDb, OpenLive, Upkeep, Verify, WriteOptions, each_series};
use chunkscope::error::{Error, Result};
use chunkscope::event::{Job, Severity};
use chunkscope::labels::Labels;
use chunkscope::query::ReadStats;
use chunkscope::storage::archive::PackTar;
use chunkscope::storage::{Opfs, Storage};
use chunkscope::types::TimeRange;
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

/// When scrape 0 happened.
const START: i64 = 1_700_000_000_000;

/// Between two scrapes.
const INTERVAL: i64 = 60_000;

const SERIES: u64 = 20;

/// Blocks of 20 minutes: one is cut every 20 scrapes, and three of them merge into one hour.
const CHUNK_RANGE: i64 = 20 * INTERVAL;

/// An open database.
struct Session {
    store: Arc<Opfs>,
    db: LiveDb,
    clock: Arc<VirtualClock>,
    /// Scrapes so far.
    scrapes: u64,
    packing: Option<PackTar>,
}

thread_local! {
    static SESSION: RefCell<Option<Session>> = const { RefCell::new(None) };
}

fn take() -> std::result::Result<Session, JsError> {
    let session = SESSION.with(|session| session.borrow_mut().take());
    session.ok_or_else(|| JsError::new("nothing is open, or the last call failed"))
}

fn put(session: Session) {
    SESSION.with(|place| *place.borrow_mut() = Some(session));
}

/// Opens the database of the store, an empty one if there is none; `seed` is for block names. Gives
/// the number of scrapes it holds, after checking all of them and verifying the directory.
#[wasm_bindgen]
pub async fn open(store: String, seed: u32) -> std::result::Result<f64, JsError> {
    let store = Arc::new(Opfs::mount_or_create(&store).await.map_err(JsError::from)?);
    let clock = Arc::new(VirtualClock::new(START, u64::from(seed)));
    let options = WriteOptions {
        chunk_range: CHUNK_RANGE,
        max_block_duration: Some(9 * CHUNK_RANGE),
        ..WriteOptions::default()
    };
    let open = OpenLive::new(store.clone(), options, clock.clone()).map_err(JsError::from)?;
    let db = open.run().map_err(JsError::from)?;
    store.settle().await.map_err(JsError::from)?;
    let scrapes = check(&db).map_err(JsError::from)?;
    clock.set(START + scrapes as i64 * INTERVAL);
    put(Session { store, db, clock, scrapes, packing: None });
    Ok(scrapes as f64)
}

/// The number of scrapes in the database: each series has all of them and nothing else, and all
/// files are sound.
fn check(db: &LiveDb) -> Result<u64> {
    let report = Verify::new(db.view())?.run()?;
    let damage = report.findings.iter().find(|finding| finding.severity == Severity::Damage);
    if let Some(finding) = damage {
        return Err(Error::refused(format!("{}: {}", finding.at, finding.what)));
    }
    let mut counts = Vec::new();
    let mut stats = ReadStats::default();
    each_series(db.view(), &[], TimeRange::ALL, &mut stats, &mut |labels, samples| {
        let series: u64 = labels.get("series").and_then(|text| text.parse().ok()).unwrap_or(99);
        let floats = samples.floats.times.iter().zip(&samples.floats.values);
        for (scrape, (&time, &value)) in floats.enumerate() {
            let scrape = scrape as u64;
            let expected = (START + scrape as i64 * INTERVAL, (scrape * SERIES + series) as f64);
            if (time, value) != expected {
                let found = format!("{labels}: scrape {scrape} is {value} at {time}");
                return Err(Error::refused(found));
            }
        }
        counts.push(samples.floats.times.len() as u64);
        Ok(())
    })?;
    let first = counts.first().copied().unwrap_or(0);
    if counts.iter().any(|&count| count != first) || ![0, SERIES].contains(&(counts.len() as u64)) {
        return Err(Error::refused(format!("scrapes by series: {counts:?}")));
    }
    Ok(first)
}

/// Appends scrapes, each in its own commit. Gives the number of scrapes that have settled.
#[wasm_bindgen]
pub async fn ingest(scrapes: u32) -> std::result::Result<f64, JsError> {
    let mut session = take()?;
    let appended = session.append(scrapes);
    let settled = session.store.settle().await;
    let total = session.scrapes as f64;
    put(session);
    appended.map_err(JsError::from)?;
    settled.map_err(JsError::from)?;
    Ok(total)
}

impl Session {
    fn append(&mut self, scrapes: u32) -> Result<()> {
        for _ in 0..scrapes {
            let time = START + self.scrapes as i64 * INTERVAL;
            let refused = |error: &dyn ToString| Error::refused(error.to_string());
            let mut appender = self.db.appender()?;
            for series in 0..SERIES {
                let number = series.to_string();
                let pairs = [("__name__", "test_value"), ("series", number.as_str())];
                let value = (self.scrapes * SERIES + series) as f64;
                let labels = Labels::from_pairs(pairs);
                let taken = self.db.append(&mut appender, &labels, (time, value));
                taken.map_err(|error| refused(&error))?;
            }
            self.db.commit(appender).map_err(|error| refused(&error))?;
            self.scrapes += 1;
            self.clock.set(time.max(self.clock.now()));
        }
        Ok(())
    }
}

/// Does at most so many steps of upkeep, each settled. True when nothing was left to do.
#[wasm_bindgen]
pub async fn upkeep(steps: u32) -> std::result::Result<bool, JsError> {
    let mut session = take()?;
    let mut is_idle = false;
    let mut failed = None;
    for _ in 0..steps {
        match session.db.upkeep() {
            Ok(Upkeep::Idle { .. }) => is_idle = true,
            Ok(_) => {}
            Err(error) => failed = Some(error),
        }
        if let Err(error) = session.store.settle().await {
            failed = failed.or(Some(error));
        }
        if is_idle || failed.is_some() {
            break;
        }
    }
    put(session);
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(is_idle),
    }
}

/// Checks everything, as [`open`] does.
#[wasm_bindgen]
pub fn verify() -> std::result::Result<f64, JsError> {
    let session = take()?;
    let checked = check(&session.db);
    put(session);
    Ok(checked.map_err(JsError::from)? as f64)
}

/// The next piece of a tar archive of the directory; none after the last one.
#[wasm_bindgen]
pub fn pack() -> std::result::Result<Option<Vec<u8>>, JsError> {
    let mut session = take()?;
    let packing = session.packing.take().map_or_else(
        || PackTar::new(session.store.as_ref(), "data", &["lock"], START as u64 / 1000),
        Ok,
    );
    let piece = packing.and_then(|mut packing| {
        let piece = packing.next_piece()?;
        session.packing = piece.is_some().then_some(packing);
        Ok(piece)
    });
    put(session);
    piece.map_err(JsError::from)
}

/// Names of the directory's entries.
#[wasm_bindgen]
pub fn names() -> std::result::Result<Vec<String>, JsError> {
    let session = take()?;
    let listed = session.store.list("");
    put(session);
    Ok(listed.map_err(JsError::from)?.into_iter().map(|entry| entry.name).collect())
}

/// Closes the database cleanly.
#[wasm_bindgen]
pub async fn close() -> std::result::Result<(), JsError> {
    let session = take()?;
    session.db.close().map_err(JsError::from)?;
    session.store.settle().await.map_err(JsError::from)
}

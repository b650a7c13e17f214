//! The work that is timed: as natively, but each step settles before the next.

use std::sync::Arc;

use chunkscope::storage::Opfs;
use chunkscope_tests::workload::Workload;
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

/// Does all of it for so many series in an empty store, which is removed again; gives the times.
#[wasm_bindgen]
pub async fn work(store: String, series: u32) -> Result<String, JsError> {
    Opfs::destroy(&store).await.map_err(JsError::from)?;
    let mounted = Arc::new(Opfs::mount_or_create(&store).await.map_err(JsError::from)?);
    let mut work =
        Workload::begin(mounted.clone(), u64::from(series)).map_err(|why| JsError::new(&why))?;
    while let Some(what) = work.step().map_err(|why| JsError::new(&why))? {
        mounted.settle().await.map_err(JsError::from)?;
        work.count(what);
    }
    let report = work.report();
    drop((work, mounted));
    Opfs::destroy(&store).await.map_err(JsError::from)?;
    Ok(report)
}

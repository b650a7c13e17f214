//! Symbols that were looked up, kept for the next series of a query.

use std::ops::Range;

use hashbrown::HashMap;

/// Symbols that were looked up. A query meets the same few again and again.
#[derive(Debug, Default)]
pub struct SymbolCache {
    places: HashMap<u64, Range<usize>>,
    text: Vec<u8>,
}

impl SymbolCache {
    /// True when symbol `symbol` is here.
    pub(super) fn has(&self, symbol: u64) -> bool {
        self.places.contains_key(&symbol)
    }

    /// Adds a symbol that is not here.
    pub(super) fn add(&mut self, symbol: u64, bytes: &[u8]) {
        let start = self.text.len();
        self.text.extend_from_slice(bytes);
        self.places.insert(symbol, start..self.text.len());
    }

    /// The text of a symbol that is here.
    pub(super) fn get(&self, symbol: u64) -> &[u8] {
        self.places.get(&symbol).map_or(&[], |place| &self.text[place.clone()])
    }

    /// Forgets all when that is a lot; for between two series.
    pub(in super::super) fn trim(&mut self) {
        if self.text.len() > 4 << 20 {
            self.text.clear();
            self.places.clear();
        }
    }
}

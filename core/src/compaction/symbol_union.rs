//! The symbols of all sources as one ascending list, and each source's numbers in it.
//!
//! Invariant: numbers ascend with text, in each source and in the union. Label sets of different
//! sources are therefore compared by the numbers of the union, without looking at text.

use std::borrow::Cow;

use crate::block::BlockWriter;
use crate::error::{Error, Result};
use crate::query::{ChunkSource, SymbolIter};

/// Symbols that one step adds.
const STEP_SYMBOLS: usize = 1 << 15;

/// For each source, the number in the union of each of its symbols.
pub(super) type SymbolNumbers = Vec<Vec<u32>>;

/// The work of uniting symbols. Every symbol that a source has is in the union, used or not, as
/// upstream does.
#[derive(Debug, Default)]
pub(super) struct SymbolUnion {
    /// Sources whose symbols were looked at: the first look may read the whole table.
    opened: usize,
    /// As far as each source was gone through.
    numbers: SymbolNumbers,
}

impl SymbolUnion {
    /// Gives `writer` the next symbols; true when there are no more. The sources are the same ones
    /// with every step.
    ///
    /// # Errors
    /// A source cannot be read, or its symbols do not ascend.
    pub(super) fn step(
        &mut self,
        sources: &[&dyn ChunkSource],
        writer: &mut BlockWriter,
    ) -> Result<bool> {
        let Self { opened, numbers } = self;
        if let Some(source) = sources.get(*opened) {
            drop(source.symbols(0)?);
            *opened += 1;
            return Ok(false);
        }
        numbers.resize_with(sources.len(), Vec::new);
        // As many as it has numbers, it has given.
        let rest = sources.iter().zip(numbers.iter());
        let rest = rest.map(|(source, numbers)| List::of(*source, numbers.len() as u64));
        let mut lists = rest.collect::<Result<Vec<_>>>()?;
        let mut symbol = Vec::new();
        for _ in 0..STEP_SYMBOLS {
            let least = lists.iter().filter_map(|list| list.next.as_deref()).min();
            let Some(least) = least else { return Ok(true) };
            let number = writer.add_symbol(least)?;
            symbol.clear();
            symbol.extend_from_slice(least);
            for (list, numbers) in lists.iter_mut().zip(numbers.iter_mut()) {
                if list.next.as_deref() == Some(symbol.as_slice()) {
                    numbers.push(number);
                    list.advance()?;
                }
            }
        }
        Ok(false)
    }

    /// The numbers, when there are no more symbols.
    pub(super) fn into_numbers(self) -> SymbolNumbers {
        self.numbers
    }
}

/// The symbols of one source, from the next on.
struct List<'s> {
    rest: SymbolIter<'s>,
    next: Option<Cow<'s, [u8]>>,
}

impl<'s> List<'s> {
    fn of(source: &'s dyn ChunkSource, from: u64) -> Result<Self> {
        let mut rest = source.symbols(from)?;
        let next = rest.next().transpose()?;
        Ok(Self { rest, next })
    }

    fn advance(&mut self) -> Result<()> {
        let next = self.rest.next().transpose()?;
        if next.is_some() && next <= self.next {
            let text = next.map(|text| String::from_utf8_lossy(&text).into_owned());
            let text = text.unwrap_or_default();
            return Err(Error::refused(format!("the symbol {text:?} of a source is out of order")));
        }
        self.next = next;
        Ok(())
    }
}

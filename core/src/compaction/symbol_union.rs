//! The symbols of all sources as one ascending list, and each source's numbers in it.
//!
//! Invariant: numbers ascend with text, in each source and in the union. Label sets of different
//! sources are therefore compared by the numbers of the union, without looking at text.

use std::borrow::Cow;

use crate::block::BlockWriter;
use crate::error::{Error, Result};
use crate::query::{ChunkSource, SymbolIter};

/// For each source, the number in the union of each of its symbols.
pub(super) type SymbolNumbers = Vec<Vec<u32>>;

/// Gives `writer` every symbol that a source has, used or not, as upstream does.
///
/// # Errors
/// A source cannot be read, or its symbols do not ascend.
pub(super) fn write_union(
    sources: &[&dyn ChunkSource],
    writer: &mut BlockWriter,
) -> Result<SymbolNumbers> {
    let mut lists = sources.iter().map(|source| List::of(*source)).collect::<Result<Vec<_>>>()?;
    // With one source its own numbers are those of the union; no list of sources is that long.
    let mut numbers: SymbolNumbers = vec![Vec::new(); sources.len()];
    while let Some(least) = lists.iter().filter_map(|list| list.next.as_deref()).min() {
        let number = writer.add_symbol(least)?;
        let least = least.to_vec();
        for (list, numbers) in lists.iter_mut().zip(&mut numbers) {
            if list.next.as_deref() == Some(least.as_slice()) {
                numbers.push(number);
                list.advance()?;
            }
        }
    }
    Ok(numbers)
}

/// The symbols of one source, from the next on.
struct List<'s> {
    rest: SymbolIter<'s>,
    next: Option<Cow<'s, [u8]>>,
}

impl<'s> List<'s> {
    fn of(source: &'s dyn ChunkSource) -> Result<Self> {
        let mut rest = source.symbols()?;
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

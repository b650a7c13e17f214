//! Where reading goes on after damage.

use super::fragment::{FragmentKind, HEADER_SIZE, Header};
use super::window::Window;
use crate::encoding::Reader;
use crate::error::Result;

/// How many bytes of one page are checksummed at most while looking for a fragment: bytes made to
/// look like fragments everywhere must not make a page expensive.
const SEARCH_BUDGET: usize = 1 << 20;

/// What stands at a position.
enum Found {
    /// An intact fragment that begins a record.
    Record,
    /// An intact fragment that continues a record, and where the next one is.
    Rest(u64),
    /// Zeros up to the end of the page.
    PageEnd,
    /// Neither.
    Damage,
}

/// The offset at which reading goes on after the damaged fragment at `at`; greater than `at`.
///
/// `behind` is where the next fragment is if the damaged one's length is right.
///
/// # Errors
/// The storage fails.
pub(super) fn resume_after(window: &mut Window, at: u64, behind: Option<u64>) -> Result<u64> {
    let page_end = window.page_end(at);
    let mut in_page = None;
    if let Some(behind) = behind.filter(|behind| (at + 1..=page_end).contains(behind)) {
        let end = skip_rest(window, behind)?;
        if end > behind || !matches!(look(window, end)?, Found::Damage) {
            in_page = Some(end);
        }
    }
    // A wrong length may lead past intact fragments, or nowhere: search up to there, or everywhere.
    let limit = in_page.unwrap_or(page_end).min(page_end);
    let bytes = window.bytes(at + 1, (limit - at - 1) as usize)?;
    if let Some(index) = search(bytes) {
        return Ok(at + 1 + index as u64);
    }
    match in_page {
        Some(end) => Ok(end),
        None => skip_rest(window, page_end),
    }
}

/// Steps over intact fragments that continue a record which is lost anyway.
fn skip_rest(window: &mut Window, mut at: u64) -> Result<u64> {
    while at < window.padded_len() {
        match look(window, at)? {
            Found::Rest(next) => at = next,
            _ => break,
        }
    }
    Ok(at)
}

fn look(window: &mut Window, at: u64) -> Result<Found> {
    if at >= window.padded_len() {
        return Ok(Found::PageEnd);
    }
    let Ok(header) = Header::read(&mut Reader::new(window.bytes(at, HEADER_SIZE)?, at)) else {
        return Ok(Found::Damage);
    };
    let Header::Fragment(fragment) = header else {
        let rest = window.bytes(at, (window.page_end(at) - at) as usize)?;
        let zeros = rest.iter().skip(1).all(|byte| *byte == 0);
        return Ok(if zeros { Found::PageEnd } else { Found::Damage });
    };
    let (data_at, size) = (at + HEADER_SIZE as u64, usize::from(fragment.length));
    let data = window.bytes(data_at, size)?;
    if data.len() < size || fragment.check(at, data).is_err() {
        return Ok(Found::Damage);
    }
    Ok(match fragment.kind {
        FragmentKind::Full | FragmentKind::First => Found::Record,
        FragmentKind::Middle | FragmentKind::Last => Found::Rest(data_at + size as u64),
        FragmentKind::Invalid(_) => Found::Damage,
    })
}

/// The first position in `bytes` at which a fragment with data begins a record and is intact.
fn search(bytes: &[u8]) -> Option<usize> {
    let mut budget = SEARCH_BUDGET;
    (0..bytes.len().saturating_sub(HEADER_SIZE)).find(|index| {
        let candidate = &bytes[*index..];
        // Reserved bits are ignored on read, but a search goes for what writers write.
        if candidate[0] & 0xe0 != 0 {
            return false;
        }
        let Ok(Header::Fragment(fragment)) = Header::read(&mut Reader::new(candidate, 0)) else {
            return false;
        };
        let size = usize::from(fragment.length);
        if size == 0 || !fragment.kind.begins_record() || size > budget {
            return false;
        }
        let Some(data) = candidate.get(HEADER_SIZE..HEADER_SIZE + size) else { return false };
        budget -= size;
        fragment.check(0, data).is_ok()
    })
}

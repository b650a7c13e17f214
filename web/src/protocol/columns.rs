//! Columns: bulk numbers that travel beside a message, not inside it.
//!
//! ```text
//! message   { head: String, buffers: [ArrayBuffer, …] }
//! head      JSON; points into the buffers by column number and index range
//! buffers   each a Float64Array's buffer, transferred, not copied
//! ```
//!
//! Times are milliseconds since the epoch: whole numbers, exact in a float up to 2^53.

/// The columns of one message.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Columns {
    buffers: Vec<Vec<f64>>,
}

impl Columns {
    /// The columns, in the order the head counts them.
    #[must_use]
    pub fn new(buffers: Vec<Vec<f64>>) -> Self {
        Self { buffers }
    }

    /// Column `index`; empty when the message has no such column.
    #[must_use]
    pub fn column(&self, index: usize) -> &[f64] {
        self.buffers.get(index).map_or(&[], Vec::as_slice)
    }

    /// Part of column `index`; empty when the column does not reach that far.
    #[must_use]
    pub fn part(&self, index: usize, start: usize, len: usize) -> &[f64] {
        let end = start.saturating_add(len);
        self.column(index).get(start..end).unwrap_or(&[])
    }

    /// All columns, to be sent.
    #[must_use]
    pub fn into_buffers(self) -> Vec<Vec<f64>> {
        self.buffers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_does_not_exist_is_empty() {
        let columns = Columns::new(vec![vec![1.0, 2.0, 3.0]]);
        assert_eq!(columns.part(0, 1, 2), [2.0, 3.0]);
        assert!(columns.part(0, 2, 2).is_empty());
        assert!(columns.part(1, 0, 1).is_empty());
        assert!(columns.part(0, usize::MAX, usize::MAX).is_empty());
    }
}

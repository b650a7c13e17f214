//! Tables for a terminal: numbers to the right, words to the left.

use std::io::{self, Write};

/// One row of text cells.
pub(crate) type Row = Vec<String>;

/// Writes `rows` under `head`. A column whose every cell looks like a number is set to the right.
pub(crate) fn write(out: &mut impl Write, head: &[&str], rows: &[Row]) -> io::Result<()> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.max().unwrap_or(0).max(head[column].chars().count())
    };
    let numeric = |column: usize| {
        let starts_with_digit =
            |cell: &String| cell.is_empty() || cell.starts_with(|c: char| c.is_ascii_digit());
        rows.iter().filter_map(|row| row.get(column)).all(starts_with_digit)
    };
    let columns: Vec<(usize, bool)> =
        (0..head.len()).map(|column| (width(column), numeric(column))).collect();
    let head: Row = head.iter().map(ToString::to_string).collect();
    for row in std::iter::once(&head).chain(rows) {
        let cells = row.iter().zip(&columns).map(|(cell, (width, numeric))| {
            if *numeric { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_right_and_words_left() {
        let mut out = Vec::new();
        let rows = [vec!["a".to_owned(), "7".to_owned()], vec!["bcd".to_owned(), "100".to_owned()]];
        write(&mut out, &["name", "n"], &rows).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "name    n\na       7\nbcd   100\n");
    }
}

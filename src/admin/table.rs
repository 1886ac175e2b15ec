//! Lists for people: a header, and columns that foreign names can neither widen without end nor steer a terminal from.

use crate::text::printable;

/// How much of a cell is shown: a fingerprint with its `sha256:` fits.
const CELL_CHARS: usize = 80;

/// A line each, with the header first.
pub fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    table_with_text(head, rows, CELL_CHARS)
}

/// The same with a text in the last column, of which so many characters are shown.
pub fn table_with_text<const N: usize>(
    head: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
    characters: usize,
) -> String {
    let shown = |row: [String; N]| {
        let mut column = 0;
        row.map(|cell| {
            column += 1;
            printable(&cell, if column == N { characters } else { CELL_CHARS })
        })
    };
    let rows: Vec<_> = std::iter::once(head.map(str::to_owned)).chain(rows.into_iter().map(shown)).collect();
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: [usize; N] = std::array::from_fn(|column| width(column).unwrap_or(0));
    let line = |row: &[String; N]| {
        let padded = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_does_not_ruin_the_list() {
        let rows = [["x".repeat(5000), "1".to_owned()], ["a\u{1b}[2J".to_owned(), "2".to_owned()]];
        let text = table(["NAME", "N"], rows);
        assert!(text.lines().all(|line| line.chars().count() < 90), "{text}");
        assert!(text.contains("a\\u{1b}[2J"), "{text}");
    }
}

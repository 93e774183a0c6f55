//! Text in columns.

use std::fmt;

use systole_lab::sweep::Point;

/// Rows of cells. The first `left` columns hold text, the others figures.
#[derive(Debug)]
pub(crate) struct Table {
    left: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<S: Into<String>>(left: usize, names: impl IntoIterator<Item = S>) -> Self {
        let mut table = Self {
            left,
            rows: Vec::new(),
        };
        table.row(names);
        table
    }

    pub(crate) fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// Adds a line that spans all columns.
    pub(crate) fn heading(&mut self, text: impl Into<String>) {
        self.rows.push(vec![text.into()]);
    }

    fn width(&self, column: usize) -> usize {
        let rows = self.rows.iter().filter(|row| row.len() > 1);
        let cells = rows.filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        if let [heading] = row {
            return heading.clone();
        }
        let pad = |(column, (cell, &width)): (usize, (&String, &usize))| {
            if column < self.left {
                format!("{cell:width$}")
            } else {
                format!("{cell:>width$}")
            }
        };
        let cells: Vec<_> = row.iter().zip(widths).enumerate().map(pad).collect();
        cells.join("  ").trim_end().to_owned()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let widths: Vec<_> = (0..columns).map(|column| self.width(column)).collect();
        for row in &self.rows {
            writeln!(f, "{}", self.line(row, &widths))?;
        }
        Ok(())
    }
}

/// Returns avoidable mistakes and probes per second, such as `17.8 @ 0.741`.
pub(crate) fn a_at_p(point: &Point) -> String {
    format!("{:.1} @ {:.3}", point.avoidable, point.probes_per_s)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_headings_widen_none() {
        let mut table = Table::new(1, ["who", "A", "P"]);
        table.heading("a heading that is long");
        table.row(["NFD-S", "10.0", "1"]);
        table.row(["x", "1", "0.25"]);
        let lines =
            "who       A     P\na heading that is long\nNFD-S  10.0     1\nx         1  0.25\n";
        assert_eq!(table.to_string(), lines);
    }
}

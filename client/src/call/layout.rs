//! Where the tiles of a room go.

/// Columns and rows of a grid, and the size of one tile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    pub columns: u16,
    pub rows: u16,
    pub width: f64,
    pub height: f64,
}

/// What the tiles have to fit into.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    pub width: f64,
    pub height: f64,
    /// Between tiles.
    pub gap: f64,
}

/// Width divided by height.
const ASPECT: f64 = 16.0 / 9.0;

/// The grid that shows so many tiles at the largest total area; tiles keep the shape of a picture.
#[must_use]
pub fn largest(tiles: u16, area: Area) -> Grid {
    let tiles = tiles.max(1);
    let candidates = (1..=tiles).map(|columns| {
        let rows = tiles.div_ceil(columns);
        let room = |total: f64, count: u16| ((total - area.gap * f64::from(count - 1)) / f64::from(count)).max(0.0);
        let (most_width, most_height) = (room(area.width, columns), room(area.height, rows));
        let width = most_width.min(most_height * ASPECT);
        Grid { columns, rows, width: width.floor(), height: (width / ASPECT).floor() }
    });
    let best = candidates.max_by(|a, b| a.width.total_cmp(&b.width).then(b.columns.cmp(&a.columns)));
    best.unwrap_or(Grid { columns: 1, rows: 1, width: area.width, height: area.height })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WIDE: Area = Area { width: 1200.0, height: 675.0, gap: 8.0 };

    #[test]
    fn a_single_tile_fills_the_area() {
        assert_eq!(largest(1, WIDE), Grid { columns: 1, rows: 1, width: 1200.0, height: 675.0 });
    }

    #[test]
    fn four_tiles_make_a_square_and_two_stand_below_each_other_on_a_phone() {
        assert_eq!((largest(4, WIDE).columns, largest(4, WIDE).rows), (2, 2));
        let phone = Area { width: 344.0, height: 560.0, gap: 8.0 };
        assert_eq!(largest(2, phone).columns, 1);
    }

    proptest! {
        #[test]
        fn tiles_fit_and_no_grid_shows_them_larger(tiles in 1u16..50, width in 200.0..3000.0, height in 150.0..2000.0) {
            let area = Area { width, height, gap: 8.0 };
            let grid = largest(tiles, area);
            prop_assert!(grid.columns * grid.rows >= tiles);
            prop_assert!(grid.width * f64::from(grid.columns) + 8.0 * f64::from(grid.columns - 1) <= width + 1e-6);
            prop_assert!(grid.height * f64::from(grid.rows) + 8.0 * f64::from(grid.rows - 1) <= height + 1e-6);
            for columns in 1..=tiles {
                let rows = tiles.div_ceil(columns);
                let across = (width - 8.0 * f64::from(columns - 1)) / f64::from(columns);
                let down = (height - 8.0 * f64::from(rows - 1)) / f64::from(rows);
                prop_assert!(grid.width + 1.0 >= across.min(down * ASPECT));
            }
        }
    }
}

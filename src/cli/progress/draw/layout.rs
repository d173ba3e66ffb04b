//! The widths of the columns.

/// The minimum width of a name, whatever other columns are omitted for it.
const NAME_MIN: usize = 16;
/// The width of a long name if there is a bar.
const NAME_WITH_BAR: usize = 36;
const NAME_MAX: usize = 72;
/// `pulling 12/34`
pub(super) const STATE: usize = 13;
/// `100%`
const PERCENT: usize = 4;
/// `999.9/999.9 MB`
const BYTES: usize = 14;
/// `999.9 MB/s`
const RATE: usize = 10;
/// `1:02:03`
const TIME_LEFT: usize = 7;
const BAR_MIN: usize = 10;
const BAR_MAX: usize = 24;
/// The blanks between two columns.
pub(super) const GAP: usize = 2;

/// The width of each column in terminal columns; 0 if the terminal is too narrow for it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub name: usize,
    pub bar: usize,
    pub percent: usize,
    pub bytes: usize,
    pub time_left: usize,
    pub rate: usize,
}

impl Layout {
    /// Distributes the width: first the shortened name and the state, then the numbers in the order of
    /// their value to the user, then the rest of the name and the bar.
    pub(super) fn new(longest_name: usize, width: usize) -> Self {
        let full_name = longest_name.min(NAME_MAX);
        let mut rest = width.saturating_sub(full_name.min(NAME_MIN) + GAP + STATE);
        let mut reserve = |columns: usize| {
            if rest < columns + GAP {
                return 0;
            }
            rest -= columns + GAP;
            columns
        };
        let (percent, bytes, time_left, rate) = (reserve(PERCENT), reserve(BYTES), reserve(TIME_LEFT), reserve(RATE));
        // A name tells more than a bar.
        let missing = full_name.min(NAME_WITH_BAR).saturating_sub(NAME_MIN);
        let bar = rest.saturating_sub(missing + 1).min(BAR_MAX);
        let bar = if rate > 0 && bar >= BAR_MIN { bar } else { 0 };
        let name = NAME_MIN + rest - if bar > 0 { bar + 1 } else { 0 };
        Self { name: full_name.min(name).min(width), bar, percent, bytes, time_left, rate }
    }
}

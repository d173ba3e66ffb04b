//! How far two spellings of a word are apart.

/// The number of letters to insert, remove, replace or swap with their neighbor to turn one text into the
/// other (optimal string alignment).
#[must_use]
pub fn edit_distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut before = vec![0; to.len() + 1];
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (row, &letter) in from.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, &other) in to.iter().enumerate() {
            let mut best = (last[column] + usize::from(letter != other)).min(last[column + 1] + 1);
            best = best.min(current[column] + 1);
            let is_swap = row > 0 && column > 0 && letter == to[column - 1] && from[row - 1] == other;
            current.push(if is_swap { best.min(before[column - 1] + 1) } else { best });
        }
        before = last;
        last = current;
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::edit_distance;

    #[test]
    fn a_swap_counts_once() {
        let table =
            [("", "", 0), ("a", "", 1), ("ab", "ba", 1), ("abc", "acb", 1), ("abcd", "xbcd", 1), ("kit", "sitt", 2)];
        for (from, to, expected) in table {
            assert_eq!(edit_distance(from, to), expected, "{from} {to}");
        }
    }
}

//! Searches for many needles in one pass, fast enough for a whole folder in a debug build.

use std::collections::HashMap;

/// Needles by their first two bytes, with a table of the pairs that begin a needle.
pub struct Search {
    needles: Vec<Vec<u8>>,
    begins: Vec<bool>,
    by_pair: HashMap<usize, Vec<usize>>,
}

impl Search {
    /// Every needle has at least two bytes.
    pub fn new(needles: Vec<Vec<u8>>) -> Self {
        let mut begins = vec![false; 1 << 16];
        let mut by_pair: HashMap<usize, Vec<usize>> = HashMap::new();
        for (index, needle) in needles.iter().enumerate() {
            let pair = pair(needle[0], needle[1]);
            begins[pair] = true;
            by_pair.entry(pair).or_default().push(index);
        }
        Self { needles, begins, by_pair }
    }

    /// All hits: offset, and index of the needle. Of several needles at one offset, only the first
    /// given counts.
    pub fn hits(&self, bytes: &[u8]) -> Vec<(usize, usize)> {
        let mut hits = Vec::new();
        for (offset, two) in bytes.windows(2).enumerate() {
            let pair = pair(two[0], two[1]);
            if self.begins[pair] {
                let here = |index: &&usize| bytes[offset..].starts_with(&self.needles[**index]);
                hits.extend(self.by_pair[&pair].iter().find(here).map(|index| (offset, *index)));
            }
        }
        hits
    }
}

fn pair(first: u8, second: u8) -> usize {
    usize::from(first) << 8 | usize::from(second)
}

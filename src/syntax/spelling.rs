//! Which known word a misspelt one may stand for.

/// The word of `known` that differs from `text` in at most two letters, or a third of them.
pub(crate) fn closest<'k>(text: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let text = text.to_ascii_lowercase();
    known
        .into_iter()
        .map(|word| (edits(&text, word), word))
        .filter(|(edits, word)| *edits <= 2.min(word.len() / 3 + 1))
        .min()
        .map(|(_, word)| word)
}

/// How many letters must be put in, taken out or changed to get from one word to the other.
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (line, a) in from.chars().enumerate() {
        let mut next = vec![line + 1];
        for (pair, b) in row.windows(2).zip(to.chars()) {
            let (Some(&diagonal), Some(&above)) = (pair.first(), pair.last()) else { continue };
            let left = next.last().copied().unwrap_or(usize::MAX);
            next.push((diagonal + usize::from(a != b)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_word_is_found_and_a_far_one_is_not() {
        let known = ["source", "source_port", "port"];
        assert_eq!(closest("sorce", known), Some("source"));
        assert_eq!(closest("Port", known), Some("port"));
        assert_eq!(closest("verdict", known), None);
    }
}

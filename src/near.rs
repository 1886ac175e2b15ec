//! Names that are like one that does not exist: "did you mean".

/// The one of these that is nearest to a word, if one is near at all.
pub fn nearest<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    // A longer word may be misspelt in more places.
    let near = word.chars().count().div_ceil(3).min(4);
    let all = names.into_iter().map(|name| (distance(word, name), name));
    all.filter(|(apart, _)| *apart <= near).min_by_key(|(apart, _)| *apart).map(|(_, name)| name)
}

/// ` (did you mean "X"?)`, or nothing.
pub fn hint<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    nearest(word, names).map(|name| format!(" (did you mean {name:?}?)")).unwrap_or_default()
}

/// How many letters are to be changed, left out, added or exchanged with the next; capitals, `-`, `_` and spaces do not
/// count.
fn distance(one: &str, other: &str) -> usize {
    const LETTERS_MAX: usize = 64;
    let plain = |text: &str| -> Vec<char> {
        let letters = text.chars().filter(|c| !matches!(c, '-' | '_' | ' '));
        letters.flat_map(char::to_lowercase).take(LETTERS_MAX).collect()
    };
    let (one, other) = (plain(one), plain(other));
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let at = |cells: &[usize], place: usize| cells.get(place).copied().unwrap_or(usize::MAX - 1);
            let mut least =
                (at(&row, j) + usize::from(a != b)).min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            let exchanged = i > 0 && j > 0 && one.get(i - 1) == Some(b) && other.get(j - 1) == Some(a);
            if exchanged {
                least = least.min(at(&before, j - 1) + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_and_a_far_one_is_not() {
        let names = ["connections", "connections_per_address", "idle_seconds", "level"];
        for (word, found) in [
            ("conections", Some("connections")),
            ("Connections", Some("connections")),
            ("idle-secnods", Some("idle_seconds")),
            ("lvel", Some("level")),
            ("compress", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, names), found, "{word}");
        }
    }
}

//! What a misspelt name probably stands for.

/// Names longer than this are not compared: nobody misspells that much.
const NAME_CHARACTERS_MAX: usize = 64;

/// The name that is nearest to a misspelt one: the same but for case, spaces and signs, or a few letters away.
pub fn nearest<'n>(wrong: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let wrong = letters(wrong)?;
    // A third of the letters may differ at most: what is further away stands for something else.
    let most = wrong.len() / 3;
    let distance = |name: &str| letters(name).map(|name| distance(&wrong, &name));
    let near = names.into_iter().filter_map(|name| Some((distance(name)?, name)));
    near.filter(|(distance, _)| *distance <= most.min(4))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// The letters and digits alone, in lower case.
fn letters(name: &str) -> Option<Vec<u8>> {
    let letters: Vec<u8> =
        name.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase()).collect();
    (!letters.is_empty() && name.len() <= NAME_CHARACTERS_MAX).then_some(letters)
}

/// How many letters must be put in, left out, changed, or swapped with their neighbour.
fn distance(one: &[u8], two: &[u8]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=two.len()).collect();
    for (row, a) in one.iter().enumerate() {
        let mut this = vec![row + 1];
        for (column, b) in two.iter().enumerate() {
            let cost = |cell: Option<&usize>, more: usize| cell.map_or(usize::MAX, |cell| cell + more);
            let mut best = cost(last.get(column), usize::from(a != b))
                .min(cost(last.get(column + 1), 1))
                .min(cost(this.last(), 1));
            let is_swapped =
                row > 0 && column > 0 && one.get(row - 1) == Some(b) && two.get(column - 1) == Some(a);
            if is_swapped {
                best = best.min(cost(before.get(column - 1), 1));
            }
            this.push(best);
        }
        before = std::mem::replace(&mut last, this);
    }
    last.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn misspelt_names_find_theirs_and_others_nothing() {
        let names = ["Cryptographic Length", "Cryptographic Algorithm", "Name", "State", "AES", "3DES"];
        for (wrong, right) in [
            ("Cryptographic Lenght", Some("Cryptographic Length")),
            ("cryptographic-length", Some("Cryptographic Length")),
            ("CryptographicLength", Some("Cryptographic Length")),
            ("CryptographicAlgoritm", Some("Cryptographic Algorithm")),
            ("Nmae", Some("Name")),
            ("aes", Some("AES")),
            ("Something else", None),
            ("", None),
        ] {
            assert_eq!(nearest(wrong, names), right, "{wrong}");
        }
        assert_eq!(nearest(&"Name".repeat(1000), names), None);
    }
}

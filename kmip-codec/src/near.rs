//! What a name that is none probably stands for: a misspelt one, or one that others have for the same.

mod synonyms;

use synonyms::standard_name;

/// Names longer than this are not compared: nobody misspells that much.
const NAME_CHARACTERS_MAX: usize = 64;

/// More letters than that are another name, however long it is.
const DISTANCE_MAX: usize = 4;

/// The name that is nearest to a misspelt one: the same but for case, spaces and signs, what the standard has for a name that
/// people use, or a few letters away.
pub fn nearest<'n>(wrong: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let wrong = letters(wrong)?;
    let standard = standard_name(&wrong).and_then(letters);
    let mut meant = None;
    // A third of the letters may differ at most: what is further away stands for something else.
    let mut most = (wrong.len() / 3).min(DISTANCE_MAX);
    let mut near = None;
    for name in names {
        if standard.is_some() && letters(name) == standard {
            meant = Some(name);
        }
        // The cheap question first: there are hundreds of names, and strangers choose the misspelt one.
        let count = name.bytes().filter(u8::is_ascii_alphanumeric).count();
        if count.abs_diff(wrong.len()) > most {
            continue;
        }
        let Some(distance) = letters(name).and_then(|name| distance(&wrong, &name, most)) else { continue };
        near = Some(name);
        match distance.checked_sub(1) {
            // Of two that are equally near, the first stays.
            Some(less) => most = less,
            None => return near,
        }
    }
    meant.or(near)
}

/// The letters and digits alone, in lower case.
fn letters(name: &str) -> Option<Vec<u8>> {
    if name.len() > NAME_CHARACTERS_MAX {
        return None;
    }
    let letters: Vec<u8> =
        name.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase()).collect();
    (!letters.is_empty()).then_some(letters)
}

/// How many letters must be put in, left out, changed, or swapped with their neighbour, unless it is more than `most`.
fn distance(one: &[u8], two: &[u8], most: usize) -> Option<usize> {
    let mut before = vec![usize::MAX; two.len() + 1];
    let mut last: Vec<usize> = (0..=two.len()).collect();
    let mut this = Vec::with_capacity(two.len() + 1);
    for (row, a) in one.iter().enumerate() {
        this.clear();
        this.push(row + 1);
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
        // No later row has less than the least of this one.
        if this.iter().all(|cell| *cell > most) {
            return None;
        }
        std::mem::swap(&mut before, &mut last);
        std::mem::swap(&mut last, &mut this);
    }
    last.last().copied().filter(|distance| *distance <= most)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn misspelt_names_find_theirs_and_others_nothing() {
        let names =
            ["Cryptographic Length", "Cryptographic Algorithm", "Name", "State", "AES", "DES", "DES3"];
        for (wrong, right) in [
            ("Cryptographic Lenght", Some("Cryptographic Length")),
            ("cryptographic-length", Some("Cryptographic Length")),
            ("CryptographicLength", Some("Cryptographic Length")),
            ("CryptographicAlgoritm", Some("Cryptographic Algorithm")),
            ("Nmae", Some("Name")),
            ("aes", Some("AES")),
            ("AES-256", Some("AES")),
            ("3DES", Some("DES3")),
            ("Triple DES", Some("DES3")),
            ("DESede", Some("DES3")),
            ("key size", Some("Cryptographic Length")),
            ("Something else", None),
            ("", None),
        ] {
            assert_eq!(nearest(wrong, names), right, "{wrong}");
        }
        assert_eq!(nearest(&"Name".repeat(1000), names), None);
    }
}

//! Names that are like one that does not exist: "did you mean".

use kmip_codec::near::nearest;

/// ` (did you mean "X"?)`, or nothing.
pub fn hint<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    nearest(word, names).map(|name| format!(" (did you mean {name:?}?)")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_and_a_far_one_is_not() {
        let names = ["connections", "connections_per_address", "idle_seconds", "level"];
        for (word, found) in [
            ("conections", " (did you mean \"connections\"?)"),
            ("Connections", " (did you mean \"connections\"?)"),
            ("idle-secnods", " (did you mean \"idle_seconds\"?)"),
            ("lvel", " (did you mean \"level\"?)"),
            ("compress", ""),
            ("", ""),
        ] {
            assert_eq!(hint(word, names), found, "{word}");
        }
    }
}

//! Names that may have been meant.

/// The known name nearest to `name`, if one is near.
pub(crate) fn near<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // What is longer than any name is no slip of the pen.
    if name.len() > 200 {
        return None;
    }
    known
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .filter(|(distance, known)| *distance <= known.len().max(3) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

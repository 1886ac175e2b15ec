//! Segments that are open before they are wanted: with these the journal goes from one segment to the next and back without
//! opening a file, so that reads go on where no further file may be opened.

use super::segment;
use crate::folder::Folder;
use std::fs::File;

/// How many: one is written while the other is taken in.
const COUNT: usize = 2;

/// Open and empty files in the folder of the reserve.
pub struct Spares {
    open: [Option<File>; COUNT],
}

impl Spares {
    /// Opens them; what cannot be opened now is made when it is wanted.
    pub fn of(folder: &Folder) -> Self {
        let _ = folder.make_folder(segment::RESERVE);
        let open = std::array::from_fn(|place| folder.write_or_create(&name(place)).ok());
        Self { open }
    }

    /// One of them, and the name that it has.
    pub fn take(&mut self) -> Option<(File, String)> {
        let place = self.open.iter().position(Option::is_some)?;
        Some((self.open.get_mut(place)?.take()?, name(place)))
    }

    /// The name for another one, where one is missing.
    pub fn missing(&self) -> Option<String> {
        self.open.iter().position(Option::is_none).map(name)
    }

    /// Keeps a file that has been given this name.
    pub fn put(&mut self, file: File, named: &str) {
        let place = (0..COUNT).find(|place| name(*place) == named);
        if let Some(open) = place.and_then(|place| self.open.get_mut(place)) {
            *open = Some(file);
        }
    }
}

fn name(place: usize) -> String {
    format!("{}/spare-{place}", segment::RESERVE)
}

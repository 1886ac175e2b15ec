//! Segments that are open before they are wanted: with these the journal goes from one segment to the next and back without
//! opening a file, so that reads go on where no further file may be opened.

use super::segment::{self, Segment};
use crate::store::folder::Folder;
use std::fs::File;

/// How many: one is written while the other is taken in.
const COUNT: usize = 2;

/// Open and empty files in the folder of the reserve.
pub struct Spares {
    folder: Folder,
    open: [Option<File>; COUNT],
}

impl Spares {
    /// Opens them; what cannot be opened now is made when it is wanted.
    pub fn of(folder: &Folder) -> Self {
        let _ = folder.make_folder(segment::RESERVE);
        let open = std::array::from_fn(|place| folder.write_or_create(&name(place)).ok());
        Self { folder: folder.clone(), open }
    }

    /// One of them as the segment of this number.
    pub fn take(&mut self, number: u64) -> Option<Segment> {
        let place = self.open.iter().position(Option::is_some)?;
        let file = self.open.get_mut(place)?.take()?;
        file.set_len(0).ok()?;
        Segment::from_file(&self.folder, file, &name(place), number).ok()
    }

    /// Keeps the file of a segment that is done, or deletes it.
    pub fn put(&mut self, segment: Segment) {
        let free = self.open.iter().position(Option::is_none);
        match free.and_then(|place| Some((self.open.get_mut(place)?, name(place)))) {
            Some((open, name)) => *open = segment.into_file(&name),
            None => segment.delete(),
        }
    }
}

fn name(place: usize) -> String {
    format!("{}/spare-{place}", segment::RESERVE)
}

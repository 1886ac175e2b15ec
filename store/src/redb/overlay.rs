//! A file as redb may read it without writing to it: what redb writes at opening and closing stays in memory.

use parking_lot::Mutex;
use redb::StorageBackend;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

/// The size of the pieces in which writes are kept.
const PIECE: u64 = 4096;

/// A file with what was written over it.
#[derive(Debug)]
pub struct Overlay {
    file: File,
    written: Mutex<Written>,
}

#[derive(Debug)]
struct Written {
    length: u64,
    pieces: BTreeMap<u64, Box<[u8]>>,
}

impl Overlay {
    /// Over this file, which is open for reading.
    pub fn over(file: File) -> io::Result<Self> {
        let length = must_not_be_empty(&file)?;
        Ok(Self { file, written: Mutex::new(Written { length, pieces: BTreeMap::new() }) })
    }

    /// A piece of the file as it is on disk; zeros behind its end.
    fn read_piece(&self, number: u64) -> io::Result<Box<[u8]>> {
        let mut piece = vec![0; PIECE as usize];
        let mut filled = 0;
        while let Some(rest) = piece.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, number * PIECE + filled as u64)? {
                0 => break,
                count => filled += count,
            }
        }
        Ok(piece.into())
    }
}

/// Refuses an empty file, which redb would take for one to be made; gives the length of another.
pub fn must_not_be_empty(file: &File) -> io::Result<u64> {
    match file.metadata()?.len() {
        0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it is empty")),
        length => Ok(length),
    }
}

/// The pieces that a range touches: the number of each, where the range begins in it, and how much of it is in the range.
fn pieces(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, usize)> {
    let end = offset + length as u64;
    (offset / PIECE..end.div_ceil(PIECE)).map(move |number| {
        let (from, to) = (offset.max(number * PIECE), end.min((number + 1) * PIECE));
        (number, (from - number * PIECE) as usize, (to - from) as usize)
    })
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.written.lock().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let written = self.written.lock();
        if offset + out.len() as u64 > written.length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut rest = out;
        for (number, from, count) in pieces(offset, rest.len()) {
            let (here, behind) = rest.split_at_mut(count);
            let stored;
            let piece = match written.pieces.get(&number) {
                Some(piece) => piece,
                None => {
                    stored = self.read_piece(number)?;
                    &stored
                }
            };
            here.copy_from_slice(piece.get(from..from + count).unwrap_or_default());
            rest = behind;
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.written.lock().length = length;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut written = self.written.lock();
        let mut rest = data;
        for (number, from, count) in pieces(offset, data.len()) {
            let (here, behind) = rest.split_at(count);
            let mut piece = match written.pieces.remove(&number) {
                Some(piece) => piece,
                None => self.read_piece(number)?,
            };
            if let Some(place) = piece.get_mut(from..from + count) {
                place.copy_from_slice(here);
            }
            written.pieces.insert(number, piece);
            rest = behind;
        }
        Ok(())
    }
}

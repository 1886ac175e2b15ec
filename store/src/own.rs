//! What Keystead itself keeps in the folder of a store, beside the files of the engine: the one table. Everything else there is
//! somebody else's, and is neither opened nor changed nor deleted.

use super::engine::DATA;
use super::folder::Folder;
use super::journal::{RESERVE, is_piece, is_segment};
use super::{Error, life, lock, redb};
use keystead_base::regular;
use rustix::fs::Mode;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

/// What a file system brings along.
const OF_THE_SYSTEM: [&str; 2] = ["lost+found", ".snapshot"];

/// Others than the owner of a file.
const OTHERS: u32 = 0o077;

/// Others may write.
const OTHERS_WRITE: u32 = 0o022;

/// Files of a folder are of its group: somebody has set this up.
const SET_GROUP: u32 = 0o2000;

/// Whether Keystead makes files of this name in the folder of a store.
fn is_file(name: &str) -> bool {
    [lock::LOCK, life::BEGIN_ANEW, life::ACCEPT, redb::HALF].contains(&name) || is_segment(name)
}

/// Refuses what is of another kind in the place of a file of Keystead's. Nothing is opened.
pub fn must_be_files(folder: &Folder) -> Result<(), Error> {
    let failed = |name: &str, why: io::Error| Error::of_file(&folder.at(name), &why);
    let wrong = |name: &str, found: &Metadata, wanted| Error::WrongKind {
        path: folder.at(name),
        found: regular::kind(found.file_type()),
        wanted,
    };
    for name in own(folder).map_err(|(path, why)| Error::of_file(&path, &why))? {
        match folder.what(&name).map_err(|why| failed(&name, why))? {
            Some(found) if name == RESERVE && !found.is_dir() => {
                return Err(wrong(&name, &found, "folder"));
            }
            Some(found) if name != RESERVE && !found.is_file() => {
                return Err(wrong(&name, &found, "regular file"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The names of Keystead's files, and of those in the reserve; where that fails, the folder that cannot be read.
fn own(folder: &Folder) -> Result<Vec<String>, (PathBuf, io::Error)> {
    let of_folder = |why| (folder.path().to_owned(), why);
    let of_reserve = |why| (folder.at(RESERVE), why);
    let mut own: Vec<String> =
        folder.names().map_err(of_folder)?.into_iter().filter(|name| is_file(name)).collect();
    if let Some(reserve) = folder.what(RESERVE).map_err(of_reserve)? {
        own.push(RESERVE.to_owned());
        if reserve.is_dir() {
            let pieces = folder.folder(RESERVE).and_then(|reserve| reserve.names()).map_err(of_reserve)?;
            own.extend(pieces.iter().filter(|name| is_piece(name)).map(|name| format!("{RESERVE}/{name}")));
        }
    }
    Ok(own)
}

/// What this user could not make private, and why.
pub type Wide = Vec<(PathBuf, io::Error)>;

/// Lets nobody else read the files. What this user may not change is told, and stays.
pub fn make_private(folder: &Folder) {
    tell(&narrow(folder));
    let mode = folder.metadata().map_or(0, |found| found.mode());
    if mode & OTHERS_WRITE != 0 {
        tracing::warn!(folder = %folder.path().display(), mode = %format!("{:o}", mode & 0o7777),
            "others may write in the folder of the store: who does can exchange its files. Let the user of the server alone write there");
    }
}

/// Narrows the modes of Keystead's files and of its engine's, and that of the folder where nothing but these is in it.
pub fn narrow(folder: &Folder) -> Wide {
    let mut wide = Wide::new();
    match own(folder) {
        Ok(names) => {
            // What asks for something is empty.
            let kept = names.iter().filter(|name| ![life::BEGIN_ANEW, life::ACCEPT].contains(&name.as_str()));
            kept.for_each(|name| make_file_private(folder, name, &mut wide));
        }
        Err(failed) => wide.push(failed),
    }
    make_data_private(folder, &mut wide);
    if let Err(error) = make_folder_private(folder) {
        wide.push((folder.path().into(), error));
    }
    wide
}

fn make_data_private(folder: &Folder, wide: &mut Wide) {
    for (_, name) in DATA {
        match folder.what(name) {
            Ok(Some(found)) if found.is_dir() => make_all_private(folder, name, wide),
            Ok(Some(_)) => make_file_private(folder, name, wide),
            Ok(None) => {}
            Err(error) => wide.push((folder.at(name), error)),
        }
    }
}

/// A folder of the engine with all that is in it.
fn make_all_private(folder: &Folder, name: &str, wide: &mut Wide) {
    let below = match folder.folder(name) {
        Ok(below) => below,
        Err(error) => return wide.push((folder.at(name), error)),
    };
    for name in below.names().unwrap_or_default() {
        match below.what(&name) {
            Ok(Some(found)) if found.is_dir() => make_all_private(&below, &name, wide),
            _ => make_file_private(&below, &name, wide),
        }
    }
    make_file_private(folder, name, wide);
}

fn make_file_private(folder: &Folder, name: &str, wide: &mut Wide) {
    let is_wide = |found: &Metadata| found.mode() & OTHERS != 0;
    let narrow = || match folder.what(name)? {
        Some(found) if found.is_dir() && is_wide(&found) => folder.folder(name)?.set_mode(Mode::RWXU),
        Some(found) if found.is_file() && is_wide(&found) => {
            Ok(rustix::fs::fchmod(folder.read(name)?, Mode::RUSR | Mode::WUSR)?)
        }
        _ => Ok(()),
    };
    if let Err(error) = narrow() {
        wide.push((folder.at(name), error));
    }
}

fn make_folder_private(folder: &Folder) -> io::Result<()> {
    let found = folder.metadata()?;
    if found.mode() & OTHERS == 0 {
        return Ok(());
    }
    let is_data = |name: &str| DATA.iter().any(|(_, data)| *data == name);
    let is_known = |name: &String| {
        is_file(name) || is_data(name) || name == RESERVE || OF_THE_SYSTEM.contains(&name.as_str())
    };
    let is_ours = found.uid() == rustix::process::geteuid().as_raw() && found.mode() & SET_GROUP == 0;
    if is_ours && folder.names()?.iter().all(is_known) { folder.set_mode(Mode::RWXU) } else { Ok(()) }
}

/// One line, however many they are: a volume whose files are all another user's has dozens.
fn tell(wide: &Wide) {
    if let Some((file, error)) = wide.first() {
        tracing::warn!(file = %file.display(), others = wide.len() - 1, %error, "others may read or write this file of the store, and so many \
            others of it, and this user cannot change that: give them to the user of the server, or set their modes (0600, of a folder 0700)");
    }
}

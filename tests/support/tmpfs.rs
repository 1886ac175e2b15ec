//! A small file system in memory, mounted for one test: for disks that are full. Needs root.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system, unmounted when dropped.
pub struct Tmpfs {
    /// Where it is.
    pub folder: PathBuf,
}

impl Tmpfs {
    /// Mounts one of this size; `None` where that is not allowed, except in CI, where it must be.
    pub fn mount(folder: &Path, megabytes: u32) -> Option<Self> {
        std::fs::create_dir_all(folder).unwrap();
        let size = format!("size={megabytes}m");
        let output = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder).output();
        let output = output.unwrap();
        if output.status.success() {
            return Some(Self { folder: folder.into() });
        }
        let why = String::from_utf8_lossy(&output.stderr);
        super::skip(&format!("nothing can be mounted here: {why}"));
        None
    }

    /// Another size.
    pub fn resize(&self, megabytes: u32) {
        let size = format!("remount,size={megabytes}m");
        assert!(Command::new("mount").args(["-o", &size]).arg(&self.folder).status().unwrap().success());
    }

    /// Fills it with a file that is not the store's, to the last byte.
    pub fn fill(&self) -> PathBuf {
        let file = self.folder.join("somebody-else's");
        let mut out = std::fs::OpenOptions::new().create(true).append(true).open(&file).unwrap();
        for size in [1 << 20, 4096, 1] {
            while std::io::Write::write_all(&mut out, &vec![7; size]).is_ok() {}
        }
        file
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.folder).status();
    }
}

//! How much memory the pages of a store may take where the configuration does not say: a share of what the machine has, or of
//! what the system lets this process have, whichever is less.

use super::Engine;
use std::path::{Path, PathBuf};

/// The least that may be configured: some hundred pages of the tree.
pub const BYTES_MIN: usize = 4 * 1024 * 1024;

/// Between which bounds the share lies.
const SHARE_MIN: u64 = 64 * 1024 * 1024;
const SHARE_MAX: u64 = 16 * 1024 * 1024 * 1024;

/// The part of the memory that is taken.
const PART: u64 = 4;

/// An engine, and the memory for pages of its files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Opening {
    /// The engine.
    pub engine: Engine,
    /// Memory for pages, in bytes. It is taken as pages are read and written, not at once.
    pub cache_bytes: usize,
}

impl From<Engine> for Opening {
    fn from(engine: Engine) -> Self {
        Self { engine, cache_bytes: share_of(memory()) }
    }
}

fn share_of(memory: u64) -> usize {
    usize::try_from((memory / PART).clamp(SHARE_MIN, SHARE_MAX)).unwrap_or(usize::MAX)
}

/// The memory of the machine, or the least that a control group of this process is limited to.
fn memory() -> u64 {
    let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    let machine = total(&read("/proc/meminfo")).unwrap_or_default();
    limits(&read("/proc/self/cgroup")).iter().filter_map(|file| limit(file)).fold(machine, u64::min)
}

/// The memory that `/proc/meminfo` tells of, in bytes.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The files that may hold a limit, of what `/proc/self/cgroup` says: of each group and those above it, in both versions of
/// control groups. In a container the path may not be there, and the root is the container's own.
fn limits(groups: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (root, file) = match parts.next() {
            Some("") => ("/sys/fs/cgroup", "memory.max"),
            Some(names) if names.split(',').any(|name| name == "memory") => {
                ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => continue,
        };
        let group = Path::new(parts.next().unwrap_or_default().trim_start_matches('/'));
        files.extend(group.ancestors().map(|group| Path::new(root).join(group).join(file)));
    }
    files
}

/// `None` without a limit.
fn limit(file: &Path) -> Option<u64> {
    std::fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_within_bounds() {
        assert_eq!(share_of(0), 64 << 20);
        assert_eq!(share_of(1 << 30), 256 << 20);
        assert_eq!(share_of(u64::MAX), 16 << 30);
        assert_eq!(
            total(
                "MemFree: 1 kB
MemTotal:       24683836 kB
"
            ),
            Some(24_683_836 * 1024)
        );
        assert!((SHARE_MIN..=SHARE_MAX).contains(&(Opening::from(Engine::Redb).cache_bytes as u64)));
    }

    #[test]
    fn the_limits_of_a_group_and_of_those_above_it_count() {
        let found = limits("4:cpu,memory:/a\n1:name=systemd:/x\n0::/system.slice/keystead.service\n");
        let wanted = [
            "/sys/fs/cgroup/memory/a/memory.limit_in_bytes",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes",
            "/sys/fs/cgroup/system.slice/keystead.service/memory.max",
            "/sys/fs/cgroup/system.slice/memory.max",
            "/sys/fs/cgroup/memory.max",
        ];
        assert_eq!(found, wanted.map(PathBuf::from));
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("memory.max");
        for (text, wanted) in [("max\n", None), ("1073741824\n", Some(1 << 30))] {
            std::fs::write(&file, text).expect("a file");
            assert_eq!(limit(&file), wanted);
        }
    }
}

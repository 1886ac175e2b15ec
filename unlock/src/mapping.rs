//! What is open under a name of `/dev/mapper`.

use super::error::{Error, Result};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The longest name that device-mapper takes.
const NAME_BYTES_MAX: usize = 127;

/// An open volume, as `cryptsetup status` tells it.
pub struct Mapping {
    /// The device that it is on.
    pub device: String,
    /// The file behind a loop device.
    file: Option<String>,
    /// Whether it is open for reading alone.
    pub read_only: bool,
}

impl Mapping {
    /// From lines such as `  device:  /dev/sda1`.
    pub fn parse(status: &str) -> Self {
        let field = |name: &str| {
            let mut values =
                status.lines().filter_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'));
            values.next().map(|value| value.trim().to_owned())
        };
        let device = field("device").unwrap_or_default();
        Self {
            device,
            file: field("loop"),
            read_only: field("mode").is_some_and(|mode| mode.contains("readonly")),
        }
    }

    /// Whether it is this volume: the same device, and not only the same LUKS UUID, which copies have too.
    pub fn is_of(&self, device: &Path) -> bool {
        let Ok(wanted) = fs::metadata(device) else { return false };
        let places = [Some(&self.device), self.file.as_ref()];
        places.into_iter().flatten().filter_map(|place| fs::metadata(place).ok()).any(|open| {
            match open.rdev() {
                0 => wanted.rdev() == 0 && (open.dev(), open.ino()) == (wanted.dev(), wanted.ino()),
                number => number == wanted.rdev(),
            }
        })
    }
}

/// Refuses what no volume can be named.
pub fn check_name(name: &str) -> Result<()> {
    let wrong = match name {
        "" | "." | ".." | "control" => "the system has it for other purposes",
        _ if name.len() > NAME_BYTES_MAX => "it is longer than 127 bytes",
        _ if name.contains('/') => "it has a `/`: give the name alone, without /dev/mapper",
        _ if name.contains(char::is_control) => "it has control characters",
        _ => return Ok(()),
    };
    let shown = keystead_base::text::printable(name, 40);
    Err(Error::Usage(format!("`{shown}` cannot be a name under /dev/mapper: {wrong}")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;

    fn status(device: &str, more: &str) -> String {
        format!(
            "/dev/mapper/x is active and is in use.\n  type:    LUKS2\n  cipher:  aes-xts-plain64\n  keysize: 512 bits\n  \
             key location: keyring\n  device:  {device}\n{more}  sector size:  512\n  mode:    read/write\n"
        )
    }

    #[test]
    fn a_volume_is_known_by_its_device() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        fs::write(&one, "").unwrap();
        fs::write(&other, "").unwrap();
        let looped = Mapping::parse(&status("/dev/loop99", &format!("  loop:    {}\n", one.display())));
        assert!(looped.is_of(&one) && !looped.is_of(&other) && !looped.read_only);
        let null = Mapping::parse(&status("/dev/null", "").replace("read/write", "readonly"));
        assert!(
            null.is_of(Path::new("/dev/null")) && !null.is_of(Path::new("/dev/zero")) && !null.is_of(&one)
        );
        assert!(null.read_only);
        assert!(!Mapping::parse("nonsense").is_of(&one));
    }

    #[test]
    fn what_can_be_no_name_is_refused() {
        for name in ["", ".", "..", "control", "/dev/mapper/x", "a\u{1b}b", &"x".repeat(128)] {
            assert!(check_name(name).is_err(), "{name}");
        }
        for name in ["data", "-data", "a.b c", "Müll"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
    }
}

//! Where a key was enrolled: the machine and the device. A LUKS UUID alone does not tell a volume, because a copy of an
//! image has the same one, and machines that are made from one image share even what they were made with.

use super::console::shown;
use super::cryptsetup::Volume;
use aws_lc_rs::hmac;
use kmip_codec::attributes::{ApplicationSpecificInformation, Attribute};
use serde::{Deserialize, Serialize};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The application of the attribute that says where a key was enrolled.
const NAMESPACE: &str = "LUKS-host";
/// What the identity of a machine is hashed with: machine-id(5) asks that it be shown to nobody.
const PURPOSE: &[u8] = b"keystead-unlock: where a volume was enrolled";
/// Bytes of a hash that are kept.
const HASH_BYTES: usize = 16;

/// Where a key was enrolled.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    /// A hash of the machine's identity.
    machine: String,
    /// A hash of the identity of its hardware, where it can be read: it differs between virtual machines of one image.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    hardware: Option<String>,
    /// The name of the machine.
    name: String,
    /// The device or file.
    device: String,
}

impl Origin {
    /// This machine and this volume.
    pub fn here(volume: &Volume) -> Self {
        let read = |places: &[&str]| places.iter().find_map(|place| identity(Path::new(place)));
        let name =
            read(&["/proc/sys/kernel/hostname", "/etc/hostname"]).unwrap_or_else(|| "unknown".to_owned());
        let machine = read(&["/etc/machine-id", "/var/lib/dbus/machine-id"]);
        let hardware = read(&["/sys/class/dmi/id/product_uuid", "/proc/device-tree/serial-number"]);
        let device = fs::canonicalize(volume.device()).unwrap_or_else(|_| volume.device().to_owned());
        Self {
            machine: hash(machine.as_ref().unwrap_or(&name)),
            hardware: hardware.as_deref().map(hash),
            name,
            device: device.to_string_lossy().into_owned(),
        }
    }

    /// As an attribute of the key.
    pub fn attribute(&self) -> Attribute {
        let (namespace, data) = (NAMESPACE.to_owned(), serde_json::to_string(self).ok());
        Attribute::ApplicationSpecificInformation(ApplicationSpecificInformation { namespace, data })
    }

    /// From an attribute, where it is one of these.
    pub fn read(information: &ApplicationSpecificInformation) -> Option<Self> {
        let data = information.data.as_ref().filter(|_| information.namespace == NAMESPACE)?;
        serde_json::from_str(data).ok()
    }

    /// Whether this is where the volume is now: on the same machine, and not beside the one that was enrolled.
    pub fn is_here(&self, here: &Self, volume: &Volume, uuid: &str) -> bool {
        self.is_same_machine(here) && !self.is_beside(volume, uuid)
    }

    fn is_same_machine(&self, other: &Self) -> bool {
        let same_hardware = match (&self.hardware, &other.hardware) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        self.machine == other.machine && same_hardware
    }

    /// Whether the volume that was enrolled is there too, at its place, with the same LUKS UUID.
    fn is_beside(&self, volume: &Volume, uuid: &str) -> bool {
        let place = Path::new(&self.device);
        let (Ok(enrolled), Ok(this)) = (fs::metadata(place), fs::metadata(volume.device())) else {
            return false;
        };
        let (kind, id) = (
            |found: &fs::Metadata| found.is_file(),
            |found: &fs::Metadata| match found.rdev() {
                0 => (found.dev(), found.ino()),
                number => (0, number),
            },
        );
        // A loop device is its file, and a multipath device its disk, under another name.
        let layered = [place, volume.device()].iter().any(|path| is_layered(path));
        let is_this = id(&enrolled) == id(&this) || kind(&enrolled) != kind(&this) || layered;
        !is_this && volume.uuid_at(place).as_deref() == Some(uuid)
    }

    /// For people.
    pub fn told(&self, here: &Self) -> String {
        let machine = match self.is_same_machine(here) {
            true => "this machine".to_owned(),
            false => format!("another machine ({})", shown(&self.name)),
        };
        format!("on {machine}, for {}", shown(&self.device))
    }
}

fn is_layered(path: &Path) -> bool {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    ["/dev/loop", "/dev/dm-", "/dev/mapper/"].iter().any(|kind| path.to_string_lossy().starts_with(kind))
}

/// A file of one line, where it says something.
fn identity(place: &Path) -> Option<String> {
    let text = fs::read_to_string(place).ok()?;
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    // What systemd writes into an image that has no identity yet.
    (!text.is_empty() && text != "uninitialized").then(|| text.to_owned())
}

fn hash(identity: impl AsRef<str>) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, identity.as_ref().as_bytes());
    let tag = hmac::sign(&key, PURPOSE);
    hex::encode(tag.as_ref().get(..HASH_BYTES).unwrap_or_default())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;

    fn origin(machine: &str, hardware: Option<&str>) -> Origin {
        let (machine, hardware) = (hash(machine), hardware.map(hash));
        Origin { machine, hardware, name: "host".to_owned(), device: "/dev/sda1".to_owned() }
    }

    #[test]
    fn machines_of_one_image_are_told_apart_by_their_hardware() {
        let enrolled = origin("m", Some("h"));
        assert!(enrolled.is_same_machine(&origin("m", Some("h"))));
        assert!(!enrolled.is_same_machine(&origin("m", Some("other"))));
        assert!(!enrolled.is_same_machine(&origin("other", Some("h"))));
        // Who may not read the identity of the hardware is not another machine for that.
        assert!(enrolled.is_same_machine(&origin("m", None)));
    }

    #[test]
    fn the_identity_of_a_machine_is_shown_to_nobody() {
        let Attribute::ApplicationSpecificInformation(written) = origin("secret", Some("id")).attribute()
        else {
            panic!("another attribute")
        };
        let data = written.data.clone().unwrap();
        assert!(!data.contains("secret") && data.len() < 300, "{data}");
        assert_eq!(Origin::read(&written), Some(origin("secret", Some("id"))));
        let other = ApplicationSpecificInformation { namespace: "LUKS".to_owned(), ..written };
        assert_eq!(Origin::read(&other), None);
    }
}

//! What holds after each round.

use super::{Place, written};
use crate::support::dev::{Dev, told};
use crate::support::typed::{ask, ask_as, create, fingerprint, get, pair_of};
use crate::support::wire;
use keystead::audit::Entry;
use keystead::pki::Pair;
use keystead::store::audit_log;
use keystead::store::{Database, Engine};
use kmip_codec::attribute;
use kmip_codec::attributes::{Attribute, AttributeFilter, Name};
use kmip_codec::enums::{LinkType, NameType};
use kmip_codec::payloads::{CreateRequest, GetAttributesRequest, LocateRequest};
use kmip_codec::value::{Interval, UniqueIdentifier};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How many keys the server rotates by itself.
pub const SERIES: usize = 8;

/// How long a rotation may go on whose command was killed.
const DONE_WITHIN: Duration = Duration::from_secs(30);

fn json(dev: &Dev, args: &[&str]) -> Value {
    serde_json::from_str(&told(dev.keystead("admin", args))).unwrap()
}

pub fn epoch(dev: &Dev) -> u64 {
    json(dev, &["master", "--json", "status"])["epoch"].as_u64().unwrap()
}

/// Everything is under one master key, and the token has one for each epoch. Gives the epoch.
pub fn master_key(place: &Place) -> u64 {
    let begin = Instant::now();
    let status = loop {
        let status = json(place.dev(), &["master", "--json", "status"]);
        if status["rotating_to"] == Value::Null && status["running"] == Value::Null {
            break status;
        }
        assert_ne!(status["running"], Value::Null, "a rotation that nobody runs: {status}");
        assert!(begin.elapsed() < DONE_WITHIN, "{status}");
        sleep(Duration::from_millis(5));
    };
    let (epoch, keks) = (status["epoch"].as_u64().unwrap(), status["keks"].as_array().unwrap());
    assert!(keks.len() == 1 && keks[0]["epoch"] == status["epoch"], "{status}");
    assert_eq!(status["in_token"], serde_json::json!((1..=epoch).collect::<Vec<_>>()), "{status}");
    assert_eq!(keys_in_token(&place.server_folder()) as u64, epoch, "one key an epoch");
    epoch
}

/// The keys of the token: files of SoftHSM beside the one of the token itself. A kill in the midst of C_GenerateKey leaves a
/// file without a value.
fn keys_in_token(folder: &Path) -> usize {
    let token = std::fs::read_dir(folder.join("tokens")).unwrap().next().unwrap().unwrap().path();
    let files = std::fs::read_dir(token).unwrap().map(|entry| entry.unwrap());
    let whole = |file: &std::fs::DirEntry| {
        file.file_name().to_string_lossy().ends_with(".object") && file.metadata().unwrap().len() > 780
    };
    files.filter(whole).count()
}

/// The key that nothing is done to opens, and each name of a series has one key, which opens as the one before does.
pub fn keys(place: &Place) {
    let (name, bytes) = &place.kept;
    assert_eq!(told(place.dev().keystead("client", &["key", "get", "--json", name])), *bytes);
    let client = pair_of(place.dev(), "client");
    place.series.iter().for_each(|series| series.is_whole(place.dev(), &client, 2));
}

/// The fingerprints of `host` that are listed as good.
pub fn good(dev: &Dev) -> Vec<String> {
    let listed = json(dev, &["client", "list", "--json"]);
    let of_host = listed.as_array().unwrap().iter().filter(|row| row["name"] == "host");
    let good = of_host.filter(|row| row["ended"].is_null());
    good.map(|row| format!("sha256:{}", row["fingerprint"].as_str().unwrap())).collect()
}

/// One certificate is good at most, and exactly what is listed as good is served.
pub fn certificates(place: &Place, outs: &[PathBuf]) {
    let good = good(place.dev());
    assert!(good.len() <= 1, "{good:?}");
    for pair in outs.iter().filter_map(|out| written(out)) {
        let served = ask_as(place.dev(), &pair, get(&place.key));
        assert_eq!(served.is_ok(), good.contains(&fingerprint(&pair)), "{good:?} {served:?}");
    }
}

/// A key that the server rotates by itself every second, and what takes its place.
pub struct Series(Name);

impl Series {
    pub fn begin(dev: &Dev, client: &Pair, number: usize) -> Self {
        let name = Name { value: format!("series {number}"), kind: NameType::UninterpretedTextString };
        let CreateRequest { mut attributes, object_type, .. } = create();
        let rotated = [Attribute::RotateAutomatic(true), Attribute::RotateInterval(Interval(1))];
        for attribute in [Attribute::Name(name.clone())].into_iter().chain(rotated) {
            attributes.attributes.push(attribute);
        }
        ask_as(dev, client, CreateRequest { attributes, object_type, ..CreateRequest::default() }).unwrap();
        Self(name)
    }

    /// The one key of the name.
    pub fn current(&self, dev: &Dev, client: &Pair) -> UniqueIdentifier {
        let attributes = Some(AttributeFilter([Attribute::Name(self.0.clone())].into()));
        let found = ask_as(dev, client, LocateRequest { attributes, ..LocateRequest::default() }).unwrap();
        let [one] = found.unique_identifiers.as_slice() else { panic!("{}: {found:?}", self.0.value) };
        one.clone()
    }

    /// The key of the name is the latest of its series, and as many generations open as are to be looked at.
    fn is_whole(&self, dev: &Dev, client: &Pair, generations: usize) {
        let mut wire = wire::connect_with(dev, Some(client));
        let (mut at, mut after) = (Some(self.current(dev, client)), None);
        let mut left = generations;
        while let Some(id) = at.take().filter(|_| left > 0) {
            left -= 1;
            ask(&mut wire, get(&id)).unwrap();
            let request = GetAttributesRequest { unique_identifier: Some(id.clone()), ..Default::default() };
            let held = ask(&mut wire, request).unwrap().attributes.unwrap().0;
            let link =
                |kind| attribute!(held, Link).find(|link| link.kind == kind).map(|link| link.linked.clone());
            // The server may have rotated it since it was found.
            if let Some(after) = &after {
                assert_eq!(link(LinkType::ReplacementObjectLink).as_ref(), Some(after), "{id:?}");
                assert_eq!(attribute!(held, RotateLatest).next(), Some(&false), "{id:?}");
            }
            at = link(LinkType::ReplacedObjectLink);
            after = Some(id);
        }
    }
}

/// Each master key but the first was activated once, and each but the last retired once, as the audit has it.
fn audited(folder: &Path, epoch: u64) {
    let database = Database::open_for_reads(Engine::Redb, &folder.join("store")).unwrap();
    let (mut activated, mut retired) = (Vec::new(), Vec::new());
    let mut visit = |_, entry: Entry| match entry.outcome.as_str() {
        "Activated" => activated.push(entry.note.split(',').next().unwrap().to_owned()),
        "Retired" => retired.push(entry.note.split(';').next().unwrap().to_owned()),
        _ => {}
    };
    audit_log::verify(&*database.snapshot().unwrap(), &mut visit).unwrap().unwrap();
    let epochs = |all: std::ops::RangeInclusive<u64>| -> Vec<String> {
        all.map(|epoch| format!("epoch {epoch}")).collect()
    };
    assert_eq!((activated, retired), (epochs(2..=epoch), epochs(1..=epoch - 1)));
}

/// All generations of all keys open, and the store is whole to the last row.
pub fn at_the_end(mut place: Place) {
    let client = pair_of(place.dev(), "client");
    place.series.iter().for_each(|series| series.is_whole(place.dev(), &client, usize::MAX));
    let (mut last, out) = place.add();
    assert!(last.wait().unwrap().success());
    assert!(ask_as(place.dev(), &written(&out).unwrap(), get(&place.key)).is_ok());
    let epoch = epoch(place.dev());
    super::starts::stop(place.dev.take().unwrap());
    let check = Command::new(env!("CARGO_BIN_EXE_keystead"))
        .args(["check", "--config"])
        .arg(place.server_folder().join("keystead.toml"))
        .output()
        .unwrap();
    assert!(
        check.status.success(),
        "{}{}",
        String::from_utf8_lossy(&check.stdout),
        String::from_utf8_lossy(&check.stderr)
    );
    audited(&place.server_folder(), epoch);
}

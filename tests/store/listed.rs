//! Objects of older stores, which the indexes list apart, beside new ones, which are listed together: each is found by whatever it is
//! found by, before it is changed and after.

use super::check::{SOUND, checked};
use crate::support::dev::{Dev, told};

const NAMES: [&str; 5] = ["kept", "second", "third", "fourth", "fifth"];

/// The names of what is listed, in that order.
fn listed(dev: &Dev, options: &[&str]) -> Vec<&'static str> {
    let json = told(dev.keystead("client", &[&["key", "list", "--json"], options].concat()));
    let keys: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    let name = |key: &serde_json::Value| {
        let names =
            NAMES.into_iter().find(|name| key["attributes"].to_string().contains(&format!("\"{name}\"")));
        names.unwrap_or_else(|| panic!("{key}"))
    };
    keys.iter().map(name).collect()
}

fn must_be(dev: &Dev, options: &[&str], names: &[&str]) {
    assert_eq!(listed(dev, options), names, "{options:?}");
}

/// Ends with the exit code of what the server refuses.
fn must_be_refused(dev: &Dev, arguments: &[&str]) {
    assert_eq!(dev.keystead("client", arguments).status.code(), Some(4), "{arguments:?}");
}

fn done(dev: &Dev, arguments: &[&str]) {
    told(dev.keystead("client", arguments));
}

#[test]
fn objects_of_older_stores_are_found_beside_new_ones() {
    for (archive, kept) in [
        ("store-of-format-2", "37b61230331367184171eec40920b7ef9fc5a5a76757f8ee6c2e292da7d45a72"),
        ("store-of-format-4", "8d266b2c1a86f7fc39e9dec21afa32aff7174da8d308421389226903ab24ad10"),
    ] {
        let archive = format!("{}/tests/fixtures/{archive}.tar.gz", env!("CARGO_MANIFEST_DIR"));
        let place = tempfile::tempdir().unwrap();
        let mut tar = std::process::Command::new("tar");
        assert!(tar.arg("xzf").arg(archive).arg("-C").arg(place.path()).status().unwrap().success());
        let folder = place.path().join("whole");
        let dev = Dev::start_quietly(&folder);
        must_be(&dev, &[], &["third", "second", "kept"]);
        must_be(&dev, &["--state", "active"], &["third", "second", "kept"]);
        must_be(&dev, &["--name", "second"], &["second"]);

        // A name that an older claim holds is taken.
        must_be_refused(&dev, &["key", "create", "--name", "second"]);
        done(&dev, &["key", "create", "--name", "fourth", "--activate"]);
        done(&dev, &["key", "create", "--name", "fifth"]);
        must_be(&dev, &[], &["fifth", "fourth", "third", "second", "kept"]);
        must_be(&dev, &["--state", "active"], &["fourth", "third", "second", "kept"]);
        must_be(&dev, &["--state", "pre-active"], &["fifth"]);
        must_be(&dev, &["--name", "fourth"], &["fourth"]);

        // Once it is changed an older object is listed as new ones are, with the claim on its name.
        done(&dev, &["key", "revoke", "--reason", "superseded", "--yes", "second"]);
        must_be(&dev, &[], &["fifth", "fourth", "third", "second", "kept"]);
        must_be(&dev, &["--state", "active"], &["fourth", "third", "kept"]);
        must_be(&dev, &["--state", "deactivated"], &["second"]);
        must_be(&dev, &["--name", "second"], &["second"]);
        must_be_refused(&dev, &["key", "create", "--name", "second"]);

        // A destroyed one gives its name up, and goes on to be found by it beside the one that takes it.
        done(&dev, &["key", "destroy", "--yes", "second"]);
        must_be(&dev, &["--name", "second"], &[]);
        done(&dev, &["key", "create", "--name", "second"]);
        must_be(&dev, &["--name", "second"], &["second"]);
        must_be(&dev, &["--name", "second", "--state", "destroyed"], &["second"]);
        must_be(&dev, &[], &["second", "fifth", "fourth", "third", "kept"]);
        assert_eq!(hex::encode(dev.keystead("client", &["key", "get", "kept"]).stdout), kept);
        drop(dev);
        let (code, report) = checked(&folder, &[]);
        assert_eq!(code, SOUND, "{report}");
        assert_eq!(report["records"]["names of older versions"]["count"], 2, "{report}");
    }
}

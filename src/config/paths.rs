//! The files that the configuration names: from where their paths start, and whether they are there.

use super::Config;
use super::wrong::Wrong;
use crate::regular;
use std::path::{Path, PathBuf};

/// What is expected at a path.
#[derive(Clone, Copy)]
enum Kind {
    /// A file that is read, called so.
    File(&'static str),
    /// A folder, which is made where it is missing.
    Folder,
    /// SoftHSM's and others' code.
    Module,
}

/// Lets every path start at the folder of the file, and refuses those that lead nowhere.
pub fn settle(config: &mut Config, folder: &Path) -> Result<(), Wrong> {
    for (key, path, kind) in paths(config) {
        if path.to_str().is_some_and(|text| text.trim().is_empty() || text.contains('\0')) {
            return Err(Wrong::new(
                key,
                "it is empty: name a path, or leave the key out where it has a default",
            ));
        }
        *path = folder.join(&*path);
        check(path, kind).map_err(|what| Wrong::new(key, what))?;
    }
    Ok(())
}

fn check(path: &Path, kind: Kind) -> Result<(), String> {
    let shown = path.display();
    let found = std::fs::metadata(path);
    match (kind, found) {
        (Kind::File(what), Err(why)) => {
            Err(format!("cannot read {shown} ({why}): put a {what} there, or name another file"))
        }
        (Kind::File(what), Ok(found)) if found.is_dir() => {
            Err(format!("cannot read {shown} (it is a folder): name the {what} itself"))
        }
        (Kind::Module, Err(why)) => Err(format!(
            "cannot load the PKCS#11 module {shown}: {why}. Install it (Debian: apt install softhsm2), or name that of your HSM"
        )),
        (Kind::Module, Ok(found)) if found.is_dir() => {
            Err(format!("cannot load the PKCS#11 module {shown}: it is a folder; name the .so file in it"))
        }
        (Kind::Module, Ok(found)) => {
            // It is loaded, not read: it may be of any size.
            let regular = regular::must_be_of_any_size(&found);
            regular.map_err(|why| format!("cannot load the PKCS#11 module {shown}: {why}"))
        }
        (Kind::File(what), Ok(found)) => regular::must_be(&found)
            .map_err(|why| format!("cannot read {shown} ({why}): put a {what} there, or name another file")),
        (Kind::Folder, Ok(found)) if !found.is_dir() => {
            Err(format!("{shown} is a file, and a folder is wanted"))
        }
        _ => Ok(()),
    }
}

fn paths(config: &mut Config) -> Vec<(String, &mut PathBuf, Kind)> {
    let (tls, hsm) = (&mut config.tls, &mut config.hsm);
    let always = [
        ("tls.certificate", Some(&mut tls.certificate), Kind::File("certificate")),
        ("tls.key", Some(&mut tls.key), Kind::File("private key")),
        ("tls.second_certificate", tls.second_certificate.as_mut(), Kind::File("certificate")),
        ("tls.second_key", tls.second_key.as_mut(), Kind::File("private key")),
        ("tls.ca", Some(&mut tls.ca), Kind::File("certificate")),
        ("tls.ca_key", tls.ca_key.as_mut(), Kind::File("private key")),
        ("store.path", Some(&mut config.store.path), Kind::Folder),
        ("hsm.module", hsm.module.as_mut(), Kind::Module),
        ("hsm.pin_file", hsm.pin_file.as_mut(), Kind::File("file of the token's PIN, mode 0600,")),
        ("hsm.softhsm_config", hsm.softhsm_config.as_mut(), Kind::File("configuration of SoftHSM")),
        ("hsm.danger_software_keys", hsm.danger_software_keys.as_mut(), Kind::Folder),
        ("certify.certificate", config.certify.certificate.as_mut(), Kind::File("certificate")),
        ("certify.key", config.certify.key.as_mut(), Kind::File("private key")),
    ];
    let mut all: Vec<_> =
        always.into_iter().filter_map(|(key, path, kind)| Some((key.to_owned(), path?, kind))).collect();
    for (place, path) in tls.crl.iter_mut().enumerate() {
        all.push((format!("tls.crl[{place}]"), path, Kind::File("certificate revocation list")));
    }
    for (place, path) in config.certify.anchors.iter_mut().enumerate() {
        all.push((format!("certify.anchors[{place}]"), path, Kind::File("certificate")));
    }
    for (row, attestation) in config.attestation.iter_mut().enumerate() {
        all.push((format!("attestation[{row}].key"), &mut attestation.key, Kind::File("public key")));
    }
    all
}

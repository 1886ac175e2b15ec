//! The authority of `[certify]` as it is read from files.

use keystead::authority;
use keystead::config::Config;
use keystead::engine::settings::AuthorityKey;
use keystead::pki::{self, Curve};
use std::path::Path;

fn write(folder: &Path, name: &str) {
    let pair = pki::make_ca(name, Curve::P256).unwrap();
    std::fs::write(folder.join(format!("{name}.pem")), pair.certificate.as_bytes()).unwrap();
    std::fs::write(folder.join(format!("{name}.key")), pair.key.as_bytes()).unwrap();
}

fn load(folder: &Path, section: &str) -> Result<(Option<AuthorityKey>, usize), String> {
    let text = format!(
        "[tls]\ncertificate = \"door.pem\"\nkey = \"door.key\"\nca = \"door.pem\"\n[store]\npath = \"store\"\n\
         [hsm]\ndanger_software_keys = \"keys\"\n[certify]\n{section}\n"
    );
    std::fs::write(folder.join("keystead.toml"), text).unwrap();
    let config = Config::read(&folder.join("keystead.toml")).map_err(|error| error.to_string())?;
    let (authority, anchors) = authority::load(&config).map_err(|error| error.to_string())?;
    Ok((authority.map(|authority| authority.key), anchors.len()))
}

/// Whoever may use Certify could log in as anybody, if the authority were the one that lets clients in.
#[test]
fn the_authority_is_never_the_one_that_lets_clients_in() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "door");
    let section = "certificate = \"door.pem\"\nkey = \"door.key\"";
    let refused = load(folder.path(), section).unwrap_err();
    assert!(refused.contains("tls.ca"), "{refused}");
}

#[test]
fn an_authority_has_one_certificate_and_one_key() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "door");
    write(folder.path(), "own");
    let ask = |section: &str| load(folder.path(), section);
    assert_eq!(ask("").unwrap(), (None, 0));
    assert_eq!(ask("anchors = [\"own.pem\"]").unwrap(), (None, 1), "anchors without an authority");
    let (key, anchors) = ask("certificate = \"own.pem\"\nkey = \"own.key\"").unwrap();
    assert!(matches!(key, Some(AuthorityKey::File(_))) && anchors == 1);
    let (key, _) = ask("certificate = \"own.pem\"\nobject = \"an identifier\"").unwrap();
    assert_eq!(key, Some(AuthorityKey::Object("an identifier".into())));
    for wrong in [
        "key = \"own.key\"",
        "certificate = \"own.pem\"",
        "certificate = \"own.pem\"\nkey = \"own.key\"\nobject = \"both\"",
        "certificate = \"absent.pem\"\nkey = \"own.key\"",
        "certificate = \"own.key\"\nkey = \"own.key\"",
        "certificate = \"own.pem\"\nkey = \"own.pem\"",
    ] {
        let refused = ask(wrong).unwrap_err();
        assert!(refused.contains("[certify]") || refused.contains("certify."), "{wrong}: {refused}");
    }
}

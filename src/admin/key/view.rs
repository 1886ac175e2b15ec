//! How keys are shown: a table, all attributes, JSON, and the key itself.

mod tree;

use super::choose::{Described, name};
use super::{Failure, Result};
use crate::admin::table;
use crate::text::printable;
use base64ct::{Base64, Encoding as _};
use kmip_codec::SecretBytes;
use kmip_codec::attribute;
use kmip_codec::attributes::Attributes;
use kmip_codec::objects::{KeyMaterial, KeyValue, ManagedObject};
use kmip_codec::version::V2_1;
use serde_json::{Value, json};
use std::io::{self, IsTerminal as _, Write};
use zeroize::Zeroizing;

/// How the bytes of a key are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As they are.
    Raw,
    /// Two digits a byte, and a line end.
    Hex,
    /// RFC 4648 with padding, and a line end.
    Base64,
}

/// The longest value of an attribute that is shown, in characters.
const VALUE_CHARS_MAX: usize = 8192;

/// A line a key.
pub fn table(keys: &[Described], out: &mut dyn Write) -> Result<()> {
    let head = ["ID", "STATE", "ALGORITHM", "BITS", "CREATED", "NAME"];
    Ok(out.write_all(table::table(head, keys.iter().map(row)).as_bytes())?)
}

fn row((id, attributes): &Described) -> [String; 6] {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    [
        id.clone(),
        or_dash(attribute!(attributes, State).next().map(|state| format!("{state:?}"))),
        or_dash(
            attribute!(attributes, CryptographicAlgorithm).next().map(|algorithm| format!("{algorithm:?}")),
        ),
        or_dash(attribute!(attributes, CryptographicLength).next().map(i32::to_string)),
        or_dash(attribute!(attributes, InitialDate).next().map(|date| tree::date(date.0))),
        or_dash(name(attributes).map(str::to_owned)),
    ]
}

/// Names come from other clients: what would steer a terminal is shown as an escape.
fn visible(text: &str) -> String {
    printable(text, VALUE_CHARS_MAX)
}

/// The same for programs.
pub fn list_json(keys: &[Described], out: &mut dyn Write) -> Result<()> {
    let all: Vec<Value> = keys.iter().map(|(id, attributes)| described(id, attributes)).collect();
    json_line(&Value::Array(all), out)
}

/// All attributes, a line each.
pub fn show(id: &str, attributes: &Attributes, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "{id}")?;
    for (name, value) in tree::of(attributes) {
        for line in tree::lines(&value) {
            writeln!(out, "  {name}: {}", visible(&line))?;
        }
    }
    Ok(())
}

/// The same for programs: names and values as KMIP spells them in XML and JSON; attributes that may have several
/// instances are lists.
pub fn show_json(id: &str, attributes: &Attributes, out: &mut dyn Write) -> Result<()> {
    json_line(&described(id, attributes), out)
}

fn described(id: &str, attributes: &Attributes) -> Value {
    json!({ "id": id, "attributes": Value::Object(tree::of(attributes).into_iter().collect()) })
}

fn json_line(value: &Value, out: &mut dyn Write) -> Result<()> {
    Ok(writeln!(out, "{}", crate::admin::json_line(value))?)
}

/// Bytes on a terminal help nobody, and stay in its history.
pub fn refuse_terminal(form: Form, force: bool) -> Result<()> {
    if form == Form::Raw && !force && io::stdout().is_terminal() {
        let why = "the key's bytes are not written to a terminal: use a pipe, --hex, --base64 or --force";
        return Err(Failure::Usage(why.to_owned()));
    }
    Ok(())
}

/// The key itself.
pub fn key(object: &ManagedObject, form: Form, out: &mut dyn Write) -> Result<()> {
    let bytes = bytes(object)?;
    match form {
        Form::Raw => out.write_all(bytes)?,
        Form::Hex => writeln!(out, "{}", *hex(bytes))?,
        Form::Base64 => writeln!(out, "{}", *Zeroizing::new(Base64::encode_string(bytes)))?,
    }
    Ok(())
}

/// The key with what is needed to understand it; its bytes in hexadecimal.
pub fn key_json(object: &ManagedObject, id: &str, out: &mut dyn Write) -> Result<()> {
    let block = object.key_block();
    let algorithm = block.and_then(|block| block.cryptographic_algorithm).map(|a| format!("{a:?}"));
    let told = json!({
        "id": id,
        "type": object.object_type().name(V2_1),
        "algorithm": algorithm,
        "length": block.and_then(|block| block.cryptographic_length),
        "format": block.map(|block| format!("{:?}", block.key_format_type)),
    });
    // The secret part is written apart, so that it stands in a wiped buffer only.
    let told = told.to_string();
    let open = told.strip_suffix('}').unwrap_or(&told);
    writeln!(out, "{open},\"material\":\"{}\"}}", *hex(bytes(object)?))?;
    Ok(())
}

fn hex(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(hex::encode(bytes))
}

fn bytes(object: &ManagedObject) -> Result<&[u8]> {
    let value = object.key_block().and_then(|block| block.key_value.as_ref());
    match (object, value) {
        (ManagedObject::Certificate(certificate), _) => Ok(&certificate.value),
        (ManagedObject::CertificateRequest(request), _) => Ok(&request.value),
        (ManagedObject::OpaqueObject(opaque), _) => Ok(SecretBytes::expose(&opaque.value)),
        (_, Some(KeyValue::Wrapped(bytes))) => Ok(bytes.expose()),
        (_, Some(KeyValue::Plain(plain))) => match &plain.key_material {
            KeyMaterial::Bytes(bytes) => Ok(bytes.expose()),
            KeyMaterial::Transparent(_) => {
                Err(Failure::NoSuchKey("the key is in a transparent format, not bytes".into()))
            }
        },
        _ => Err(Failure::NoSuchKey("the server does not hold the key's value".into())),
    }
}

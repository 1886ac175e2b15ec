//! What the first bytes of a connection are, where they are not the beginning of a TLS that is spoken here.

use rustls::CipherSuite;

/// As many bytes are looked at; a hello says its version and cipher suites among them.
pub const LOOKED_AT: usize = 1024;

/// What somebody begins with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Beginning {
    /// Nothing came.
    Nothing,
    /// A request of HTTP, without TLS.
    Http,
    /// A KMIP message, without TLS.
    Kmip,
    /// The header that proxies put before a connection (PROXY protocol).
    Proxy,
    /// A hello of SSL 2.0, or of SSL 3.0 in its form.
    Ssl2,
    /// A hello of TLS, or of SSL 3.0: the newest version that it names (major, minor) outside of extensions, and its
    /// cipher suites.
    Hello((u8, u8), Vec<String>),
    /// Something else.
    Other,
}

impl Beginning {
    /// Of the first bytes that came.
    pub fn of(bytes: &[u8]) -> Self {
        const METHODS: &[&[u8]] =
            &[b"GET ", b"POST", b"PUT ", b"HEAD", b"OPTI", b"DELE", b"CONN", b"PATC", b"PRI "];
        match bytes {
            [] => Self::Nothing,
            // Record type 22, any version; after its length, handshake type 1.
            [22, 3, _, _, _, 1, ..] => hello(bytes).unwrap_or(Self::Other),
            // The tag of a Request Message or a Response Message, and the type of a structure.
            [0x42, 0, 0x78 | 0x7b, 1, ..] => Self::Kmip,
            [b'P', b'R', b'O', b'X', b'Y', b' ', ..] | [0x0d, 0x0a, 0x0d, 0x0a, 0, ..] => Self::Proxy,
            // A length with its highest bit set, a client hello, and the version.
            [128..=255, _, 1, 0 | 2 | 3, ..] => Self::Ssl2,
            _ if METHODS.iter().any(|method| bytes.starts_with(method)) => Self::Http,
            _ => Self::Other,
        }
    }
}

/// The name of a version of TLS.
pub fn version_name((major, minor): (u8, u8)) -> String {
    match (major, minor) {
        (2, _) => "SSL 2.0".to_owned(),
        (3, 0) => "SSL 3.0".to_owned(),
        (3, 1..=4) => format!("TLS 1.{}", minor - 1),
        _ => format!("version {major}.{minor}"),
    }
}

/// Record header, handshake header, version, random bytes, session, cipher suites.
fn hello(bytes: &[u8]) -> Option<Beginning> {
    const VERSION: usize = 9;
    const SESSION: usize = VERSION + 2 + 32;
    let version = (*bytes.get(VERSION)?, *bytes.get(VERSION + 1)?);
    Some(Beginning::Hello(version, suites(bytes, SESSION).unwrap_or_default()))
}

/// The suites by name, without those that only signal something.
fn suites(bytes: &[u8], session: usize) -> Option<Vec<String>> {
    let at = session + 1 + usize::from(*bytes.get(session)?);
    let length = u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]);
    let all = bytes.get(at + 2..)?;
    let all = all.get(..usize::from(length).min(all.len()))?;
    let named = all.chunks_exact(2).filter_map(|number| {
        let suite = CipherSuite::from(u16::from_be_bytes(number.try_into().ok()?));
        let name = suite.as_str().filter(|name| !name.ends_with("_SCSV"))?;
        Some(name.to_owned())
    });
    Some(named.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_are_told_apart() {
        for (bytes, beginning) in [
            (&b""[..], Beginning::Nothing),
            (b"GET /kmip HTTP/1.1\r\n", Beginning::Http),
            (b"PRI * HTTP/2.0\r\n", Beginning::Http),
            (&[0x42, 0, 0x78, 1, 0, 0, 0, 0x40], Beginning::Kmip),
            (b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n", Beginning::Proxy),
            (b"\r\n\r\n\0\r\nQUIT\n!", Beginning::Proxy),
            (&[0x80, 0x2e, 1, 3, 1, 0], Beginning::Ssl2),
            (b"SSH-2.0-OpenSSH_9.6\r\n", Beginning::Other),
            (&[22, 3, 1, 0, 5, 1], Beginning::Other),
            (&[22], Beginning::Other),
        ] {
            assert_eq!(Beginning::of(bytes), beginning, "{bytes:x?}");
        }
    }

    /// Whatever comes, cut anywhere, is told without a panic.
    #[test]
    fn a_hello_of_an_old_version_is_named_with_its_suites() {
        let mut hello = vec![22, 3, 1, 0, 49, 1, 0, 0, 45, 3, 2];
        hello.extend([7; 32]);
        hello.extend([0, 0, 6, 0, 0x35, 0xc0, 0x14, 0, 0xff, 1, 0]);
        let suites =
            vec!["TLS_RSA_WITH_AES_256_CBC_SHA".to_owned(), "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA".to_owned()];
        assert_eq!(Beginning::of(&hello), Beginning::Hello((3, 2), suites));
        assert_eq!(version_name((3, 2)), "TLS 1.1");
        for end in 0..hello.len() {
            let _ = Beginning::of(&hello[..end]);
        }
    }
}

//! Where a server is: a host and a port, as people write them.
//!
//! What can never be reached is refused here, with the right form, so that nobody waits for it.

use keystead_base::text::printable;
use rustls::pki_types::ServerName;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// The port that is assigned to KMIP.
const KMIP_PORT: u16 = 5696;

/// How much of a wrong address is shown.
const SHOWN_CHARS: usize = 100;

/// The longest name of a network interface on Linux.
const INTERFACE_CHARS_MAX: usize = 15;

/// `host:port`, `[::1]:port`, `[fe80::1%eth0]:port`, or a host alone for port 5696.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub struct ServerAddress {
    /// A name or an address, without brackets; a link-local address with its zone (RFC 4007, section 11).
    pub host: String,
    /// The TCP port.
    pub port: u16,
}

impl ServerAddress {
    /// What the server's certificate must be for: the host without its zone, which has a meaning on this machine alone.
    pub fn certified_name(&self) -> &str {
        self.host.split_once('%').map_or(self.host.as_str(), |(address, _)| address)
    }
}

impl FromStr for ServerAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        read(text).map_err(|why| {
            let shown = printable(text, SHOWN_CHARS);
            match without_url(text) {
                Some(right) => format!("`{shown}` is not a server: write HOST:PORT without {why}: `{right}`"),
                None => format!(
                    "`{shown}` is not a server: {why}; write HOST:PORT, for example kms.example.com:5696 or [::1]:5696"
                ),
            }
        })
    }
}

/// Reads an address; the error says what is wrong with it.
fn read(text: &str) -> Result<ServerAddress, String> {
    if let Some(part) = url_part(text) {
        return Err(part.to_owned());
    }
    let (host, port, bracketed) = split(text)?;
    let port = match port {
        None => KMIP_PORT,
        Some(port) => port_number(port)?,
    };
    if bracketed || host.contains([':', '%']) {
        check_ipv6(host)?;
        if !bracketed {
            check_has_no_port(host)?;
        }
    } else {
        check_name(host)?;
    }
    Ok(ServerAddress { host: host.to_owned(), port })
}

/// What a URL has and an address has not.
fn url_part(text: &str) -> Option<&'static str> {
    match text {
        _ if text.contains("://") => Some("a scheme"),
        _ if text.contains(['/', '?', '#']) => Some("a path"),
        _ if text.contains('@') => Some("a user"),
        _ => None,
    }
}

/// The address in a URL, where it is one.
fn without_url(text: &str) -> Option<ServerAddress> {
    url_part(text)?;
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next()?;
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    read(place).ok()
}

/// Host, port, and whether brackets stood around the host.
fn split(text: &str) -> Result<(&str, Option<&str>, bool), String> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']').ok_or("its bracket is not closed")?;
        return match after {
            "" => Ok((host, None, true)),
            _ => Ok((host, Some(after.strip_prefix(':').ok_or("a port comes after `:`")?), true)),
        };
    }
    Ok(match text.split_once(':') {
        None => (text, None, false),
        Some((_, rest)) if rest.contains(':') => (text, None, false),
        Some((host, port)) => (host, Some(port), false),
    })
}

fn port_number(text: &str) -> Result<u16, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|port| digits && *port > 0);
    number.ok_or_else(|| "its port is not a number from 1 to 65535".to_owned())
}

/// An IPv6 address, whose zone, the interface, belongs to link-local addresses and to no others.
fn check_ipv6(host: &str) -> Result<(), String> {
    let (address, zone) = host.split_once('%').map_or((host, None), |(address, zone)| (address, Some(zone)));
    let read: Ipv6Addr =
        address.parse().map_err(|_| "what has `:` twice, or brackets, is an IPv6 address")?;
    check_address(IpAddr::V6(read))?;
    match zone {
        None if read.is_unicast_link_local() => {
            Err(format!("a link-local address is reached through an interface: [{read}%eth0]:{KMIP_PORT}"))
        }
        Some(zone) if !read.is_unicast_link_local() => {
            Err(format!("only link-local addresses (fe80::) have a zone such as %{}", printable(zone, 20)))
        }
        Some(zone) if zone.starts_with("25") && zone.parse::<u32>().is_err() => {
            let plain = printable(zone.get(2..).unwrap_or_default(), 20);
            Err(format!("the zone stands there without %25: [{read}%{plain}]:{KMIP_PORT}"))
        }
        Some(zone) if !is_interface(zone) => {
            Err("after `%` comes the name of an interface, such as eth0".to_owned())
        }
        _ => Ok(()),
    }
}

fn is_interface(zone: &str) -> bool {
    let fits = (1..=INTERFACE_CHARS_MAX).contains(&zone.len()) && zone != "." && zone != "..";
    fits && zone.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '/' | ':' | '%' | '[' | ']'))
}

/// `::1:5696` is an IPv6 address, and no address with a port, which is what people mean.
fn check_has_no_port(host: &str) -> Result<(), String> {
    let Some((before, last)) = host.rsplit_once(':') else { return Ok(()) };
    let is_port = last.len() == 4 && last.bytes().all(|byte| byte.is_ascii_digit());
    if is_port && before.parse::<Ipv6Addr>().is_ok() {
        return Err(format!("is {last} a port? then it is [{before}]:{last}, and else [{host}]"));
    }
    Ok(())
}

fn check_name(host: &str) -> Result<(), String> {
    if host.is_empty() {
        return Err("it has no host".to_owned());
    }
    if !host.is_ascii() {
        return Err("a name with other letters than ASCII is written as its `xn--` form".to_owned());
    }
    match ServerName::try_from(host) {
        Ok(ServerName::IpAddress(address)) => check_address(IpAddr::from(address)),
        Ok(_) => Ok(()),
        Err(_) => Err("its host is neither a name nor an address".to_owned()),
    }
}

/// Addresses at which no server can be.
fn check_address(address: IpAddr) -> Result<(), String> {
    match address {
        _ if address.is_unspecified() => {
            Err(format!("a server can listen at {address}, but is reached at another address"))
        }
        _ if address.is_multicast() => Err(format!("{address} is the address of a group")),
        IpAddr::V4(v4) if v4.is_broadcast() => Err(format!("{address} is the address of all machines")),
        _ => Ok(()),
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl<'de> serde::Deserialize<'de> for ServerAddress {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(text: &str) -> Option<(String, u16)> {
        text.parse::<ServerAddress>().ok().map(|address| (address.host, address.port))
    }

    #[test]
    fn reads_what_people_write() {
        for (text, host, port) in [
            ("kms:5696", "kms", 5696),
            ("kms.example.com", "kms.example.com", 5696),
            ("kms.example.com.:1", "kms.example.com.", 1),
            ("kms_1-a.example:1", "kms_1-a.example", 1),
            ("127.0.0.1:1", "127.0.0.1", 1),
            ("[::1]:5697", "::1", 5697),
            ("[::1:5696]", "::1:5696", 5696),
            ("[fe80::2%eth0]", "fe80::2%eth0", 5696),
            ("fe80::2%br-1.7", "fe80::2%br-1.7", 5696),
            ("[fe80::2%3]:1", "fe80::2%3", 1),
            ("::1", "::1", 5696),
            ("2001:db8::53:10", "2001:db8::53:10", 5696),
            ("2001:db8:1:2:3:4:5:1234", "2001:db8:1:2:3:4:5:1234", 5696),
        ] {
            assert_eq!(both(text), Some((host.to_owned(), port)), "{text}");
        }
    }

    /// Each was tried until the end of the wait.
    #[test]
    fn what_can_never_be_reached_is_refused_with_what_is_wrong() {
        for (text, why) in [
            ("", "no host"),
            (":5696", "no host"),
            ("kms:", "port"),
            ("kms:port", "port"),
            ("kms:+1", "port"),
            ("kms:0", "port"),
            ("kms:70000", "port"),
            ("[::1", "bracket"),
            ("[::1]5696", "after `:`"),
            ("k ms:1", "neither a name nor an address"),
            ("a..b", "neither a name nor an address"),
            (".a:1", "neither a name nor an address"),
            ("-a:1", "neither a name nor an address"),
            ("10.0.0.256:1", "neither a name nor an address"),
            ("10.1:1", "neither a name nor an address"),
            ("schlüssel.example", "xn--"),
            ("kms:1:2", "IPv6"),
            ("[kms]:1", "IPv6"),
            ("[127.0.0.1]:1", "IPv6"),
            ("fe80::1", "%eth0"),
            ("[fe80::1%]", "interface"),
            ("[fe80::1%an-interface-of-a-long-name]", "interface"),
            ("[fe80::1%25eth0]:1", "[fe80::1%eth0]"),
            ("[::1%lo]:1", "link-local"),
            ("127.0.0.1%lo", "IPv6"),
            ("::1:5696", "[::1]:5696"),
            ("0.0.0.0:5696", "another address"),
            ("[::]:5696", "another address"),
            ("224.0.0.1", "group"),
            ("255.255.255.255", "all machines"),
            ("https://kms:1/kmip", "without a scheme: `kms:1`"),
            ("kmips://me@kms", "without a scheme: `kms:5696`"),
            ("kms:1/kmip", "without a path: `kms:1`"),
            ("me@kms:1", "without a user: `kms:1`"),
            ("https://a..b/", "a scheme"),
        ] {
            let error = text.parse::<ServerAddress>().err().unwrap_or_default();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn a_wrong_address_does_not_steer_the_terminal() {
        let error = "kms\u{1b}[2J".parse::<ServerAddress>().err().unwrap_or_default();
        assert!(error.contains("\\u{1b}") && !error.contains('\u{1b}'), "{error}");
    }

    #[test]
    fn prints_what_it_reads() {
        for text in ["kms:5696", "[::1]:5697", "[fe80::1%eth0]:5696"] {
            assert_eq!(text.parse::<ServerAddress>().map(|address| address.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn a_certificate_is_for_an_address_without_its_zone() {
        let name =
            |text: &str| text.parse::<ServerAddress>().map(|address| address.certified_name().to_owned());
        assert_eq!(name("[fe80::1%eth0]:1"), Ok("fe80::1".to_owned()));
        assert_eq!(name("kms:1"), Ok("kms".to_owned()));
    }
}

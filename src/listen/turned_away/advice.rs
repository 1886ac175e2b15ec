//! What mends each reason for which a connection is turned away. What stands in capitals is for people to fill in; the
//! commands work as they are written (`tests/commands/input/turned_away` follows each).

use super::{Reason, Trust};
use crate::pki::Facts;

/// Signs a request anew, as what a client needs.
const SIGN: &str = "printf 'basicConstraints=critical,CA:FALSE\\nextendedKeyUsage=clientAuth\\n' | openssl x509 -req -in \
                    CLIENT.csr -CA CA.pem -CAkey CA.key -CAcreateserial -days 365 -extfile /dev/stdin -out CLIENT.pem";

/// A self-signed certificate that lets in itself alone.
const SELF_SIGN: &str = "printf '[req]\\ndistinguished_name=n\\n[n]\\n' | openssl req -x509 -config /dev/stdin -newkey \
                         rsa:3072 -nodes -subj /CN=@name@ -days 365 -addext basicConstraints=critical,CA:FALSE -addext \
                         extendedKeyUsage=clientAuth -keyout CLIENT.key -out CLIENT.pem";

/// What makes a new certificate, or signs one.
const RENEW: &str = "Make another: `keystead client add @name@ --out DIR`, run by an administrator; or sign the client's \
                     request anew with your own CA: `@sign@`";

/// A new key of a kind that is taken, and a request for it.
const NEW_KEY: &str = "openssl ecparam -name prime256v1 -genkey -noout -out CLIENT.key; openssl req -new -key CLIENT.key -subj \
                       /CN=@name@ -out CLIENT.csr";

/// What makes the first.
const MAKE: &str = "Make one: `keystead client add @name@ --out DIR`, run by an administrator; or sign the client's request with \
                    your own CA: `@sign@`";

/// Where clients want a kind of key that the server does not have.
const SECOND: &str = "; or name a second certificate with a key of the other kind, RSA beside ECDSA, in tls.second_certificate and \
                      tls.second_key";

/// What mends this.
pub fn of(reason: Reason, certificate: Option<&Facts>, trust: &Trust) -> String {
    let name = certificate.map(|facts| facts.common_name.as_str()).filter(|name| is_plain(name));
    let fingerprint = certificate.map(|facts| facts.fingerprint.as_str()).unwrap_or_default();
    template(reason, certificate)
        .replace("@renew@", RENEW)
        .replace("@make@", MAKE)
        .replace("@second@", if trust.has_room_for_another_key() { SECOND } else { "" })
        .replace("@newkey@", NEW_KEY)
        .replace("@sign@", SIGN)
        .replace("@self@", SELF_SIGN)
        .replace("@reload@", "let the server read it again (SIGHUP, `systemctl reload`)")
        .replace("@name@", name.unwrap_or("NAME"))
        .replace("@ca@", &trust.file.display().to_string())
        .replace("@versions@", trust.versions)
        .replace("@fingerprint@", fingerprint)
}

fn is_outside_now(facts: &Facts) -> bool {
    facts.is_outside(time::OffsetDateTime::now_utc().unix_timestamp())
}

/// Whether a name from outside can stand in a command that people copy.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:@".contains(c);
    !name.is_empty() && name.len() <= 64 && !name.starts_with('-') && name.chars().all(plain)
}

fn template(reason: Reason, certificate: Option<&Facts>) -> &'static str {
    match reason {
        Reason::NoCertificate => {
            "Give the client a certificate and its key. @make@. Look, too, whether the client leaves its certificate out \
             because it is not from a CA that the server names, or because it cannot sign with its key as the server wants it: \
             with SHA-256 or better, and RSA, ECDSA on P-256, P-384 or P-521, or Ed25519"
        }
        Reason::CertificateExpired => "@renew@. Look at the server's clock as well (`date`)",
        Reason::CertificateNotYetValid => {
            "Set the clock of whichever machine is wrong (`date`), or wait. @renew@"
        }
        Reason::CertificateVersion1
        | Reason::CertificateUsage
        | Reason::CertificateUnreadable
        | Reason::CertificateRevoked
        | Reason::CertificateExtension => "@renew@",
        Reason::CertificateOfCa if certificate.is_some_and(|facts| facts.self_issued) => {
            "Make one that is no CA: `@self@`; add it to tls.ca: `cat CLIENT.pem >> @ca@`, and @reload@. @renew@"
        }
        Reason::CertificateOfCa => "@renew@",
        Reason::CertificateName => {
            "Have it signed with one common name that can be read and shown as it is. @renew@. Or let it in without its name: put \
             its fingerprint into the configuration, under [admin], [[groups]] or [[clients]]: \"sha256:@fingerprint@\", and \
             @reload@"
        }
        Reason::CertificateSignature => {
            "@renew@, with RSA of at least 2048 bits, or P-256 or P-384, and SHA-256 or better"
        }
        Reason::CertificateKey => {
            "Give the client a new key and a certificate for it: `keystead client add @name@ --out DIR`, run by an administrator; or \
             with your own CA: `@newkey@; @sign@`"
        }
        Reason::CertificateNameless => {
            "Name its fingerprint in the configuration, under [admin], [[groups]] or [[clients]]: \
             \"sha256:@fingerprint@\", and @reload@; or give it a common name. @renew@"
        }
        Reason::NotAdmitted => {
            "Correct the configuration, and @reload@; `keystead client show @name@` tells how the client stands"
        }
        Reason::NoPrivateKey => {
            "Give the client the key that belongs to the certificate: `openssl pkey -in CLIENT.key -pubout` and `openssl \
             x509 -in CLIENT.pem -noout -pubkey` print the same"
        }
        other => of_the_ca(other, certificate),
    }
}

/// Where the certificate does not lead to a CA that is trusted.
fn of_the_ca(reason: Reason, certificate: Option<&Facts>) -> &'static str {
    match reason {
        Reason::CaOutOfDate if certificate.is_some_and(is_outside_now) => {
            "Both need a new one: put that of the CA into tls.ca, `cat NEW-CA.pem >> @ca@`, and @reload@; then sign the client's with \
             it. @renew@. Look at the server's clock as well (`date`)"
        }
        Reason::CaOutOfDate => {
            "Put the new certificate of that CA into tls.ca: `cat NEW-CA.pem >> @ca@`, and @reload@. Otherwise: @renew@, with a \
             CA that is valid. Look at the server's clock as well (`date`)"
        }
        Reason::RevocationListOverdue => {
            "Put the newest list of that CA into the file that tls.crl names, and @reload@. How long a list counts after the next \
             one was due is tls.crl_grace_seconds. Look at the server's clock as well (`date`)"
        }
        Reason::RevocationListMissing => {
            "Put the list by the key that has signed the certificate into a file of tls.crl, behind the certificate of the CA with that \
             key: `cat CA.pem LIST.pem`, and @reload@. Where the CA has a new key that signs its lists now, put its certificates with \
             both keys, signed by the same CA, before the list. If the list there is of another CA of that name, take it out of tls.crl"
        }
        Reason::OtherCa => {
            "If the issuer is a CA between the two, send its certificate behind the client's: `cat INTERMEDIATE.pem >> \
             CLIENT.pem`. If all clients of that CA are to be let in, add it to tls.ca: `cat OTHER-CA.pem >> @ca@`, and \
             @reload@. Otherwise: @renew@"
        }
        Reason::BrokenChain => {
            "Send the client's certificate, then each CA's that leads from it to one in tls.ca, in that order: `cat OWN.pem \
             INTERMEDIATE.pem > CLIENT.pem`"
        }
        Reason::TooManyCertificates => {
            "Send the client's certificate, then those alone that lead from it to one in tls.ca, each once: `cat OWN.pem \
             INTERMEDIATE.pem > CLIENT.pem`"
        }
        Reason::OtherSentKey => {
            "Send the certificate of the CA that has signed the client's, not another one of the same name: `cat OWN.pem \
             INTERMEDIATE.pem > CLIENT.pem`. Otherwise: @renew@"
        }
        Reason::ChainRule => "Have the client's certificate signed by a CA that may sign it. @renew@",
        Reason::NameConstraints => {
            "Have the client's certificate signed by a CA that has no such name constraints, nor one above it. @renew@"
        }
        Reason::CaMayNotSign => {
            "Have the certificate of that CA signed anew with keyUsage=critical,keyCertSign,cRLSign, and send it behind the client's: \
             `cat OWN.pem INTERMEDIATE.pem > CLIENT.pem`. Otherwise: @renew@"
        }
        Reason::WrongCaKey => "Ask who has made the client's certificate for the CA that it is from. @renew@",
        Reason::SelfSigned if certificate.is_some_and(|facts| !facts.may_sign()) => {
            "To let it in, add it to tls.ca: `cat CLIENT.pem >> @ca@`, and @reload@. Otherwise: @renew@"
        }
        Reason::SelfSigned => {
            "Make one that is X.509 v3 and no CA: `@self@`; add it to tls.ca: `cat CLIENT.pem >> @ca@`, and @reload@. \
             Otherwise: @renew@"
        }
        other => of_tls(other),
    }
}

/// Where no certificate is to blame.
fn of_tls(reason: Reason) -> &'static str {
    match reason {
        Reason::NoCipherSuite => {
            "Switch on suites with forward secrecy and authenticated encryption in the client: ECDHE with AES-GCM or ChaCha20, or \
             TLS 1.3. Those with CBC and without ECDHE are not spoken here"
        }
        Reason::OtherKeyKind => {
            "Name a second certificate with a key of that kind in tls.second_certificate and tls.second_key; or switch on the \
             client's suites for the kind of this server's key"
        }
        Reason::NoSignatureAlgorithm => "Let the client take SHA-256 or better with ECDSA or RSA-PSS@second@",
        Reason::ClientSignature => {
            "Let the client sign with SHA-256 or better: ECDSA, RSA-PSS, or in TLS 1.2 RSA with PKCS #1; or update its TLS library"
        }
        Reason::NoApplicationProtocol => {
            "Let the client offer HTTP/1.1 (`curl --http1.1`), or no application protocol at all"
        }
        Reason::ClientFailed => {
            "The client's own log says why. Mostly it cannot sign the handshake with the key of its certificate as this server wants \
             it: let it sign with SHA-256 or better (ECDSA, RSA-PSS, or in TLS 1.2 RSA with PKCS #1), or give it a key of another kind"
        }
        Reason::NoGroup => "Let the client offer X25519, P-256 or P-384",
        Reason::OldTls | Reason::OldSsl => {
            "This server speaks @versions@: switch that on in the settings of the client, or update its TLS library"
        }
        Reason::TlsVersionDisabled => {
            "Switch one of these on in the client; TLS 1.2 is spoken with tls.minimum = \"1.2\", TLS 1.3 without tls.suite_b"
        }
        Reason::PlainHttp => {
            "This port speaks KMIP over TLS. For HTTP use https:// and an address of https.listen: `curl --cacert CA.pem --cert \
             CLIENT.pem --key CLIENT.key https://HOST:PORT/kmip`"
        }
        Reason::PlainKmip => {
            "Switch TLS on in the client, and give it a certificate: KMIP is spoken over mutual TLS alone"
        }
        Reason::ProxyHeader => {
            "Switch the PROXY protocol off in the load balancer (send-proxy), and let it pass TCP through"
        }
        Reason::NotTls => "Look at what connects to this port; it speaks KMIP over TLS",
        Reason::ClientAlert => {
            "Give the client the CA of this server's certificate, and a name that the certificate has. What it sees: `openssl \
             s_client -connect HOST:PORT -CAfile CA.pem -verify_hostname HOST -cert CLIENT.pem -key CLIENT.key`"
        }
        other => of_the_connection(other),
    }
}

/// Where TLS is not to blame.
fn of_the_connection(reason: Reason) -> &'static str {
    match reason {
        Reason::ClosedEarly => {
            "Nothing, if it is a health check or a scanner. Otherwise the client's own log says why it went away"
        }
        Reason::TooSlow => {
            "Nothing, if it is a health check or a scanner. On a slow line raise limits.handshake_seconds; a client that \
             waits for the server to speak first does not speak TLS"
        }
        Reason::TooManyHandshakes => {
            "Find out who opens connections without finishing the handshake (`ss -tn`), or raise limits.connections, and with it \
             how many handshakes may be pending"
        }
        Reason::TooManyConnections => {
            "Let the client use a connection again instead of opening another, and look at what its requests wait for; or raise \
             the limit"
        }
        _ => {
            "Compare the versions, suites and certificates of both sides: `openssl s_client -connect HOST:PORT -cert CLIENT.pem \
              -key CLIENT.key` shows the client's"
        }
    }
}

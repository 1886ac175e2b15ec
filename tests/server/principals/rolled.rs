//! CAs of one name with several keys, as after a roll-over, and the lists of CAs between those of `tls.ca` and clients: each list
//! is for whom its issuer has signed (RFC 5280, 6.3.3).

use super::dates::{Lab, WIDE, below, client, root};
use super::forms::{Form, entry, serial};
use super::lists::listed;
use super::*;

#[test]
fn a_ca_with_a_new_key_under_its_name_has_lists_of_its_own() {
    let ((old, old_pem), (new, new_pem)) = (root("Rolled CA", WIDE), root("Rolled CA", WIDE));
    let of = |ca| ["out", "in"].map(|name| client(ca, name, WIDE, ""));
    let (by_old, by_new) = (of(&old), of(&new));
    // Each also has the number of a client that the other key has signed: numbers are those of an issuer.
    let list = |signer, out: &Pair, other: &Pair| {
        let form = Form::of("Rolled CA", &[out]);
        form.with(|form| form.entries.push(entry(&serial(other), &[]))).pem(signer)
    };
    let (list_old, list_new) = (list(&old, &by_old[0], &by_new[1]), list(&new, &by_new[0], &by_old[1]));
    let words = listed(0);
    let Some(lab) = Lab::new(&[&old_pem, &new_pem], &[("ca_key = ", &words)], &[("crl.pem", &list_old)])
    else {
        return;
    };
    for (what, lists, has) in [
        ("the old key's", list_old.clone(), [true, false]),
        // A reload takes no revocation away.
        ("the new key's", list_new.clone(), [true, true]),
        ("both", format!("{list_old}{list_new}"), [true, true]),
        ("both, turned round", format!("{list_new}{list_old}"), [true, true]),
    ] {
        lab.put_list(lists.as_bytes());
        for (clients, has_list) in [&by_old, &by_new].into_iter().zip(has) {
            assert_eq!(lab.is_served(&clients[0]), !has_list, "{what}: {}", lab.log());
            assert!(lab.is_served(&clients[1]), "{what}: {}", lab.log());
        }
    }
}

#[test]
fn the_list_of_a_ca_between_stands_beside_its_certificate() {
    let (top, top_pem) = root("Top CA", WIDE);
    let ((between, behind), (rolled, rolled_behind)) =
        (below(&top, "Between CA", WIDE), below(&top, "Between CA", WIDE));
    let (apart, apart_behind) = below(&root("Other CA", WIDE).0, "Apart CA", WIDE);
    let of = |ca, behind: &str| ["out", "in"].map(|name| client(ca, name, WIDE, behind));
    let (clients, of_rolled) = (of(&between, &behind), of(&rolled, &rolled_behind));
    let list = |signer, out: &Pair| Form::of("Between CA", &[out]).pem(signer);
    let own = list(&between, &clients[0]);
    let words = listed(0);
    let good = format!("{behind}{own}");
    let Some(lab) = Lab::new(&[&top_pem], &[("ca_key = ", &words)], &[("crl.pem", &good)]) else { return };
    let serves = |who: &[Pair; 2]| [0, 1].map(|place| lab.is_served(&who[place]));
    assert_eq!(serves(&clients), [false, true], "{}", lab.log());
    assert_eq!(serves(&of_rolled), [true, true], "{}", lab.log());
    // A CA that has moved on to another key speaks with it of those that the key before has signed as well.
    lab.put_list(format!("{rolled_behind}{}", list(&rolled, &clients[0])).as_bytes());
    assert_eq!(serves(&clients), [false, true], "{}", lab.log());
    let before = lab.log().len();
    lab.put_list(format!("{rolled_behind}{own}").as_bytes());
    let said = lab.log()[before..].to_owned();
    let words = "it is not signed with the key of CN=Between CA";
    assert!(said.contains("is left out") && said.contains(words), "{said}");
    assert_eq!(serves(&clients), [false, true]);
    // Nobody can verify it alone: the one before stays in force, and nobody comes in by a key that may be the one of this list.
    let before = lab.log().len();
    lab.put_list(own.as_bytes());
    let said = lab.log()[before..].to_owned();
    assert!(said.contains("cannot be verified") && said.contains("stays in force"), "{said}");
    assert_eq!((serves(&clients), serves(&of_rolled)), ([false, false], [true, true]));
    lab.turned_away(&clients[0], "CertificateRevoked", &["is revoked"]);
    lab.turned_away(
        &clients[1],
        "RevocationListMissing",
        &["CN=Between CA has signed it", "cannot be verified"],
    );
    // Each key has its own list.
    lab.put_list(good.as_bytes());
    assert_eq!(serves(&clients), [false, true]);
    // One of a CA that leads nowhere is for nobody.
    let before = lab.log().len();
    let apart = format!("{apart_behind}{}", Form::of("Apart CA", &[]).pem(&apart));
    lab.put_list(format!("{good}{apart}").as_bytes());
    let said = lab.log()[before..].to_owned();
    assert!(said.contains("the certificate of CN=Apart CA is not known"), "{said}");
    assert_eq!(serves(&clients), [false, true]);
}

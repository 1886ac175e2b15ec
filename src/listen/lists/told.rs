//! What the operator is told of the lists that are taken: for whom they are not, and who is not let in by that.

use super::RevocationList;
use super::issuers::{Issuer, Issuers};
use crate::pki::Facts;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How long before its end the certificate of a key that signs lists is told of, in seconds.
const SOON: i64 = 30 * super::DAY;

impl Issuers<'_> {
    /// What is told of the lists of the files at this time, where these are all, with those that were in force before.
    pub fn told(
        &self,
        files: &[Arc<RevocationList>],
        lists: &[Arc<RevocationList>],
        now: i64,
    ) -> Vec<String> {
        let mut told = BTreeSet::new();
        for list in files {
            told.extend(self.of_signer(list).into_iter().flatten());
            let named = self.named(&list.name);
            told.extend(named.iter().filter_map(|one| self.without(one, list, lists, now)));
            let is_trusted = self.all.iter().any(|one| one.is_trusted && one.id == list.id());
            told.extend(list.speaks_no_more(now, SOON).filter(|_| !is_trusted));
        }
        told.into_iter().map(|text| format!("tls.crl: {text}")).collect()
    }

    /// What is told of the key that has signed a list.
    fn of_signer(&self, list: &RevocationList) -> [Option<String>; 2] {
        let signing: Vec<_> = self.all.iter().filter(|one| one.id == list.id()).collect();
        let issuer = &list.issuer;
        let is_known = |one: &&Issuer| one.is_trusted || one.by.iter().any(|key| *key != one.id.1);
        if !signing.iter().any(is_known) && self.former.contains(&list.id()) {
            let former = format!(
                "there is a list of {issuer}, a CA that does not stand in tls.ca any more. If that CA stands below a CA of tls.ca now, put \
                 its certificate beside the list (`cat CA.pem LIST.pem`, both PEM, in one file of tls.crl); otherwise take the list out \
                 of tls.crl. As it is, the next start may be refused with it, or does not know whom it revokes"
            );
            return [Some(former), None];
        }
        let is_mute = !signing.iter().any(|one| one.may_sign_lists);
        let mute = is_mute.then(|| {
            format!(
                "the key usages of {issuer} do not let it sign lists (cRLSign is not among them; RFC 5280, 6.3.3 (f)): its list \
                 counts for what the same key has signed alone. Have the certificate of that CA made anew with \
                 keyUsage=keyCertSign,cRLSign"
            )
        });
        let unknown = (!signing.iter().any(is_known)).then(|| match signing.iter().any(|one| one.is_revoked) {
            true => format!(
                "the certificate of {issuer} beside its list is revoked: the list counts for what the same key has signed alone, and \
                 nobody comes in by another key of that CA that has no list of its own. Put the certificate that is good now there"
            ),
            false => format!(
                "the CA that has signed the certificate of {issuer} is not known: its list counts for what the same key has signed \
                 alone. If {issuer} has other keys, put the certificates between it and tls.ca beside the list as well"
            ),
        });
        [mute, unknown]
    }

    /// That no list is for the key of a certificate which has the name of this one.
    fn without(
        &self,
        one: &Issuer,
        list: &RevocationList,
        lists: &[Arc<RevocationList>],
        now: i64,
    ) -> Option<String> {
        let facts = Facts::of(&one.der);
        let named = || lists.iter().filter(|list| list.name == one.id.0);
        let is_ca = one.is_trusted || facts.is_ca;
        if !is_ca || named().any(|list| list.signer.key == one.id.1) {
            return None;
        }
        let mut speaking = named().filter(|list| self.speaks(&list.signer, one)).peekable();
        let (issuer, fingerprint) = (&list.issuer, facts.fingerprint);
        let place = if one.is_trusted { "in tls.ca" } else { "beside the lists" };
        let what = "and none by the key of the certificate of that name";
        let mend = "Put the list by that key there as well, or the certificate of the list's key by that one beside its list";
        match (speaking.peek().is_some(), one.is_trusted) {
            (true, _) if speaking.any(|list| list.signer.is_good(now)) => None,
            (true, _) => Some(format!(
                "there is a list of {issuer}, {what} {place} with the fingerprint {fingerprint} but by one whose own certificate is not \
                 in its dates: nobody comes in whom that key has certified. {mend}"
            )),
            (false, true) => Some(format!(
                "there is a list of {issuer}, {what} {place} with the fingerprint {fingerprint}: nobody whom that key has certified is \
                 revoked. {mend}"
            )),
            (false, false) => Some(format!(
                "there is a list of {issuer}, {what} {place} with the fingerprint {fingerprint}, nor by one that may speak for it: nobody \
                 comes in whom that key has certified. {mend}"
            )),
        }
    }
}

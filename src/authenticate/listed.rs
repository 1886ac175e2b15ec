//! The clients that the configuration lists, read once: names are never compared with fingerprints.

use crate::config::Config;
use crate::engine::rights::identity::{ClientRef, Identity};

/// Every list of clients in the configuration, in its order.
#[derive(Debug)]
pub struct Listed {
    /// The members of each group.
    pub members: Vec<Vec<ClientRef>>,
    /// `[[clients]]`.
    pub clients: Vec<ClientRef>,
    /// `admin.names`.
    pub admins: Vec<ClientRef>,
}

/// Whose entries are looked for.
pub enum Whom<'i> {
    /// The holder of a certificate.
    Holder(&'i Identity),
    /// The user of this name, whom a credential tells.
    User(&'i str),
}

impl Whom<'_> {
    /// Whether an entry means this one.
    pub fn is(&self, listed: &ClientRef) -> bool {
        match self {
            Self::Holder(identity) => listed.is_holder(identity),
            Self::User(name) => listed.is_user(name),
        }
    }

    /// What it is called in messages.
    pub fn name(&self) -> &str {
        match self {
            Self::Holder(identity) => &identity.certificate,
            Self::User(name) => name,
        }
    }
}

impl Listed {
    /// Reads the lists; refuses entries that could never match.
    pub fn new(config: &Config) -> Result<Self, String> {
        let parse = |place: String| {
            move |text: &String| ClientRef::read(text).map_err(|why| format!("{place}: {why}"))
        };
        let members = config.groups.iter().map(|group| {
            let place = format!("members of group {:?}", group.name);
            group.members.iter().map(parse(place)).collect::<Result<Vec<_>, _>>()
        });
        Ok(Self {
            members: members.collect::<Result<_, _>>()?,
            clients: config
                .clients
                .iter()
                .map(|client| parse("[[clients]]".to_owned())(&client.name))
                .collect::<Result<_, _>>()?,
            admins: config
                .admin
                .names
                .iter()
                .map(parse("admin.names".to_owned()))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Whether any list has this entry.
    pub fn has(&self, entry: &ClientRef) -> bool {
        self.members.iter().flatten().chain(&self.clients).chain(&self.admins).any(|listed| listed == entry)
    }
}

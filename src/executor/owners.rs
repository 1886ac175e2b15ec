//! What the authenticator and the operator are told of the owners of the store.

use super::StoreView;
use crate::authenticate::Owners;
use crate::engine::owners;
use crate::engine::rights::names;
use crate::store::{self, Database};
use crate::text::printable;
use std::sync::{Arc, Weak};

/// How many owners the log names at a start.
const NAMED_MAX: usize = 20;

/// How much of a name is shown.
const SHOWN_CHARS_MAX: usize = 128;

/// The owners of a store, for as long as it is open.
pub struct StoreOwners(Weak<Database>);

impl StoreOwners {
    /// Those of this store. It is closed by others.
    pub fn of(database: &Arc<Database>) -> Self {
        Self(Arc::downgrade(database))
    }

    fn view(&self) -> Result<StoreView, String> {
        let database = self.0.upgrade().ok_or("the store is closed")?;
        StoreView::of(&database).map_err(|error| error.for_operator())
    }

    /// Tells the log of the owners whose names are refused. Takes long where there are many owners.
    pub fn tell_misnamed(&self) {
        match self.view().and_then(|view| owners::misnamed(&view).map_err(|need| format!("{need:?}"))) {
            Ok(names) => names.iter().take(NAMED_MAX).for_each(|name| tell(name, names.len())),
            Err(why) => tracing::warn!(why, "the owners of the store could not be looked through"),
        }
    }
}

impl Owners for StoreOwners {
    fn has(&self, name: &str) -> Result<bool, String> {
        let found = owners::has(&self.view()?, name);
        found.map_err(|_| {
            format!("whether the name owns objects cannot be told now: {}", store::Error::UNTOLD)
        })
    }
}

fn tell(name: &str, of: usize) {
    let why = owners::flaw(name).map(|flaw| flaw.to_string()).unwrap_or_default();
    let owner = printable(&names::quoted(name), SHOWN_CHARS_MAX);
    tracing::warn!(
        owner,
        why,
        of,
        "the store has objects of an owner whose name is not taken for new clients: it is let in as before, unless another client \
         is called alike; `keystead client hand-over` gives them to another name"
    );
}

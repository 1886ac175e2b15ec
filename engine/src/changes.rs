//! What a batch comes to in the store: one transaction, with what must still hold when it is committed.

/// A write of the transaction: a key and its new value, `None` to delete it.
pub type Write = (Vec<u8>, Option<Vec<u8>>);

/// A row that may be written later than the rest is committed: a key and its value.
pub type Deferred = (Vec<u8>, Vec<u8>);

/// What a draft comes to.
#[derive(Debug, Default, PartialEq)]
pub struct Changes {
    /// Keys whose value must still be this one (`None`: absent) when the changes are applied.
    pub expects: Vec<Write>,
    /// What to write.
    pub writes: Vec<Write>,
    /// What is to be written too, and may be so after the answer, if it is not lost meanwhile: alone it is no reason for a commit.
    pub deferred: Vec<Deferred>,
}

impl Changes {
    /// Whether nothing is to be written, now or later.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.deferred.is_empty()
    }
}

//! What a batch comes to in the store: one transaction, with what must still hold when it is committed.

/// A write of the transaction: a key and its new value, `None` to delete it.
pub type Write = (Vec<u8>, Option<Vec<u8>>);

/// What a draft comes to.
#[derive(Debug, Default, PartialEq)]
pub struct Changes {
    /// Keys whose value must still be this one (`None`: absent) when the changes are applied.
    pub expects: Vec<Write>,
    /// What to write.
    pub writes: Vec<Write>,
}

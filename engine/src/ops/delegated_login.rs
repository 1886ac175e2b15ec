//! Delegated Login (KMIP 2.1, 6.1.12): a ticket with which somebody else may do some of what the client may.

use crate::context::{Context, Execute};
use crate::refusal::{Cause, OpResult, refuse};
use crate::rights::grant::{Grant, Right};
use crate::rights::tickets::{Terms, give, operations_left};
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{self, DelegatedLoginRequest, DelegatedLoginResponse};
use std::collections::BTreeSet;

/// The most entries of one list of a right.
const LIST_ITEMS_MAX: usize = 256;

impl Execute for DelegatedLoginRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<DelegatedLoginResponse> {
        let rights = self.rights.rights;
        if rights.is_empty() || rights.len() > LIST_ITEMS_MAX {
            let text = format!("Rights has {} Rights; expected 1 to {LIST_ITEMS_MAX}", rights.len());
            return refuse(Cause::InvalidField, text);
        }
        let rights = rights.into_iter().map(|right| kept(cx, right)).collect::<OpResult<Vec<_>>>()?;
        let grant = Grant::new(Some(rights), operations_left(self.usage_limits)?);
        let terms = Terms { lease: self.lease_time, requests: self.request_count, grant, delegated: true };
        Ok(DelegatedLoginResponse { ticket: give(cx, terms)? })
    }
}

/// A right as the ticket keeps it. Its objects must be the giver's own.
fn kept(cx: &mut Context<'_, '_>, right: payloads::Right) -> OpResult<Right> {
    let objects = match right.objects {
        None => None,
        Some(list) => {
            check_length(list.unique_identifiers.len())?;
            let own = |id| cx.object(Some(id), Operation::DelegatedLogin).map(|object| object.id.clone());
            Some(list.unique_identifiers.into_iter().map(own).collect::<OpResult<BTreeSet<_>>>()?)
        }
    };
    let operations = right.operations.map(|list| list.operations);
    let groups = right.object_groups.map(|list| list.object_groups);
    check_length(operations.as_ref().map_or(0, Vec::len))?;
    check_length(groups.as_ref().map_or(0, Vec::len))?;
    let operations = operations.map(|all| all.into_iter().map(|operation| operation.0).collect());
    let groups = groups.map(|all| all.into_iter().collect());
    Ok(Right { operations, objects, groups, left: operations_left(right.usage_limits)? })
}

fn check_length(found: usize) -> OpResult<()> {
    if found <= LIST_ITEMS_MAX {
        return Ok(());
    }
    let text = format!("a list of a Right has {found} entries, and one may have {LIST_ITEMS_MAX} here");
    refuse(Cause::InvalidField, text)
}

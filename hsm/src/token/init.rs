//! Making a token: for `keystead dev` and for tests. A production token is made with its maker's tools.

use super::faults::{Fault, told as device};
use super::module::load;
use super::{Pin, Slot};
use crate::Error;
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;
use std::path::Path;

/// What a new token gets.
pub struct TokenSeed<'a> {
    /// Its label, at most 32 bytes.
    pub label: &'a str,
    /// The security officer's PIN.
    pub officer_pin: &'a Pin,
    /// The user's PIN.
    pub user_pin: &'a Pin,
}

/// Initialises a token in the first free slot. Where the module keeps its tokens is its own configuration
/// (`SOFTHSM2_CONF` for SoftHSM), which must be set before any thread starts.
pub fn init_token(module: &Path, seed: &TokenSeed<'_>) -> Result<(), Error> {
    let context = load(module)?;
    let slots = context.get_slots_with_token().map_err(device("C_GetSlotList"))?;
    let free = slots
        .into_iter()
        .find(|slot| context.get_token_info(*slot).is_ok_and(|info| !info.token_initialized()));
    let free = free.ok_or_else(|| Error::TokenMissing {
        wanted: "that is not initialised yet".to_owned(),
        present: "only initialised ones".to_owned(),
    })?;
    let officer = auth_pin(seed.officer_pin);
    context.init_token(free, &officer, seed.label).map_err(device("C_InitToken"))?;
    let slot = super::connection::find_slot(&context, &Slot::Label(seed.label.to_owned()));
    let slot = slot.map_err(Fault::into_error)?;
    let session = context.open_rw_session(slot).map_err(device("C_OpenSession"))?;
    session.login(UserType::So, Some(&officer)).map_err(device("C_Login"))?;
    session.init_pin(&auth_pin(seed.user_pin)).map_err(device("C_InitPIN"))?;
    session.logout().map_err(device("C_Logout"))
}

/// Ends this process's use of a module, whoever uses it: it reads its configuration anew when it is used again.
pub fn forget(module: &Path) -> Result<(), Error> {
    load(module)?.finalize().map_err(device("C_Finalize"))
}

fn auth_pin(pin: &Pin) -> AuthPin {
    AuthPin::new(String::from_utf8_lossy(pin.0.expose()).into_owned().into())
}

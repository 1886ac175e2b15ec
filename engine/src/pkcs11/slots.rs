//! What the library, the slot and the token say of themselves.

use super::application::SESSIONS_MAX;
use super::{Call, Output, Returned, SLOT, code};
use kmip_codec::enums::PKCS11ReturnCode;

/// CK_UNAVAILABLE_INFORMATION.
const UNAVAILABLE: u64 = u64::MAX;

const TOKEN_PRESENT: u64 = 0x1;
const RNG: u64 = 0x1;
const WRITE_PROTECTED: u64 = 0x2;
const PROTECTED_AUTHENTICATION_PATH: u64 = 0x100;
const TOKEN_INITIALIZED: u64 = 0x400;

/// The major and minor number of this program.
fn version() -> [u8; 2] {
    let number = |text: &str| text.parse().unwrap_or_default();
    [number(env!("CARGO_PKG_VERSION_MAJOR")), number(env!("CARGO_PKG_VERSION_MINOR"))]
}

/// C_GetInfo. The interface is that of PKCS#11 3.0 (KMIP 2.1, 6.1.37).
pub fn info(call: &mut Call<'_, '_, '_>) -> Returned {
    call.input.end()?;
    let manufacturer = &call.cx.settings().about.vendor;
    call.output.version(3, 0);
    call.output.text(manufacturer, 32);
    call.output.ulong(0);
    call.output.text("Keystead", 32);
    call.output.raw(&version());
    Ok(())
}

/// Gives out an array for which the caller has room, or how much room it needs.
pub fn list(call: &mut Call<'_, '_, '_>, elements: &[u64]) -> Returned {
    let (is_wanted, room) = (call.input.flag()?, call.input.count()?);
    call.input.end()?;
    let fits = is_wanted && room >= elements.len();
    call.output.flag(fits);
    call.output.count(elements.len());
    if fits {
        elements.iter().for_each(|element| call.output.ulong(*element));
    }
    if is_wanted && !fits { Err(code::BUFFER_TOO_SMALL.into()) } else { Ok(()) }
}

/// C_GetSlotList: the token is always present.
pub fn slot_list(call: &mut Call<'_, '_, '_>) -> Returned {
    call.input.flag()?;
    list(call, &[SLOT])
}

/// Reads a slot, which can only be the one.
pub fn slot(call: &mut Call<'_, '_, '_>) -> Returned {
    if call.input.ulong()? == SLOT { Ok(()) } else { Err(PKCS11ReturnCode::SLOT_ID_INVALID.into()) }
}

/// C_GetSlotInfo.
pub fn slot_info(call: &mut Call<'_, '_, '_>) -> Returned {
    slot(call)?;
    call.input.end()?;
    call.output.text("Keystead over KMIP", 64);
    call.output.text(&call.cx.settings().about.vendor, 32);
    call.output.ulong(TOKEN_PRESENT);
    call.output.raw(&version());
    call.output.raw(&version());
    Ok(())
}

/// C_GetTokenInfo: the token of a client is labelled with the client's name. Nobody enters a PIN: TLS says who it is.
pub fn token_info(call: &mut Call<'_, '_, '_>) -> Returned {
    slot(call)?;
    call.input.end()?;
    let sessions = call.application.sessions.len() as u64;
    let output: &mut Output = &mut call.output;
    output.text(&call.cx.principal().name, 32);
    output.text(&call.cx.settings().about.vendor, 32);
    output.text("KMIP", 16);
    output.text("1", 16);
    output.ulong(RNG | WRITE_PROTECTED | PROTECTED_AUTHENTICATION_PATH | TOKEN_INITIALIZED);
    // Sessions in all, open now; the same of those that may write; the lengths of a PIN; memory; versions.
    [SESSIONS_MAX as u64, sessions, UNAVAILABLE, 0, 0, 0].into_iter().for_each(|count| output.ulong(count));
    [UNAVAILABLE; 4].into_iter().for_each(|memory| output.ulong(memory));
    output.raw(&version());
    output.raw(&version());
    // The token has no clock of its own.
    output.raw(&[b' '; 16]);
    Ok(())
}

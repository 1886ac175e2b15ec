//! Sessions with the token, the user's login, and the token's random numbers.

use super::application::{SESSIONS_MAX, Session};
use super::{Call, Returned, SLOT, code, slots};
use crate::refusal::Interrupt;
use crate::settings::Seeding;
use kmip_codec::enums::PKCS11ReturnCode;
use zeroize::Zeroizing;

const SERIAL_SESSION: u64 = 0x4;
const RW_SESSION: u64 = 0x2;

/// CKU_USER.
const USER: u64 = 1;

/// The states of a session that only reads, without and with a login.
const RO_PUBLIC_SESSION: u64 = 0;
const RO_USER_FUNCTIONS: u64 = 1;

/// The most random bytes that one call gets.
const RANDOM_BYTES_MAX: usize = 64 * 1024;

/// Reads the handle of a session that is open.
pub fn session<'s>(call: &'s mut Call<'_, '_, '_>) -> Returned<&'s mut Session> {
    let handle = call.input.ulong()?;
    call.application.session(handle)
}

/// C_OpenSession. What the application wants to be called back with stays with the application.
pub fn open(call: &mut Call<'_, '_, '_>) -> Returned {
    slots::slot(call)?;
    let flags = call.input.ulong()?;
    if flags & SERIAL_SESSION == 0 {
        return Err(code::SESSION_PARALLEL_NOT_SUPPORTED.into());
    }
    if flags & RW_SESSION != 0 {
        return Err(code::TOKEN_WRITE_PROTECTED.into());
    }
    if call.application.sessions.len() >= SESSIONS_MAX {
        return Err(code::SESSION_COUNT.into());
    }
    call.application.opened += 1;
    let handle = call.application.opened;
    call.application.sessions.insert(handle, Session::default());
    call.output.ulong(handle);
    Ok(())
}

/// C_CloseSession. With the last session the login ends.
pub fn close(call: &mut Call<'_, '_, '_>) -> Returned {
    let handle = call.input.ulong()?;
    call.input.end()?;
    call.application.session(handle)?;
    call.application.sessions.remove(&handle);
    call.application.is_logged_in &= !call.application.sessions.is_empty();
    Ok(())
}

/// C_CloseAllSessions.
pub fn close_all(call: &mut Call<'_, '_, '_>) -> Returned {
    slots::slot(call)?;
    call.input.end()?;
    call.application.sessions.clear();
    call.application.is_logged_in = false;
    Ok(())
}

/// C_GetSessionInfo.
pub fn info(call: &mut Call<'_, '_, '_>) -> Returned {
    session(call)?;
    call.input.end()?;
    call.output.ulong(SLOT);
    call.output.ulong(if call.application.is_logged_in { RO_USER_FUNCTIONS } else { RO_PUBLIC_SESSION });
    call.output.ulong(SERIAL_SESSION);
    call.output.ulong(0);
    Ok(())
}

/// C_Login. The client's certificate has said who it is: there is no PIN, and one that is given is wrong.
pub fn login(call: &mut Call<'_, '_, '_>) -> Returned {
    session(call)?;
    let user = call.input.ulong()?;
    let pin = if call.input.is_empty() { &[] } else { call.input.bytes()? };
    call.input.end()?;
    if user != USER {
        return Err(code::USER_TYPE_INVALID.into());
    }
    if !pin.is_empty() {
        return Err(code::PIN_INCORRECT.into());
    }
    if std::mem::replace(&mut call.application.is_logged_in, true) {
        return Err(code::USER_ALREADY_LOGGED_IN.into());
    }
    Ok(())
}

/// C_Logout. Searches and operations end with it, for they may be with private objects.
pub fn logout(call: &mut Call<'_, '_, '_>) -> Returned {
    session(call)?;
    call.input.end()?;
    if !std::mem::take(&mut call.application.is_logged_in) {
        return Err(PKCS11ReturnCode::USER_NOT_LOGGED_IN.into());
    }
    call.application.sessions.values_mut().for_each(|session| *session = Session::default());
    Ok(())
}

/// C_SeedRandom: as RNG Seed is configured.
pub fn seed_random(call: &mut Call<'_, '_, '_>) -> Returned {
    session(call)?;
    let seed = call.input.bytes()?;
    call.input.end()?;
    let settings = call.cx.settings();
    match settings.seeding {
        Seeding::Refuse => return Err(code::RANDOM_SEED_NOT_SUPPORTED.into()),
        Seeding::Ignore => {}
        Seeding::Accept => {
            let taken = seed.get(..settings.seed_bytes_max).unwrap_or(seed);
            call.cx.entropy.stir(taken);
        }
    }
    Ok(())
}

/// C_GenerateRandom. The caller tells how many bytes; some send their buffer behind it.
pub fn generate_random(call: &mut Call<'_, '_, '_>) -> Returned {
    session(call)?;
    let length = call.input.count()?;
    if !call.input.is_empty() {
        call.input.take(length)?;
    }
    call.input.end()?;
    if length > RANDOM_BYTES_MAX {
        return Err(PKCS11ReturnCode::ARGUMENTS_BAD.into());
    }
    let mut bytes = Zeroizing::new(vec![0; length]);
    call.cx.entropy.fill(&mut bytes).map_err(Interrupt::Need)?;
    call.output.raw(&bytes);
    Ok(())
}

//! The functions of PKCS#11: those that Keystead calls go through the script, the others to the other module at once.

use super::MODULE;
use super::script::{self, Action};
use cryptoki_sys::*;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

struct Real {
    /// Loaded for as long as the process lives.
    _library: libloading::Library,
    functions: CK_FUNCTION_LIST,
}

static REAL: OnceLock<Option<Real>> = OnceLock::new();
static OURS: OnceLock<Functions> = OnceLock::new();

/// The list that callers get a pointer to.
struct Functions(CK_FUNCTION_LIST);

fn real() -> Option<&'static CK_FUNCTION_LIST> {
    REAL.get_or_init(load).as_ref().map(|real| &real.functions)
}

fn load() -> Option<Real> {
    let path = std::env::var_os(MODULE)?;
    // SAFETY: a PKCS#11 module is loaded, as every user of PKCS#11 does; its initialisers are its own business.
    let library = unsafe { libloading::Library::new(path) }.ok()?;
    let mut list: *mut CK_FUNCTION_LIST = std::ptr::null_mut();
    // SAFETY: C_GetFunctionList has this type in every module, and leaves a pointer to a list that lives as long as the
    // library, which is never unloaded.
    let functions = unsafe {
        let get = library
            .get::<unsafe extern "C" fn(*mut *mut CK_FUNCTION_LIST) -> CK_RV>(b"C_GetFunctionList\0")
            .ok()?;
        if get(&mut list) != CKR_OK || list.is_null() {
            return None;
        }
        *list
    };
    Some(Real { _library: library, functions })
}

/// How many calls are under way.
static INSIDE: AtomicUsize = AtomicUsize::new(0);

/// A call is under way, for as long as this lives.
struct Inside;

impl Inside {
    fn new() -> Self {
        INSIDE.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Called when the process runs its exit handlers: what a module does there is fatal to calls that are under way, if by chance.
/// Here it is for certain, where a test asks for that.
#[used]
// SAFETY: the section holds pointers to functions, which the C library calls at the end.
#[unsafe(link_section = ".fini_array")]
static END: extern "C" fn() = end;

extern "C" fn end() {
    if INSIDE.load(Ordering::SeqCst) > 0 && std::env::var_os(crate::ABORTS).is_some() {
        std::process::abort();
    }
}

/// Gives the functions out, as every module does.
///
/// # Safety
/// The pointer is null or valid to write a pointer to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetFunctionList(list: *mut *mut CK_FUNCTION_LIST) -> CK_RV {
    let Some(real) = real() else { return CKR_GENERAL_ERROR };
    if list.is_null() {
        return CKR_ARGUMENTS_BAD;
    }
    let ours = OURS.get_or_init(|| Functions(ours(real)));
    // SAFETY: the pointer is not null, and who calls says that it can be written to. Nobody writes through what it gets.
    unsafe { *list = std::ptr::from_ref(&ours.0).cast_mut() };
    CKR_OK
}

/// Declares functions that go through the script. Behind the arrow stands what becomes of the answer by an action, and
/// by the code of the other module.
macro_rules! functions {
    ($($name:ident($($argument:ident: $type:ty),*) $(=> $change:expr)?;)*) => {
        $(unsafe extern "C" fn $name($($argument: $type),*) -> CK_RV {
            let _inside = Inside::new();
            let action = script::next(stringify!($name));
            let code = match action {
                Action::Return(code) => return code as CK_RV,
                // SAFETY: the arguments go on as they came, to the function that they are meant for.
                _ => match real().and_then(|real| real.$name) {
                    Some(function) => unsafe { function($($argument),*) },
                    None => return CKR_FUNCTION_NOT_SUPPORTED,
                },
            };
            $($change(action, code);)?
            if let Action::After(code) = action { code as CK_RV } else { code }
        })*

        fn ours(real: &CK_FUNCTION_LIST) -> CK_FUNCTION_LIST {
            CK_FUNCTION_LIST {
                C_GetFunctionList: Some(C_GetFunctionList),
                $($name: Some($name),)*
                ..*real
            }
        }
    };
}

functions! {
    C_Initialize(arguments: CK_VOID_PTR);
    C_Finalize(reserved: CK_VOID_PTR) => |_, code| if code == CKR_OK { script::all_closed() };
    C_GetSlotList(present: CK_BBOOL, slots: CK_SLOT_ID_PTR, count: CK_ULONG_PTR);
    C_GetTokenInfo(slot: CK_SLOT_ID, info: CK_TOKEN_INFO_PTR);
    C_OpenSession(slot: CK_SLOT_ID, flags: CK_FLAGS, user: CK_VOID_PTR, notify: CK_NOTIFY, session: CK_SESSION_HANDLE_PTR)
        => |_, code| if code != CKR_OK { script::closed() };
    C_CloseSession(session: CK_SESSION_HANDLE) => |_, code| if code == CKR_OK { script::closed() };
    C_Login(session: CK_SESSION_HANDLE, user: CK_USER_TYPE, pin: CK_UTF8CHAR_PTR, length: CK_ULONG);
    C_FindObjectsInit(session: CK_SESSION_HANDLE, template: CK_ATTRIBUTE_PTR, count: CK_ULONG);
    C_FindObjects(session: CK_SESSION_HANDLE, objects: CK_OBJECT_HANDLE_PTR, most: CK_ULONG, count: CK_ULONG_PTR)
        => |action, code| find_nothing(action, code, count);
    C_FindObjectsFinal(session: CK_SESSION_HANDLE);
    C_GetAttributeValue(session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE, template: CK_ATTRIBUTE_PTR, count: CK_ULONG);
    C_GenerateKey(
        session: CK_SESSION_HANDLE, mechanism: CK_MECHANISM_PTR, template: CK_ATTRIBUTE_PTR, count: CK_ULONG,
        key: CK_OBJECT_HANDLE_PTR
    );
    C_DestroyObject(session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE);
    C_EncryptInit(session: CK_SESSION_HANDLE, mechanism: CK_MECHANISM_PTR, key: CK_OBJECT_HANDLE);
    C_Encrypt(session: CK_SESSION_HANDLE, data: CK_BYTE_PTR, length: CK_ULONG, out: CK_BYTE_PTR, written: CK_ULONG_PTR)
        => |action, code| flip(action, code, out, written);
    C_DecryptInit(session: CK_SESSION_HANDLE, mechanism: CK_MECHANISM_PTR, key: CK_OBJECT_HANDLE);
    C_Decrypt(session: CK_SESSION_HANDLE, data: CK_BYTE_PTR, length: CK_ULONG, out: CK_BYTE_PTR, written: CK_ULONG_PTR)
        => |action, code| flip(action, code, out, written);
    C_GenerateRandom(session: CK_SESSION_HANDLE, out: CK_BYTE_PTR, length: CK_ULONG);
}

fn find_nothing(action: Action, code: CK_RV, count: CK_ULONG_PTR) {
    if code == CKR_OK && action == Action::Nothing && !count.is_null() {
        // SAFETY: the call succeeded and wrote here.
        unsafe { *count = 0 };
    }
}

fn flip(action: Action, code: CK_RV, out: CK_BYTE_PTR, written: CK_ULONG_PTR) {
    if code == CKR_OK && action == Action::Flip && !out.is_null() && !written.is_null() {
        // SAFETY: the call succeeded and wrote a length there, and as many bytes here.
        unsafe {
            if *written > 0 {
                *out ^= 1;
            }
        }
    }
}

//! What a person types at a terminal and nobody is to see.

use rustix::termios::{InputModes, LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{self, Write as _};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use zeroize::Zeroizing;

/// The longest line that is taken.
const BYTES_MAX: usize = 1024;

/// Signals that end or stop a process that does nothing about them, and that people or other programs send.
const SIGNALS: [libc::c_int; 6] =
    [libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGHUP, libc::SIGALRM, libc::SIGTSTP];

/// Asks for a line, which is not shown; nothing where the terminal says that no line comes. It is of bytes: which characters they are is for
/// whoever takes them to know. The terminal edits it and sends the signals of its keys; whatever ends or stops the process
/// meanwhile, the terminal is left as it was.
pub fn hidden_line(prompt: &str) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let silence = Silence::new()?;
    let mut out = io::stderr();
    let _ = write!(out, "{prompt}");
    let typed = line(|byte| Ok(rustix::io::read(io::stdin(), byte)?));
    let _ = writeln!(out);
    drop(silence);
    typed
}

/// A line without its end, byte by byte, so that no buffer keeps it.
fn line(mut read: impl FnMut(&mut [u8]) -> io::Result<usize>) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut typed = Zeroizing::new(Vec::with_capacity(BYTES_MAX));
    let mut byte = [0];
    loop {
        match read(&mut byte) {
            Ok(0) => return Ok((!typed.is_empty()).then_some(typed)),
            Ok(_) if byte == *b"\n" => return Ok(Some(typed)),
            Ok(_) if typed.len() < BYTES_MAX => typed.extend_from_slice(&byte),
            Ok(_) => return Err(io::Error::other(format!("it is longer than {BYTES_MAX} bytes"))),
            // The process was stopped, and goes on.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The terminal as it was, and as it is while nothing of what is typed is shown.
#[derive(Clone)]
struct Modes {
    before: Termios,
    silent: Termios,
}

/// What a signal finds while a line is asked for.
static MODES: AtomicPtr<Modes> = AtomicPtr::new(ptr::null_mut());

/// A terminal that shows nothing of what is typed, until this is dropped.
struct Silence {
    modes: Modes,
    actions: Vec<(libc::c_int, libc::sigaction)>,
}

impl Silence {
    fn new() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
        silent.local_modes.insert(LocalModes::ICANON | LocalModes::ISIG);
        silent.input_modes.insert(InputModes::ICRNL);
        let modes = Modes { before, silent };
        // Whoever asks again does so after this one has been dropped, so there is one at most.
        MODES.store(Box::into_raw(Box::new(modes.clone())), Ordering::SeqCst);
        let actions = SIGNALS.into_iter().filter_map(|signal| Some((signal, catch(signal)?))).collect();
        let silence = Self { modes, actions };
        tcsetattr(io::stdin(), OptionalActions::Flush, &silence.modes.silent)?;
        Ok(silence)
    }
}

impl Drop for Silence {
    #[allow(unsafe_code, reason = "a C interface")]
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.modes.before);
        for (signal, action) in &self.actions {
            // SAFETY: puts back what `catch` was given for the same signal.
            unsafe { libc::sigaction(*signal, action, ptr::null_mut()) };
        }
        // What it pointed to is left alone: a signal may be looking at it on another thread. A prompt costs some bytes.
        MODES.store(ptr::null_mut(), Ordering::SeqCst);
    }
}

/// Has a signal caught once, and says what was done about it before; a signal that is ignored stays so.
#[allow(unsafe_code, reason = "a C interface")]
fn catch(signal: libc::c_int) -> Option<libc::sigaction> {
    // SAFETY: all of it is numbers and pointers, for which zero is a value.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    let mut before = action;
    // SAFETY: reads what is done about the signal into a place of its type.
    if unsafe { libc::sigaction(signal, ptr::null(), &raw mut before) } != 0
        || before.sa_sigaction == libc::SIG_IGN
    {
        return None;
    }
    action.sa_sigaction = on_signal as extern "C" fn(libc::c_int) as usize;
    action.sa_flags = libc::SA_RESETHAND | libc::SA_NODEFER;
    // SAFETY: the handler calls nothing but what signal-safety(7) allows.
    (unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) } == 0).then_some(before)
}

/// Leaves the terminal as it was and lets the signal do what it does by itself; goes on where a stopped process is continued.
#[allow(unsafe_code, reason = "a C interface")]
extern "C" fn on_signal(signal: libc::c_int) {
    // SAFETY: null, or what `Silence::new` made and nobody frees.
    let modes = unsafe { MODES.load(Ordering::SeqCst).as_ref() };
    if let Some(modes) = modes {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &modes.before);
    }
    // SAFETY: its action is the default again, and it is not blocked.
    unsafe { libc::raise(signal) };
    if let Some(modes) = modes {
        let _ = catch(signal);
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &modes.silent);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;

    fn lines_of(typed: &[u8]) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        let mut rest = typed;
        line(|byte| io::Read::read(&mut rest, byte))
    }

    #[test]
    fn a_line_is_bytes_up_to_its_end() {
        for (typed, wanted) in [
            (&b"abc\nd"[..], Some(&b"abc"[..])),
            (b"a", Some(b"a")),
            (b"\n", Some(b"")),
            (b"", None),
            (b"\xff\xe9\n", Some(b"\xff\xe9")),
        ] {
            assert_eq!(lines_of(typed).unwrap().as_ref().map(|line| line.as_slice()), wanted, "{typed:?}");
        }
        assert!(lines_of(&[b'x'; 2000]).is_err());
        let mut interrupted = false;
        let again = line(|byte| match std::mem::replace(&mut interrupted, true) {
            false => Err(io::ErrorKind::Interrupted.into()),
            true => Ok(byte.len() - 1),
        });
        assert!(again.unwrap().is_none());
    }
}

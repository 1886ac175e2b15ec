//! PyKMIP's decoder, in a process of its own.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The process. It ends when its input does.
pub struct PyKmip {
    process: Child,
    input: ChildStdin,
    output: ChildStdout,
}

impl PyKmip {
    /// Starts it; `None` where it is not installed.
    pub fn start() -> Option<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = here.join("../.venv/bin/python");
        if !python.exists() {
            return None;
        }
        let script = here.join("tests/differential/pykmip_codec.py");
        let mut command = Command::new(python);
        command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let (input, output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        Some(Self { process, input, output })
    }

    /// The message as PyKMIP writes it again, or why it did not read it.
    pub fn again(&mut self, is_request: bool, message: &[u8]) -> Result<Vec<u8>, String> {
        let mut frame = vec![if is_request { b'Q' } else { b'R' }];
        frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
        frame.extend(message);
        self.input.write_all(&frame).unwrap();
        self.input.flush().unwrap();
        let mut head = [0; 5];
        self.output.read_exact(&mut head).unwrap();
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        let mut answer = vec![0; length as usize];
        self.output.read_exact(&mut answer).unwrap();
        match head[0] {
            b'=' => Ok(answer),
            _ => Err(String::from_utf8_lossy(&answer).into_owned()),
        }
    }
}

impl Drop for PyKmip {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

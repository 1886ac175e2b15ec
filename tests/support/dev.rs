//! A real server: `keystead dev` on a folder, with SoftHSM.

use super::clock::Clock;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{LazyLock, mpsc};
use std::thread;
use std::time::Duration;

/// How long a server may take to make its token, certificates and store.
const START_LIMIT: Duration = Duration::from_secs(60);

/// A running server. It is stopped when dropped.
pub struct Dev {
    child: Child,
    /// Its folder, with the certificates of `client` and `admin`.
    pub folder: PathBuf,
    /// Where it listens.
    pub address: String,
    /// Where it listens for HTTPS.
    pub https: String,
}

impl Dev {
    /// Starts a server on this folder and waits until it accepts connections.
    pub fn start(folder: &Path) -> Self {
        Self::start_with(folder, Stdio::inherit())
    }

    /// The same without its log: for tests that start many.
    pub fn start_quietly(folder: &Path) -> Self {
        Self::start_with(folder, Stdio::null())
    }

    /// A server whose configuration has these words put for others before it starts; words for none are added.
    pub fn configured(folder: &Path, changes: &[(&str, &str)]) -> Self {
        Self::configured_as(folder, &[], changes)
    }

    /// The same in this level of Suite B, with certificates for it.
    pub fn suite_b_configured(folder: &Path, level: &str, changes: &[(&str, &str)]) -> Self {
        Self::configured_as(folder, &["--suite-b", level], changes)
    }

    fn configured_as(folder: &Path, options: &[&str], changes: &[(&str, &str)]) -> Self {
        drop(Self::start_as(folder, Stdio::null(), options));
        let file = folder.join("keystead.toml");
        let mut config = fs::read_to_string(&file).unwrap();
        for (from, to) in changes {
            assert!(config.contains(from), "{from:?} is not in {config}");
            config = if from.is_empty() { format!("{config}\n{to}\n") } else { config.replace(from, to) };
        }
        fs::write(&file, config).unwrap();
        Self::start_as(folder, Stdio::null(), options)
    }

    /// A server in this level of Suite B, with certificates for it.
    pub fn suite_b(folder: &Path, level: &str) -> Self {
        Self::start_as(folder, Stdio::null(), &["--suite-b", level])
    }

    /// The same with the log in a file.
    pub fn logging(folder: &Path, log: fs::File) -> Self {
        Self::start_with(folder, log.into())
    }

    /// The same started by a shell that sets limits first, as `ulimit -n 60`.
    pub fn limited(folder: &Path, limits: &str, log: fs::File) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{limits} && exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_keystead")]);
        Self::start_by(shell, folder, log.into(), &[])
    }

    /// The same by a clock of its own.
    pub fn by_clock(folder: &Path, clock: &Clock, log: fs::File) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keystead"));
        clock.drive(&mut command);
        Self::start_by(command, folder, log.into(), &[])
    }

    /// The same with variables in its environment.
    pub fn in_environment(folder: &Path, variables: &[(&str, &Path)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keystead"));
        command.envs(variables.iter().copied());
        Self::start_by(command, folder, Stdio::null(), &[])
    }

    /// Lets the server read its configuration and the files that it names again.
    pub fn reload(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    }

    /// Asks the server to stop, without waiting.
    pub fn terminate(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    /// Waits until the server has ended by itself.
    pub fn wait(&mut self) -> std::process::ExitStatus {
        self.child.wait().unwrap()
    }

    /// Ends the server at once, as a power cut would for the process.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The number of the process.
    pub fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }

    fn start_with(folder: &Path, log: Stdio) -> Self {
        Self::start_as(folder, log, &[])
    }

    fn start_as(folder: &Path, log: Stdio, options: &[&str]) -> Self {
        Self::start_by(Command::new(env!("CARGO_BIN_EXE_keystead")), folder, log, options)
    }

    /// Starts a server on this folder without waiting for it.
    pub fn spawn(folder: &Path) -> Child {
        Self::spawn_by(Command::new(env!("CARGO_BIN_EXE_keystead")), folder, Stdio::null(), &[])
    }

    /// Starts so many servers on this folder at once; gives the one that serves, and what became of the others.
    pub fn race(folder: &Path, count: usize) -> (Self, Vec<Output>) {
        let spawn = |_| {
            let program = Command::new(env!("CARGO_BIN_EXE_keystead"));
            Self::spawn_by(program, folder, Stdio::piped(), &[])
        };
        let spawned: Vec<Child> = (0..count).map(spawn).collect();
        let (tell, told) = mpsc::channel();
        for mut child in spawned {
            let tell = tell.clone();
            thread::spawn(move || {
                let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
                let both = lines.next().zip(lines.next());
                let raced = match both {
                    None => Err(child.wait_with_output().unwrap()),
                    Some((kmip, https)) => {
                        // Somebody has to read its log.
                        let mut log = child.stderr.take().unwrap();
                        thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
                        Ok((child, [kmip, https]))
                    }
                };
                tell.send(raced)
            });
        }
        let (mut won, mut lost) = (Vec::new(), Vec::new());
        for _ in 0..count {
            match told.recv_timeout(START_LIMIT).unwrap() {
                Ok((child, lines)) => won.push(Self::serving(child, folder, &lines)),
                Err(output) => lost.push(output),
            }
        }
        assert_eq!(won.len(), 1, "{lost:?}");
        (won.remove(0), lost)
    }

    fn spawn_by(mut command: Command, folder: &Path, log: Stdio, options: &[&str]) -> Child {
        if options.is_empty() {
            put_rsa_key(folder);
        }
        command
            .args(["dev", "--listen", "127.0.0.1:0", "--https", "127.0.0.1:0", "--dir"])
            .arg(folder)
            .args(options)
            .stdout(Stdio::piped())
            .stderr(log);
        command.spawn().unwrap()
    }

    fn start_by(command: Command, folder: &Path, log: Stdio, options: &[&str]) -> Self {
        let mut child = Self::spawn_by(command, folder, log, options);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (tell, told) = mpsc::channel();
        thread::spawn(move || tell.send([lines.next(), lines.next()]));
        let lines = told.recv_timeout(START_LIMIT).unwrap().map(|line| line.unwrap().unwrap());
        Self::serving(child, folder, &lines)
    }

    /// A server that has said where it listens.
    fn serving(child: Child, folder: &Path, [kmip, https]: &[String; 2]) -> Self {
        let address = kmip.strip_prefix("ready ").unwrap().to_owned();
        let https = https.strip_prefix("ready https://").and_then(|rest| rest.strip_suffix("/kmip"));
        Self { child, folder: folder.to_owned(), address, https: https.unwrap().to_owned() }
    }

    /// A command with the connection options of a client: `client`, `admin` or another one of the folder.
    pub fn command(&self, program: &str, client: &str) -> Command {
        let mut command = Command::new(program);
        command.env("KEYSTEAD_SERVER", &self.address).env("KEYSTEAD_CA", self.folder.join("ca.pem"));
        command.env("KEYSTEAD_CERT", self.folder.join(format!("{client}.pem")));
        command.env("KEYSTEAD_KEY", self.folder.join(format!("{client}.key")));
        command
    }

    /// Runs `keystead` as a client.
    pub fn keystead(&self, client: &str, args: &[&str]) -> Output {
        self.command(env!("CARGO_BIN_EXE_keystead"), client).args(args).output().unwrap()
    }

    /// Runs `keystead-unlock` as a client.
    pub fn unlock(&self, client: &str, args: &[&str]) -> Output {
        self.command(env!("CARGO_BIN_EXE_keystead-unlock"), client).args(args).output().unwrap()
    }
}

/// Puts an RSA key into a folder in which nothing is yet, the same one for all servers of a test program: to make one takes longer
/// than all else of a first start, which goes on with what is there.
pub fn put_rsa_key(folder: &Path) {
    static KEY: LazyLock<String> = LazyLock::new(|| {
        let made = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_3072);
        made.unwrap().serialize_pem()
    });
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return;
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).unwrap();
    let file = folder.join("server-rsa.key");
    let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    made.unwrap().write_all(KEY.as_bytes()).unwrap();
}

impl Drop for Dev {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.terminate();
            let _ = self.child.wait();
        }
    }
}

/// What a program wrote to standard output, without the line end. It must have succeeded.
pub fn told(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

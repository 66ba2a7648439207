//! A program as the child of a shell that ends it when this process ends.
//!
//! The shell reads words from a pipe and sends them as signals. The end of the pipe is the end of the
//! server: it comes when the handle is dropped, and when this process is killed. Nobody but the shell knows
//! the id of the process, so no signal goes to a stranger that got the same number.

use super::{TrialError, until};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The processes of a server are the first one and its children, each of which leads a group of its own: a
/// signal to a group would not reach them. The first one stands still while its children are counted. It is
/// killed last, because with it the shell ends.
const SCRIPT: &str = r#"
exec 3<&0 </dev/null 4>&1
last=$1
shift
"$@" >&2 3<&- 4>&- &
server=$!
echo "$server" >&4
children() { cat "/proc/$server/task/$server/children" 2>/dev/null; }
all() { for pid in $2; do kill -s "$1" "$pid" 2>/dev/null; done; }
(
  while read -r word <&3; do
    case "$word" in
      KILL) all STOP "$server"; all KILL "$(children) $server" ;;
      STOP) all STOP "$server"; all STOP "$(children)" ;;
      CONT) all CONT "$(children) $server" ;;
      *) kill -s "$word" "$server" ;;
    esac
    echo done >&4
  done
  all CONT "$(children) $server"
  kill -s "$last" "$server"
) 2>/dev/null &
reader=$!
exec 3<&-
wait "$server"
code=$?
kill "$reader" 2>/dev/null
exit "$code"
"#;

/// What can be done to a running server from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ends its sessions and stops in order.
    Fast,
    /// Stops at once, as after a crash.
    Immediate,
    /// Ends every process of it, without a chance to do anything.
    Kill,
    /// Stops the clock of every process of it.
    Pause,
    /// Lets them go on.
    Continue,
    /// Reads the settings again.
    Reload,
}

impl Signal {
    fn word(self) -> &'static str {
        match self {
            Self::Fast => "INT",
            Self::Immediate => "QUIT",
            Self::Kill => "KILL",
            Self::Pause => "STOP",
            Self::Continue => "CONT",
            Self::Reload => "HUP",
        }
    }
}

/// A running server, which ends with this handle.
#[derive(Debug)]
pub struct GuardedServer {
    shell: Child,
    /// `None` once the end was asked for.
    words: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    server: u32,
}

impl GuardedServer {
    /// Starts a program, given a shell that is to run as somebody somewhere. `last` is what the program is
    /// sent when this process ends; what it says goes to `says`.
    ///
    /// # Errors
    /// When no process can be started.
    pub fn start(
        mut shell: Command,
        last: Signal,
        program: &Path,
        arguments: &[&OsStr],
        says: impl Into<Stdio>,
    ) -> Result<Self, TrialError> {
        shell.arg("-c").arg(SCRIPT).arg("guard").arg(last.word()).arg(program).args(arguments);
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(says);
        let tried = format!("to start {}", program.display());
        let mut shell = shell.spawn().map_err(TrialError::io(tried.clone()))?;
        let (Some(words), Some(answers)) = (shell.stdin.take(), shell.stdout.take()) else {
            return Err(TrialError::new(format!("there is no pipe: {tried}")));
        };
        let mut this =
            Self { shell, words: Some(words), answers: BufReader::new(answers), server: 0 };
        let said = this.answer()?;
        let strange = |_| TrialError::new(format!("{said} is no process: {tried}"));
        this.server = said.parse().map_err(strange)?;
        Ok(this)
    }

    /// The process of the server.
    pub fn pid(&self) -> u32 {
        self.server
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> Result<bool, TrialError> {
        let ended = self.shell.try_wait().map_err(TrialError::io("to look at a process"))?;
        Ok(ended.is_some())
    }

    /// Sends a signal, and returns when it was sent.
    ///
    /// # Errors
    /// When the server has ended already.
    pub fn send(&mut self, signal: Signal) -> Result<(), TrialError> {
        let word = signal.word();
        let gone = || TrialError::new(format!("the server has ended: to send it {word}"));
        let pipe = self.words.as_mut().ok_or_else(gone)?;
        writeln!(pipe, "{word}").map_err(|_| gone())?;
        let ends = matches!(signal, Signal::Fast | Signal::Immediate | Signal::Kill);
        match self.answer() {
            // The guard ends with its server, before it says that it sent the signal.
            Err(_) if !ends => Err(gone()),
            _ => Ok(()),
        }
    }

    /// Waits until it has ended.
    pub fn wait(&mut self) -> Result<(), TrialError> {
        until("a server ends", || Ok(self.has_ended()?.then_some(())))
    }

    fn answer(&mut self) -> Result<String, TrialError> {
        let mut line = String::new();
        let read = self.answers.read_line(&mut line).map_err(TrialError::io("to hear a guard"))?;
        if read == 0 {
            return Err(TrialError::new("the guard of a server has ended"));
        }
        Ok(line.trim().to_owned())
    }
}

impl Drop for GuardedServer {
    fn drop(&mut self) {
        self.words = None;
        // The guard ends with its server, which a closed pipe makes stop at once.
        drop(self.shell.wait());
    }
}

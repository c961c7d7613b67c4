//! Any bytes: where CPython's two readers agree that they are a pickle, so does this one, and where
//! they agree that they are none, neither does it. A `python3` answers line by line.
#![no_main]

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use libfuzzer_sys::fuzz_target;
use pickle::Value;

struct Python {
    _child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Python {
    fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/verdicts.py");
        let mut child = Command::new("python3")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this target needs a python3");
        let input = child.stdin.take().expect("piped");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        Self { _child: child, input, output }
    }

    fn verdict(&mut self, bytes: &[u8]) -> String {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(self.input, "{hex}").expect("python3 reads");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("python3 answers");
        line.trim().to_owned()
    }
}

thread_local! {
    static PYTHON: RefCell<Python> = RefCell::new(Python::start());
}

fuzz_target!(|bytes: &[u8]| {
    // Native pickles and compressed ones are not Python's.
    if bytes.len() > 4096 || matches!(bytes.first(), Some(0xfb | 0xfc)) {
        return;
    }
    // One pickle and nothing behind it, as `pickle.loads` does not demand.
    let ours = match Value::loads(bytes) {
        Ok(_) => "ok",
        Err(error) if error.to_string().contains("bytes follow the value") => "ok",
        Err(_) => "error",
    };
    let verdict = PYTHON.with(|python| python.borrow_mut().verdict(bytes));
    if verdict != "differ" {
        assert_eq!(ours, verdict);
    }
});

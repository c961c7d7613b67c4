#!/usr/bin/env python3
"""What deriving costs the compiler: crates of many structs, one for each codec, timed.

    benches/build_cost.py [--structs 100] [--only CODEC...]

Prints a row for each codec: seconds of processor time of `cargo check` and of a release build of the
crate alone, its dependencies built before, and bytes of code in the program. Least of three runs.
Processor time, since it depends less on what else the machine does.
"""

import argparse
import pathlib
import resource
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent

CODECS = {
    "pickle-rs": (
        f'pickle-rs = {{ path = "{ROOT}", default-features = false }}',
        "pickle::Pickle",
        "pickle::dumps(value).unwrap()",
        "pickle::loads(bytes).unwrap()",
    ),
    "borsh": (
        'borsh = { version = "1.8", features = ["derive"] }',
        "borsh::BorshSerialize, borsh::BorshDeserialize",
        "borsh::to_vec(value).unwrap()",
        "borsh::from_slice(bytes).unwrap()",
    ),
    "bitcode": (
        'bitcode = "0.6.9"',
        "bitcode::Encode, bitcode::Decode",
        "bitcode::encode(value)",
        "bitcode::decode(bytes).unwrap()",
    ),
    "wincode": (
        'wincode = { version = "0.6", features = ["derive"] }',
        "wincode::SchemaWrite, wincode::SchemaRead",
        "wincode::serialize(value).unwrap()",
        "wincode::deserialize(bytes).unwrap()",
    ),
    "serde + bincode": (
        'serde = { version = "1", features = ["derive"] }\n'
        'bincode = { version = "2.0.1", features = ["serde"] }',
        "serde::Serialize, serde::Deserialize",
        "bincode::serde::encode_to_vec(value, bincode::config::standard()).unwrap()",
        "bincode::serde::decode_from_slice(bytes, bincode::config::standard()).unwrap().0",
    ),
}


def source(structs, derives, dump, load):
    """A program with that many structs and enums, each dumped and loaded."""
    lines = []
    for number in range(structs):
        lines.append(f"""#[derive({derives})]
pub enum Kind{number} {{ None, Count(u32), Named {{ name: String, level: u8 }} }}
#[derive({derives})]
pub struct Type{number} {{
    id: u64, name: String, score: f64, tags: Vec<String>, parent: Option<u32>,
    flags: [bool; 4], kind: Kind{number}, pair: (i16, f32),
}}
#[inline(never)]
pub fn dump{number}(value: &Type{number}) -> Vec<u8> {{ {dump} }}
#[inline(never)]
pub fn load{number}(bytes: &[u8]) -> Type{number} {{ {load} }}""")
    calls = "".join(
        f"    if count == {number} {{ count += dump{number}(&load{number}(&bytes)).len(); }}\n"
        for number in range(structs)
    )
    lines.append(f"""fn main() {{
    let bytes: Vec<u8> = std::env::args().map(|argument| argument.len() as u8).collect();
    let mut count = bytes.len();
{calls}    std::process::exit(count as i32);
}}""")
    return "\n".join(lines)


def spent():
    """Seconds of processor time of the programs that have run."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def timed(folder, *command):
    """The least seconds of three builds of the crate, its dependencies apart."""
    main = folder / "src/main.rs"
    text = main.read_text()
    best = float("inf")
    for attempt in range(4):
        main.write_text(f"{text}\n// {attempt}\n")
        start = spent()
        subprocess.run(["cargo", *command, "--quiet"], cwd=folder, check=True)
        if attempt > 0:  # the first builds the dependencies
            best = min(best, spent() - start)
    main.write_text(text)
    return best


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--structs", type=int, default=100)
    parser.add_argument("--only", nargs="*", default=list(CODECS))
    arguments = parser.parse_args()
    print("| codec | check | release build | code |\n|---|--:|--:|--:|")
    for name in arguments.only:
        dependencies, derives, dump, load = CODECS[name]
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "src").mkdir()
            (folder / "Cargo.toml").write_text(
                '[package]\nname = "cost"\nversion = "0.0.0"\nedition = "2024"\n\n'
                f"[workspace]\n\n[dependencies]\n{dependencies}\n"
            )
            (folder / "src/main.rs").write_text(
                "#![allow(dead_code)]\n" + source(arguments.structs, derives, dump, load)
            )
            check = timed(folder, "check")
            build = timed(folder, "build", "--release")
            program = folder / "target/release/cost"
            size = subprocess.run(["size", program], capture_output=True, text=True, check=True)
            code = int(size.stdout.splitlines()[1].split()[0])
        print(f"| {name} | {check:.2f} s | {build:.2f} s | {code:,} |", flush=True)


main()

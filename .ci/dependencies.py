"""Checks the dependency tree: licences against deny.toml, `rust-version` against ours."""

import json
import re
import subprocess
import sys
import tomllib


def main():
    metadata = json.loads(
        subprocess.check_output(["cargo", "metadata", "--format-version", "1", "--all-features"])
    )
    with open("deny.toml", "rb") as file:
        licenses = tomllib.load(file)["licenses"]
    allowed = set(licenses["allow"])
    clarified = {entry["crate"]: entry["expression"] for entry in licenses.get("clarify", [])}
    with open("Cargo.toml", "rb") as file:
        ours = tomllib.load(file)["workspace"]["package"]["rust-version"]
    shipped = runtime_packages(metadata)
    problems = []
    for package in metadata["packages"]:
        name = f"{package['name']} {package['version']}"
        license = package.get("license") or clarified.get(package["name"], "")
        if not licensed(license, allowed):
            problems.append(f"{name}: licence {license!r} is not in deny.toml")
        needed = package.get("rust_version")
        if package["id"] in shipped and needed and number(needed) > number(ours):
            problems.append(f"{name}: needs Rust {needed}, we promise {ours}")
    for problem in problems:
        print(problem)
    print(f"{len(metadata['packages'])} packages, {len(shipped)} of them shipped to users")
    sys.exit(1 if problems else 0)


def runtime_packages(metadata):
    """What users compile: everything reachable from the members without dev-dependencies."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    private = {p["id"] for p in metadata["packages"] if p["publish"] == []}
    todo = [member for member in metadata["workspace_members"] if member not in private]
    seen = set()
    while todo:
        package = todo.pop()
        if package in seen:
            continue
        seen.add(package)
        for dependency in nodes[package]["deps"]:
            if any(kind["kind"] != "dev" for kind in dependency["dep_kinds"]):
                todo.append(dependency["pkg"])
    return seen


def licensed(expression, allowed):
    """Whether an SPDX expression can be met: every AND side, one of each OR."""
    expression = expression.replace("/", " OR ")
    names = re.findall(r"[A-Za-z0-9.+-]+(?: WITH [A-Za-z0-9.-]+)?|[()]", expression)
    words = [
        {"AND": "and", "OR": "or"}.get(name, name if name in "()" else str(name in allowed))
        for name in names
    ]
    return bool(words) and eval(" ".join(words), {"__builtins__": {}})  # only True, False, and, or


def number(version):
    return [int(part) for part in version.split(".")[:2]]


main()

//! The table at the end of a run: who was how fast, beside the best.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Where criterion leaves its estimates.
fn criterion_folder() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    target.unwrap_or(own).join("criterion")
}

/// The estimate of a function's time, in nanoseconds.
fn median(folder: &Path) -> Option<f64> {
    let text = fs::read_to_string(folder.join("new/estimates.json")).ok()?;
    let estimates: serde_json::Value = serde_json::from_str(&text).ok()?;
    estimates.get("median")?.get("point_estimate")?.as_f64()
}

/// Prints, for each group whose name begins with one of `prefixes`, the median of each function and
/// its ratio to the best, the names in `limits` aside.
pub fn print(prefixes: &[impl AsRef<str>], limits: &[&str]) {
    let Ok(groups) = fs::read_dir(criterion_folder()) else { return };
    let mut table = BTreeMap::new();
    for group in groups.flatten() {
        let name = group.file_name().to_string_lossy().into_owned();
        if !prefixes.iter().any(|prefix| name.starts_with(prefix.as_ref())) {
            continue;
        }
        let functions = fs::read_dir(group.path()).into_iter().flatten().flatten();
        let times: Vec<(String, f64)> = functions
            .filter_map(|function| {
                let time = median(&function.path())?;
                Some((function.file_name().to_string_lossy().into_owned(), time))
            })
            .collect();
        table.insert(name, times);
    }
    for (group, mut times) in table {
        times.sort_by(|a, b| a.1.total_cmp(&b.1));
        let peers = times.iter().filter(|(name, _)| !limits.contains(&name.as_str()));
        let Some(best) = peers.map(|(_, time)| *time).reduce(f64::min) else { continue };
        println!("\n{group:<26}    median   ratio");
        for (name, time) in times {
            println!("  {name:<20} {:>11.2} µs  {:>5.2}", time / 1000.0, time / best);
        }
    }
}

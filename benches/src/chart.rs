//! Bar charts as SVG: who took how long, on a logarithmic scale.

use std::fmt::Write as _;

use crate::trials::LIMITS;

/// One of the panels that stand side by side.
#[derive(Clone, Debug)]
pub struct Panel {
    /// What was measured.
    pub title: String,
    /// Name and nanoseconds.
    pub bars: Vec<(String, f64)>,
}

const PANEL: f64 = 440.0;
const NAMES: f64 = 140.0;
const BARS: f64 = 210.0;
const ROW: f64 = 20.0;
const TOP: f64 = 64.0;

/// Height of a line of the notes.
const NOTE: f64 = 14.0;

/// Draws panels, the fastest first in each, ours and the limits in colours of their own; and lines of
/// notes below.
pub fn svg(title: &str, panels: &[Panel], notes: &[String]) -> String {
    let rows = panels.iter().map(|panel| panel.bars.len()).max().unwrap_or(0);
    let below = TOP + ROW * rows as f64 + 14.0;
    let (width, height) = (PANEL * panels.len() as f64, below + NOTE * notes.len() as f64);
    let mut svg = String::new();
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"12\" y=\"22\" font-size=\"15\" font-weight=\"bold\" fill=\"#1f2328\">{}</text>",
        escaped(title),
    );
    for (index, panel) in panels.iter().enumerate() {
        draw(&mut svg, panel, PANEL * index as f64, below);
    }
    for (line, note) in notes.iter().enumerate() {
        let _ = writeln!(
            svg,
            "<text x=\"12\" y=\"{:.1}\" font-size=\"10\" fill=\"#656d76\">{}</text>",
            below + NOTE * line as f64 + 4.0,
            escaped(note),
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// Draws a panel that ends at `height`.
fn draw(svg: &mut String, panel: &Panel, left: f64, height: f64) {
    let mut bars = panel.bars.clone();
    bars.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (Some(first), Some(last)) = (bars.first(), bars.last()) else { return };
    // The scale begins below the shortest bar, so that this one is seen.
    let (low, high) = ((first.1 / 2.0).log10(), last.1.log10());
    let scale = BARS / (high - low).max(0.1);
    let axis = left + NAMES;
    let _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"42\" font-weight=\"bold\" fill=\"#1f2328\">{}</text>",
        left + 12.0,
        escaped(&panel.title),
    );
    for decade in low.ceil() as i32..=high.floor() as i32 {
        let x = axis + (f64::from(decade) - low) * scale;
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" y1=\"{}\" x2=\"{x:.1}\" y2=\"{}\" stroke=\"#d8dee4\"/>\
             <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\" font-size=\"10\" \
             fill=\"#656d76\">{}</text>",
            TOP - 4.0,
            height - 10.0,
            TOP - 8.0,
            duration(10_f64.powi(decade)),
        );
    }
    for (row, (name, nanos)) in bars.iter().enumerate() {
        let y = TOP + ROW * row as f64;
        let length = (nanos.log10() - low) * scale;
        let color = match name.as_str() {
            name if name.starts_with("pickle-rs") => "#d1495b",
            name if LIMITS.contains(&name) => "#afb8c1",
            _ => "#5b8db8",
        };
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#1f2328\">{}</text>\
             <rect x=\"{axis:.1}\" y=\"{:.1}\" width=\"{length:.1}\" height=\"{}\" \
             fill=\"{color}\"/><text x=\"{:.1}\" y=\"{:.1}\" fill=\"#1f2328\">{}</text>",
            axis - 6.0,
            y + 13.0,
            escaped(name),
            y + 2.0,
            ROW - 5.0,
            axis + length + 5.0,
            y + 13.0,
            duration(*nanos),
        );
    }
}

/// Nanoseconds in the unit that makes them readable.
pub fn duration(nanos: f64) -> String {
    let (value, unit) = match nanos {
        ..1e3 => (nanos, "ns"),
        ..1e6 => (nanos / 1e3, "µs"),
        ..1e9 => (nanos / 1e6, "ms"),
        _ => (nanos / 1e9, "s"),
    };
    match value {
        ..10.0 if value.fract() != 0.0 => format!("{value:.1} {unit}"),
        _ => format!("{value:.0} {unit}"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

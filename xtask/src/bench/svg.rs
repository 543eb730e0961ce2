//! The chart: for each group and the total, one bar for each subject on a logarithmic scale around 1.

use std::fmt::Write as _;

use super::report::Report;

const BAR: f64 = 9.0;
const GAP: f64 = 14.0;
const LEFT: f64 = 190.0;
const WIDTH: f64 = 620.0;
const TOP: f64 = 60.0;
const COLORS: [&str; 10] = [
    "#1f4e9c", "#444444", "#c0504d", "#e08e79", "#888888", "#2e8b57", "#8fbc8f", "#b8860b", "#8e6bbf", "#5fa8d3",
];

/// Ratios outside of this range touch the border.
const SMALLEST: f64 = 0.03;
const LARGEST: f64 = 8.0;

pub fn chart(report: &Report) -> String {
    let subjects = report.subjects.len() as f64;
    let group_height = subjects * BAR + GAP;
    let legend = TOP + report.means.len() as f64 * group_height + 24.0;
    let height = legend + subjects * 16.0 + 12.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {height:.0}\" font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n<text x=\"10\" y=\"20\" font-size=\"15\">{}</text>\n<text x=\"10\" y=\"38\">time relative to {}, geometric means, logarithmic; left is faster</text>\n",
        LEFT + WIDTH + 60.0,
        escape(&report.title),
        escape(&report.reference),
    );
    for tick in [0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0] {
        let x = position(tick);
        let color = if tick == 1.0 { "#000000" } else { "#dddddd" };
        line(
            &mut svg,
            format_args!(
                "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{:.1}\" stroke=\"{color}\"/><text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{tick}</text>",
                legend - 22.0,
                TOP - 4.0,
            ),
        );
    }
    for (row, mean) in report.means.iter().enumerate() {
        let top = TOP + row as f64 * group_height + GAP / 2.0;
        line(
            &mut svg,
            format_args!(
                "<text x=\"10\" y=\"{:.1}\">{}</text>",
                top + BAR * subjects / 2.0 + 4.0,
                escape(&mean.label)
            ),
        );
        for (column, ratio) in mean.ratios.iter().enumerate() {
            let Some(ratio) = ratio else { continue };
            let (one, end) = (position(1.0), position(*ratio));
            let y = top + column as f64 * BAR;
            line(
                &mut svg,
                format_args!(
                    "<rect x=\"{:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{}\"/><text x=\"{:.1}\" y=\"{:.1}\" font-size=\"8\">{ratio:.2}</text>",
                    one.min(end),
                    (one - end).abs().max(1.0),
                    BAR - 1.0,
                    color(column),
                    one.max(end) + 3.0,
                    y + BAR - 2.0,
                ),
            );
        }
    }
    for (column, subject) in report.subjects.iter().enumerate() {
        let y = legend + column as f64 * 16.0;
        line(
            &mut svg,
            format_args!(
                "<rect x=\"10\" y=\"{y:.1}\" width=\"10\" height=\"10\" fill=\"{}\"/><text x=\"26\" y=\"{:.1}\">{} ({})</text>",
                color(column),
                y + 9.0,
                escape(&subject.name),
                escape(&subject.version),
            ),
        );
    }
    svg + "</svg>\n"
}

fn line(svg: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(svg, "{text}").expect("strings take everything");
}

fn color(column: usize) -> &'static str {
    COLORS[column % COLORS.len()]
}

fn position(ratio: f64) -> f64 {
    let part = (ratio.clamp(SMALLEST, LARGEST) / SMALLEST).ln() / (LARGEST / SMALLEST).ln();
    LEFT + part * WIDTH
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::report::tests::sample;

    #[test]
    fn every_mean_is_a_bar() {
        let report = sample();
        let svg = chart(&report);
        let bars: usize = report.means.iter().map(|m| m.ratios.iter().flatten().count()).sum();
        assert_eq!(svg.matches("font-size=\"8\"").count(), bars);
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        for tag in ["text", "svg"] {
            assert_eq!(
                svg.matches(&format!("<{tag}")).count(),
                svg.matches(&format!("</{tag}>")).count()
            );
        }
    }

    #[test]
    fn positions_stay_on_the_chart() {
        assert_eq!(position(0.0), LEFT);
        assert_eq!(position(1e9), LEFT + WIDTH);
        assert!(position(0.5) < position(1.0));
        assert_eq!(escape("a<b&c"), "a&lt;b&amp;c");
    }
}

//! Figures as a plot: lines and words in SVG. A dashed line is what the machine could do at the most.

use super::figures::{Figures, Measured};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The width and height of a panel, in pixels, and what is around its field.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 190.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 50.0;

/// Colours that are told apart by those who see few, and on light and dark ground (Okabe and Ito).
const COLOURS: [&str; 8] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a6d00", "#808080"];

/// A line of a plot: its name, its points, and whether it is dashed.
struct Line {
    name: String,
    points: BTreeMap<u64, f64>,
    colour: &'static str,
    dashed: bool,
}

/// A field with lines.
struct Panel {
    title: &'static str,
    across: &'static str,
    lines: Vec<Line>,
}

/// All that the figures have: rates by connections, the cost by population, the rate by population.
pub fn svg(figures: &Figures) -> String {
    let panels: Vec<Panel> =
        panels(&figures.measured).into_iter().filter(|panel| !panel.lines.is_empty()).collect();
    let height = HEIGHT * panels.len().max(1) as f64;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <style>text{{fill:#222}}.axis{{stroke:#777;fill:none}}.grid{{stroke:#bbb;stroke-width:.5}}\
         @media(prefers-color-scheme:dark){{text{{fill:#ddd}}.grid{{stroke:#555}}}}</style>\n"
    );
    for (place, panel) in panels.iter().enumerate() {
        let _ =
            writeln!(text, "<g transform=\"translate(0 {})\">\n{}</g>", place as f64 * HEIGHT, panel.draw());
    }
    text + "</svg>\n"
}

fn panels(measured: &[Measured]) -> [Panel; 3] {
    let worked = || measured.iter().filter(|one| one.per_second > 0.0);
    let connections = |one: &Measured| one.connections as u64;
    let population = |one: &Measured| one.population as u64;
    let cost = |one: &Measured| one.server.map(|cost| cost.cpu_microseconds).filter(|cost| *cost > 0.0);
    let at_most = |one: &Measured| one.limit.as_ref().map(|limit| limit.per_second);
    let by_keys = |one: &Measured| format!("{}, {} conn.", name(one), one.connections);
    let by_connections = |one: &Measured| format!("{}, {} keys", name(one), one.population);
    let mut rates = lines(worked(), by_connections, connections, |one| Some(one.per_second), false);
    rates.extend(lines(worked(), by_connections, connections, at_most, true));
    let mut grown = lines(worked(), by_keys, population, |one| Some(one.per_second), false);
    grown.extend(lines(worked(), by_keys, population, at_most, true));
    [
        Panel { title: "Throughput, operations a second", across: "connections", lines: several(rates) },
        Panel {
            title: "Server CPU of an operation, microseconds",
            across: "keys",
            lines: several(lines(worked(), by_keys, population, cost, false)),
        },
        Panel {
            title: "Throughput by population, operations a second",
            across: "keys",
            lines: several(grown),
        },
    ]
}

/// One point is no line.
fn several(lines: Vec<Line>) -> Vec<Line> {
    lines.into_iter().filter(|line| line.points.len() > 1).collect()
}

fn name(one: &Measured) -> String {
    let label = one.label.as_ref().map(|label| format!(" {label}")).unwrap_or_default();
    let once = if one.each_once { " once" } else { "" };
    format!("{}{label}{once}", one.workload)
}

fn lines<'m>(
    measured: impl Iterator<Item = &'m Measured>,
    name: impl Fn(&Measured) -> String,
    across: impl Fn(&Measured) -> u64,
    value: impl Fn(&Measured) -> Option<f64>,
    dashed: bool,
) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for one in measured {
        let name = name(one);
        let at = lines.iter().position(|line| line.name == name).unwrap_or_else(|| {
            let colour = COLOURS.get(lines.len() % COLOURS.len()).copied().unwrap_or("#808080");
            lines.push(Line { name, points: BTreeMap::new(), colour, dashed });
            lines.len() - 1
        });
        if let (Some(line), Some(value)) = (lines.get_mut(at), value(one)) {
            line.points.insert(across(one), value);
        }
    }
    lines
}

impl Panel {
    /// Across, each doubling is as wide as the next; up, from zero to a round number above the highest.
    fn draw(&self) -> String {
        let all = || self.lines.iter().flat_map(|line| &line.points);
        let least = all().map(|(x, _)| *x).min().unwrap_or(1).max(1) as f64;
        let most = all().map(|(x, _)| *x).max().unwrap_or(2).max(2) as f64;
        let top = round_above(all().map(|(_, y)| *y).fold(0.0, f64::max));
        let width = (most / least).ln().max(f64::EPSILON);
        let x = |value: f64| LEFT + (WIDTH - LEFT - RIGHT) * ((value.max(least) / least).ln() / width);
        let y = |value: f64| HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value / top);
        let mut text =
            format!("<text x=\"{LEFT}\" y=\"{}\" font-size=\"14\">{}</text>\n", TOP - 16.0, self.title);
        for step in 0..=5 {
            let value = top * f64::from(step) / 5.0;
            let (at, end) = (y(value), WIDTH - RIGHT);
            let _ = writeln!(
                text,
                "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{end}\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT - 6.0,
                at + 4.0,
                grouped(value)
            );
        }
        let mut places: Vec<u64> = all().map(|(x, _)| *x).collect();
        places.sort_unstable();
        places.dedup();
        for place in places {
            let (at, below) = (x(place as f64), HEIGHT - BOTTOM + 16.0);
            let _ = writeln!(
                text,
                "<text x=\"{at:.1}\" y=\"{below}\" text-anchor=\"middle\">{}</text>",
                grouped(place as f64)
            );
        }
        let middle = LEFT + (WIDTH - LEFT - RIGHT) / 2.0;
        let _ = writeln!(
            text,
            "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            HEIGHT - 14.0,
            self.across
        );
        let _ = writeln!(
            text,
            "<path class=\"axis\" d=\"M{LEFT} {TOP}V{}H{}\"/>",
            HEIGHT - BOTTOM,
            WIDTH - RIGHT
        );
        for line in &self.lines {
            text += &line.draw(&x, &y);
        }
        self.legend(&mut text);
        text
    }

    fn legend(&self, text: &mut String) {
        for (place, line) in self.lines.iter().filter(|line| !line.dashed).enumerate() {
            let (left, at) = (WIDTH - RIGHT + 12.0, TOP + 16.0 * place as f64);
            let _ = writeln!(
                text,
                "<path d=\"M{left} {at}h16\" stroke=\"{}\" stroke-width=\"2\"/><text x=\"{}\" y=\"{}\">{}</text>",
                line.colour,
                left + 22.0,
                at + 4.0,
                escaped(&line.name)
            );
        }
        if self.lines.iter().any(|line| line.dashed) {
            let _ = writeln!(
                text,
                "<text x=\"{}\" y=\"{}\" font-size=\"11\">dashed: TLS echo</text>",
                WIDTH - RIGHT + 12.0,
                HEIGHT - BOTTOM
            );
        }
    }
}

impl Line {
    fn draw(&self, x: &impl Fn(f64) -> f64, y: &impl Fn(f64) -> f64) -> String {
        let points: Vec<(f64, f64)> =
            self.points.iter().map(|(across, up)| (x(*across as f64), y(*up))).collect();
        let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
        let dash = if self.dashed { " stroke-dasharray=\"5 4\" stroke-opacity=\".7\"" } else { "" };
        let mut text = format!(
            "<path d=\"M{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"{dash}/>\n",
            path.join("L"),
            self.colour
        );
        if !self.dashed {
            points.iter().for_each(|(x, y)| {
                let _ =
                    writeln!(text, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{}\"/>", self.colour);
            });
        }
        text
    }
}

/// 1, 2 or 5 with noughts, above the value.
fn round_above(value: f64) -> f64 {
    let unit = 10_f64.powf(value.max(1e-9).log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * unit).find(|top| *top >= value).unwrap_or(unit * 10.0)
}

/// `20,000`, and digits behind the point for small numbers alone.
fn grouped(value: f64) -> String {
    if value < 10.0 && value.fract() != 0.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;
    use crate::bench::figures::{Cost, Limit, Machine};

    fn one(connections: usize, population: usize, per_second: f64) -> Measured {
        let limit = Limit { per_second: per_second * 2.0, ..Limit::default() };
        let server = Cost { cpu_microseconds: 20.0, ..Cost::default() };
        let label = Some("a<b".to_owned());
        Measured {
            workload: "get".to_owned(),
            connections,
            population,
            per_second,
            label,
            limit: Some(limit),
            server: Some(server),
            ..Measured::default()
        }
    }

    #[test]
    fn a_plot_is_well_formed_and_has_a_line_for_each_series_of_several_points() {
        let measured =
            vec![one(1, 1000, 5e3), one(16, 1000, 2e4), one(64, 1000, 2.2e4), one(64, 100_000, 2e4)];
        let figures =
            Figures { keystead_bench: 1, machine: Machine::default(), measured, beside: Vec::new() };
        let text = svg(&figures);
        let options = roxmltree::ParsingOptions::default();
        let read = roxmltree::Document::parse_with_options(&text, options).unwrap();
        let paths = read
            .descendants()
            .filter(|node| node.has_tag_name("path") && node.attribute("fill") == Some("none"));
        assert_eq!(paths.count(), 5, "two of rates, one of cost, two of rates by population: {text}");
        assert!(read.descendants().any(|node| node.text() == Some("get a<b, 1000 keys")), "{text}");
        let empty = Figures { measured: Vec::new(), ..figures };
        assert!(roxmltree::Document::parse(&svg(&empty)).is_ok());
    }

    #[test]
    fn axes_end_at_round_numbers() {
        for (value, top) in
            [(0.7, 1.0), (19_000.0, 20_000.0), (20_001.0, 50_000.0), (51.0, 100.0), (0.0, 1e-9)]
        {
            assert!((round_above(value) / top - 1.0).abs() < 1e-6, "{value}: {}", round_above(value));
        }
        assert_eq!(
            (grouped(1_234_567.0), grouped(999.0), grouped(0.2)),
            ("1,234,567".into(), "999".into(), "0.2".into())
        );
    }
}

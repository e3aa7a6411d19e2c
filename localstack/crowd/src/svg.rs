//! Line charts as SVG: panels below one another, over the same time.

use std::fmt::Write as _;

/// A chart of some lines, with a scale on the left, and one on the right if a line needs it.
#[derive(Clone, Debug, Default)]
pub struct Panel {
    pub title: String,
    /// What the left scale counts, with its unit.
    pub left: String,
    pub right: Option<String>,
    pub lines: Vec<Line>,
    /// Moments that are marked in every panel.
    pub marks: Vec<(f64, String)>,
}

#[derive(Clone, Debug, Default)]
pub struct Line {
    pub color: String,
    /// In the legend. Lines without a name are not in it.
    pub name: String,
    /// By the right scale.
    pub right: bool,
    pub dashed: bool,
    /// Where the line has a gap, there is a point that is no number.
    pub points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 960.0;
const MARGIN: f64 = 84.0;
const TOP: f64 = 44.0;
const PLOT_HEIGHT: f64 = 220.0;
/// Title and legend above a plot, the labels of its time below.
const HEAD: f64 = 52.0;
const FOOT: f64 = 48.0;
const PANEL_HEIGHT: f64 = HEAD + PLOT_HEIGHT + FOOT;
const GREY: &str = "#666";
const GRID: &str = "#e4e4e4";
/// Of a letter, on average: so the legend knows where to go on.
const LETTER: f64 = 6.4;

/// The whole picture; `time` says what runs from left to right.
pub fn draw(title: &str, time: &str, panels: &[Panel]) -> String {
    let height = TOP + PANEL_HEIGHT * panels.len() as f64;
    let mut svg = Svg(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    ));
    svg.text(MARGIN, 26.0, "start", "#000", "font-size=\"16\"", title);
    let points = panels.iter().flat_map(|panel| &panel.lines).flat_map(|line| &line.points);
    let end = greatest(points.map(|point| point.0));
    for (nth, panel) in panels.iter().enumerate() {
        let top = TOP + PANEL_HEIGHT * nth as f64;
        svg.panel(panel, time, top, Scale::until(end));
    }
    svg.0.push_str("</svg>\n");
    svg.0
}

fn greatest(values: impl Iterator<Item = f64>) -> f64 {
    values.filter(|value| value.is_finite()).fold(0.0, f64::max)
}

/// From nothing up to a round number.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Scale {
    end: f64,
    step: f64,
}

impl Scale {
    /// In some five steps of 1, 2 or 5, or ten times as much, or a hundred times…
    fn up_to(greatest: f64) -> Self {
        let greatest = if greatest > 0.0 { greatest } else { 1.0 };
        let rough = greatest / 5.0;
        let power = 10_f64.powf(rough.log10().floor());
        let nice = [1.0, 2.0, 5.0, 10.0].into_iter().find(|nice| nice * power >= rough * 0.999);
        let step = nice.unwrap_or(10.0) * power;
        // What is a rounding error above a step is no further step.
        Self { end: (greatest / step - 1e-9).ceil() * step, step }
    }

    /// Of time: it ends when it ends.
    fn until(end: f64) -> Self {
        Self { end: end.max(1.0), ..Self::up_to(end) }
    }

    fn ticks(self) -> impl Iterator<Item = f64> {
        let count = (self.end / self.step + 1e-9).floor().max(0.0) as u32;
        (0..=count).map(move |nth| f64::from(nth) * self.step)
    }

    /// `12000` as `12,000`; with as many decimals as the steps need.
    fn label(self, value: f64) -> String {
        let decimals = (-self.step.log10().floor()).max(0.0) as usize;
        let text = format!("{value:.decimals$}");
        let whole = text.find('.').unwrap_or(text.len());
        let mut grouped = String::new();
        for (at, digit) in text.char_indices() {
            if at > 0 && at < whole && (whole - at).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        grouped
    }

    fn share(self, value: f64) -> f64 {
        value / self.end
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

struct Svg(String);

impl Svg {
    fn text(&mut self, x: f64, y: f64, anchor: &str, color: &str, more: &str, text: &str) {
        let text = escaped(text);
        let _ = writeln!(
            self.0,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{color}\" {more}>{text}</text>"
        );
    }

    fn segment(&mut self, from: (f64, f64), to: (f64, f64), color: &str, more: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let _ = writeln!(
            self.0,
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{color}\" {more}/>"
        );
    }

    fn panel(&mut self, panel: &Panel, time: &str, top: f64, times: Scale) {
        let (upper, lower) = (top + HEAD, top + HEAD + PLOT_HEIGHT);
        let right_end = WIDTH - MARGIN;
        let x = |at: f64| MARGIN + (right_end - MARGIN) * times.share(at);
        self.text(MARGIN, top + 18.0, "start", "#000", "font-weight=\"bold\"", &panel.title);
        self.legend(panel, top + 38.0);
        for tick in times.ticks() {
            self.segment((x(tick), upper), (x(tick), lower), GRID, "");
            self.text(x(tick), lower + 16.0, "middle", GREY, "", &times.label(tick));
        }
        self.text(f64::midpoint(MARGIN, right_end), lower + 34.0, "middle", GREY, "", time);
        let (left, right) = (scale(panel, false), scale(panel, true));
        let y = |scale: Scale, value: f64| lower - PLOT_HEIGHT * scale.share(value);
        for tick in left.ticks() {
            self.segment((MARGIN, y(left, tick)), (right_end, y(left, tick)), GRID, "");
            self.text(MARGIN - 8.0, y(left, tick) + 4.0, "end", GREY, "", &left.label(tick));
        }
        self.unit(20.0, f64::midpoint(upper, lower), &panel.left);
        if let Some(unit) = &panel.right {
            for tick in right.ticks() {
                self.text(
                    right_end + 8.0,
                    y(right, tick) + 4.0,
                    "start",
                    GREY,
                    "",
                    &right.label(tick),
                );
            }
            self.unit(WIDTH - 16.0, f64::midpoint(upper, lower), unit);
        }
        for (at, name) in &panel.marks {
            self.segment((x(*at), upper), (x(*at), lower), "#000", "stroke-dasharray=\"2 3\"");
            self.text(x(*at) + 4.0, upper + 12.0, "start", "#000", "", name);
        }
        for line in &panel.lines {
            let scale = if line.right { right } else { left };
            let points = line.points.iter().map(|(at, value)| (x(*at), y(scale, *value)));
            self.line(line, points);
        }
        self.segment((MARGIN, lower), (right_end, lower), GREY, "");
        self.segment((MARGIN, upper), (MARGIN, lower), GREY, "");
    }

    fn unit(&mut self, x: f64, y: f64, unit: &str) {
        let turned = format!("transform=\"rotate(-90 {x:.1} {y:.1})\"");
        self.text(x, y, "middle", GREY, &turned, unit);
    }

    fn line(&mut self, line: &Line, points: impl Iterator<Item = (f64, f64)>) {
        let mut path = String::new();
        let mut drawing = false;
        for (x, y) in points {
            if y.is_finite() {
                let _ = write!(path, "{}{x:.1} {y:.1}", if drawing { "L" } else { "M" });
            }
            drawing = y.is_finite();
        }
        let dashes = dashes(line);
        let _ = writeln!(
            self.0,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.6\" {dashes}/>",
            line.color
        );
    }

    fn legend(&mut self, panel: &Panel, y: f64) {
        let mut x = MARGIN;
        for line in panel.lines.iter().filter(|line| !line.name.is_empty()) {
            let more = format!("stroke-width=\"3\" {}", dashes(line));
            self.segment((x, y - 4.0), (x + 22.0, y - 4.0), &line.color, &more);
            self.text(x + 28.0, y, "start", "#222", "", &line.name);
            x += 28.0 + LETTER * line.name.chars().count() as f64 + 22.0;
        }
    }
}

fn dashes(line: &Line) -> &'static str {
    if line.dashed { "stroke-dasharray=\"6 4\"" } else { "" }
}

fn scale(panel: &Panel, right: bool) -> Scale {
    let lines = panel.lines.iter().filter(|line| line.right == right);
    Scale::up_to(greatest(lines.flat_map(|line| &line.points).map(|point| point.1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_at_round_numbers() {
        let of = |greatest| {
            let scale = Scale::up_to(greatest);
            (scale.end, scale.step, scale.ticks().count())
        };
        assert_eq!(of(10_000.0), (10_000.0, 2_000.0, 6));
        assert_eq!(of(9_001.0), (10_000.0, 2_000.0, 6));
        assert_eq!(of(37.0), (40.0, 10.0, 5));
        assert_eq!(of(0.7), (0.8, 0.2, 5));
        assert_eq!(of(0.0), (1.0, 0.2, 6), "nothing has happened yet");
        assert_eq!(Scale::until(156.0).ticks().last(), Some(150.0));
        let label = |greatest, value| Scale::up_to(greatest).label(value);
        assert_eq!(label(1e6, 1_234_567.0), "1,234,567");
        assert_eq!((label(950.0, 0.0), label(950.0, 950.0)), ("0".into(), "950".into()));
        assert_eq!(label(0.7, 0.2), "0.2");
    }

    #[test]
    fn a_picture_has_axes_with_units_a_legend_and_lines_with_gaps() {
        let line = Line {
            color: "#123456".into(),
            name: "a < b".into(),
            points: vec![(0.0, 0.0), (1.0, 10.0), (2.0, f64::NAN), (4.0, 5.0), (5.0, 0.0)],
            ..Line::default()
        };
        let marks = vec![(1.0, "opens".to_owned())];
        let (title, left) = ("One".to_owned(), "visitors".to_owned());
        let right = Some("per second".to_owned());
        let panel = Panel { title, left, right, lines: vec![line], marks };
        let svg = draw("All", "seconds", &[panel.clone(), panel]);
        for part in
            ["<svg ", "</svg>", ">visitors<", ">per second<", ">seconds<", ">a &lt; b<", ">opens<"]
        {
            assert!(svg.contains(part), "{part} in {svg}");
        }
        let path = svg.lines().find(|line| line.starts_with("<path")).expect("a line");
        assert_eq!((path.matches('M').count(), path.matches('L').count()), (2, 2), "{path}");
        assert!(path.contains("M84.0 316.0L242.4 96.0"), "{path}");
    }
}

//! The picture of a crowd: positions in line, the room, and the seats.

use crate::{
    plan::Plan,
    samples::{Sample, Samples},
    svg::{Line, Panel, draw},
};

const BLUE: &str = "#0072b2";
const ORANGE: &str = "#d55e00";
const GREEN: &str = "#009e73";
const GREY: &str = "#888888";
/// Admissions come in batches: over so many seconds they are a rate.
const RATE_SECONDS: f64 = 5.0;

pub fn picture(plan: &Plan, samples: &Samples) -> String {
    let title = format!("{} visitors for {} seats", plan.visitors, plan.seats);
    let mut panels = [positions(samples), room(plan, samples), sold(plan, samples)];
    let opening = plan.early.as_secs_f64();
    for panel in panels.iter_mut().filter(|_| opening > 0.0) {
        panel.marks.push((opening, "the room opens".to_owned()));
    }
    draw(&title, "time since the first could come (seconds)", &panels)
}

fn positions(samples: &Samples) -> Panel {
    let count = samples.followed.len();
    let line = |nth: usize| {
        let points = samples.taken.iter().map(|sample| {
            let position = sample.positions.get(nth).copied().flatten();
            (at(sample), position.map_or(f64::NAN, |position| position as f64))
        });
        let nth_of = |nth: usize| format!("visitor {}", samples.followed[nth] + 1);
        let name = match nth {
            0 => format!("{} (came first)", nth_of(0)),
            _ if nth + 1 == count => format!("{} (came last)", nth_of(nth)),
            _ => String::new(),
        };
        Line { color: shade(nth, count), name, points: points.collect(), ..Line::default() }
    };
    Panel {
        title: format!(
            "Positions in line of {count} visitors, from the first who came to the last"
        ),
        left: "position (visitors)".to_owned(),
        lines: (0..count).map(line).collect(),
        ..Panel::default()
    }
}

/// From light to dark.
fn shade(nth: usize, of: usize) -> String {
    let share = nth as f64 / of.saturating_sub(1).max(1) as f64;
    let mixed = |from: f64, to: f64| (from + (to - from) * share).round() as u8;
    format!("#{:02x}{:02x}{:02x}", mixed(240.0, 60.0), mixed(170.0, 0.0), mixed(40.0, 120.0))
}

fn room(plan: &Plan, samples: &Samples) -> Panel {
    let inside = samples.taken.iter().map(|sample| (at(sample), f64::from(sample.inside)));
    let capacity = ends(samples).map(|at| (at, f64::from(plan.capacity)));
    let line = |name: &str, color: &str| Line {
        name: name.to_owned(),
        color: color.to_owned(),
        ..Line::default()
    };
    let lines = vec![
        Line { points: inside.collect(), ..line("inside (left)", BLUE) },
        Line { dashed: true, points: capacity.to_vec(), ..line("capacity (left)", GREY) },
        Line {
            right: true,
            points: rates(samples),
            ..line("admissions per second (right)", ORANGE)
        },
    ];
    Panel {
        title: "The room: who is inside, and how fast the line moves".to_owned(),
        left: "inside (visitors)".to_owned(),
        right: Some("admissions (visitors per second)".to_owned()),
        lines,
        ..Panel::default()
    }
}

/// How far the line came in each stretch of some seconds.
fn rates(samples: &Samples) -> Vec<(f64, f64)> {
    let mut rates = Vec::new();
    let Some(mut before) = samples.taken.first() else { return rates };
    for sample in &samples.taken {
        let time = at(sample) - at(before);
        if time >= RATE_SECONDS {
            let served = sample.serving.saturating_sub(before.serving) as f64;
            rates.push((f64::midpoint(at(before), at(sample)), served / time));
            before = sample;
        }
    }
    rates
}

fn sold(plan: &Plan, samples: &Samples) -> Panel {
    let sold = samples.taken.iter().map(|sample| (at(sample), sample.sold as f64)).collect();
    let seats = ends(samples).map(|at| (at, plan.seats as f64)).to_vec();
    let sold = Line { name: "sold".into(), color: GREEN.into(), points: sold, ..Line::default() };
    let (name, color) = ("all seats".into(), GREY.into());
    let all = Line { name, color, dashed: true, points: seats, ..Line::default() };
    Panel {
        title: "Seats sold".to_owned(),
        left: "seats".to_owned(),
        lines: vec![sold, all],
        ..Panel::default()
    }
}

fn at(sample: &Sample) -> f64 {
    sample.at.as_secs_f64()
}

/// Of the time.
fn ends(samples: &Samples) -> [f64; 2] {
    [0.0, samples.taken.last().map_or(0.0, at)]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn admissions_are_a_rate_of_some_seconds() {
        let mut samples = Samples::of(1);
        for second in 0..=10 {
            let (at, serving) = (Duration::from_secs(second), 20 * second);
            samples.taken.push(Sample { at, serving, ..Sample::default() });
        }
        assert_eq!(rates(&samples), [(2.5, 20.0), (7.5, 20.0)]);
        assert_eq!((shade(0, 10), shade(9, 10)), ("#f0aa28".into(), "#3c0078".into()));
    }
}

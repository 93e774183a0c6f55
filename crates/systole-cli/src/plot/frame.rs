//! Axes: the conversion of values to positions, with readable ticks.

use super::canvas::{Anchor, Canvas, FAINT, GRID, INK, Pen, Place};
use crate::trouble::Trouble;

/// One axis.
#[derive(Clone, Debug)]
pub struct Scale {
    from: f64,
    to: f64,
    log: bool,
    ticks: Vec<(f64, String)>,
    title: String,
}

impl Scale {
    #[must_use]
    pub fn linear(title: &str, from: f64, to: f64) -> Self {
        let to = if to > from { to } else { from + 1.0 };
        let step = step(to - from);
        #[expect(clippy::cast_possible_truncation, reason = "a dozen ticks")]
        let (first, last) = ((from / step).ceil() as i32, (to / step).floor() as i32);
        let tick = |n: i32| (f64::from(n) * step, number(f64::from(n) * step));
        Self {
            from,
            to,
            log: false,
            ticks: (first..=last).map(tick).collect(),
            title: title.into(),
        }
    }

    /// Returns a logarithmic axis. Both ends have to be above 0.
    #[must_use]
    pub fn log(title: &str, from: f64, to: f64) -> Self {
        let to = if to > from { to } else { from * 10.0 };
        let wide = (to / from).log10() > 3.5;
        let digits: &[f64] = if wide { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let values =
            (-9..=9).flat_map(|power| digits.iter().map(move |digit| digit * 10_f64.powi(power)));
        let ticks = values.map(|value| (value, number(value))).collect();
        Self {
            from,
            to,
            log: true,
            ticks,
            title: title.into(),
        }
        .within()
    }

    #[must_use]
    pub fn with_ticks(mut self, ticks: Vec<(f64, String)>) -> Self {
        self.ticks = ticks;
        self.within()
    }

    /// Adds one tick at the lower end, which replaces those below it.
    #[must_use]
    pub fn with_least(mut self, value: f64, name: &str) -> Self {
        self.ticks.retain(|&(tick, _)| tick > 1.5 * value);
        self.ticks.push((value, name.into()));
        self
    }

    fn within(mut self) -> Self {
        let (from, to) = (self.from / 1.001, self.to * 1.001);
        self.ticks.retain(|&(tick, _)| from <= tick && tick <= to);
        self
    }

    #[must_use]
    pub const fn ends(&self) -> (f64, f64) {
        (self.from, self.to)
    }

    /// Returns the position of a value: 0 at the beginning of the axis, 1 at its end. A value
    /// beyond the axis lies at its end.
    fn share(&self, value: f64) -> f64 {
        let share = if self.log {
            (value.max(self.from) / self.from).ln() / (self.to / self.from).ln()
        } else {
            (value - self.from) / (self.to - self.from)
        };
        share.clamp(0.0, 1.0)
    }
}

/// Returns the distance between ticks: 1, 2 or 5 times a power of ten, between a fourth and a tenth
/// of `range`.
fn step(range: f64) -> f64 {
    let power = 10_f64.powf((range / 10.0).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * power);
    steps
        .into_iter()
        .find(|step| range / step <= 10.0)
        .unwrap_or(power)
}

/// Formats a value in as few characters as possible.
#[must_use]
pub fn number(value: f64) -> String {
    let digits = if value.abs() >= 10.0 { 1 } else { 4 };
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').into()
    } else {
        text
    }
}

/// A rectangle with two axes.
#[derive(Clone, Debug)]
pub struct Frame {
    pub left: i32,
    pub right: i32,
    pub top: i32,
    pub bottom: i32,
    pub x: Scale,
    pub y: Scale,
}

/// The font sizes.
pub const TINY: i32 = 14;
pub const SMALL: i32 = 17;
pub const LARGE: i32 = 22;

impl Frame {
    #[must_use]
    pub fn place(&self, x: f64, y: f64) -> Place {
        (self.x_at(x), self.y_at(y))
    }

    #[expect(clippy::cast_possible_truncation, reason = "clamped to the frame")]
    #[must_use]
    pub fn x_at(&self, x: f64) -> i32 {
        self.left + (self.x.share(x) * f64::from(self.right - self.left)).round() as i32
    }

    #[expect(clippy::cast_possible_truncation, reason = "clamped to the frame")]
    #[must_use]
    pub fn y_at(&self, y: f64) -> i32 {
        self.bottom - (self.y.share(y) * f64::from(self.bottom - self.top)).round() as i32
    }

    /// Draws grid, ticks and titles. What is drawn afterwards lies on top.
    pub fn draw(&self, canvas: &Canvas<'_>) -> Result<(), Trouble> {
        for (value, name) in &self.x.ticks {
            let x = self.x_at(*value);
            canvas.line((x, self.top), (x, self.bottom), Pen::new(GRID, 1))?;
            canvas.text(name, (x, self.bottom + 14), SMALL, Anchor::Middle, FAINT)?;
        }
        for (value, name) in &self.y.ticks {
            let y = self.y_at(*value);
            canvas.line((self.left, y), (self.right, y), Pen::new(GRID, 1))?;
            canvas.text(name, (self.left - 8, y), SMALL, Anchor::Right, FAINT)?;
        }
        let middle = i32::midpoint(self.left, self.right);
        canvas.text(
            &self.x.title,
            (middle, self.bottom + 38),
            SMALL,
            Anchor::Middle,
            INK,
        )?;
        let height = i32::midpoint(self.top, self.bottom);
        canvas.text(
            &self.y.title,
            (self.left - 64, height),
            SMALL,
            Anchor::Upwards,
            INK,
        )?;
        let (lt, rb) = ((self.left, self.top), (self.right, self.bottom));
        let corners = vec![lt, (rb.0, lt.1), rb, (lt.0, rb.1), lt];
        canvas.path(corners, Pen::new(FAINT, 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        let names = |scale: Scale| {
            scale
                .ticks
                .into_iter()
                .map(|(_, name)| name)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            names(Scale::linear("", 0.0, 7.9)),
            ["0", "1", "2", "3", "4", "5", "6", "7"]
        );
        assert_eq!(
            names(Scale::linear("", 0.0, 0.33)),
            ["0", "0.05", "0.1", "0.15", "0.2", "0.25", "0.3"]
        );
        assert_eq!(
            names(Scale::log("", 0.05, 2.5)),
            ["0.05", "0.1", "0.2", "0.5", "1", "2"]
        );
        assert_eq!(
            names(Scale::log("", 0.1, 1e4)),
            ["0.1", "1", "10", "100", "1000", "10000"]
        );
    }

    #[test]
    fn what_lies_beyond_is_at_the_edge() {
        let scale = Scale::log("", 0.1, 10.0);
        assert!(scale.share(0.0).abs() < 1e-12 && (scale.share(1e9) - 1.0).abs() < 1e-12);
        assert!((scale.share(1.0) - 0.5).abs() < 1e-12);
    }
}

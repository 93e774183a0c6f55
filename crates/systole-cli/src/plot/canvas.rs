//! Lines and text on an SVG.

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, DashedPathElement, PathElement, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontTransform, IntoFont, RGBColor, ShapeStyle, TextStyle, WHITE};

use crate::trouble::Trouble;

pub type Place = (i32, i32);

pub const INK: RGBColor = RGBColor(34, 34, 34);
pub const FAINT: RGBColor = RGBColor(110, 110, 110);
pub const GRID: RGBColor = RGBColor(226, 226, 226);
pub const RED: RGBColor = RGBColor(200, 30, 45);
pub const GREEN: RGBColor = RGBColor(60, 150, 80);
pub const AMBER: RGBColor = RGBColor(240, 170, 40);
pub const BLUE: RGBColor = RGBColor(45, 105, 175);

/// The part of a text that lies at the given place.
#[derive(Clone, Copy, Debug)]
pub enum Anchor {
    Left,
    Middle,
    Right,
    /// The middle of a text that runs upwards.
    Upwards,
}

#[derive(Clone, Copy, Debug)]
pub enum Dash {
    Solid,
    Dashed,
    Dotted,
}

#[derive(Clone, Copy, Debug)]
pub struct Pen {
    pub color: RGBColor,
    pub width: u32,
    pub dash: Dash,
}

impl Pen {
    #[must_use]
    pub const fn new(color: RGBColor, width: u32) -> Self {
        Self {
            color,
            width,
            dash: Dash::Solid,
        }
    }
}

#[expect(
    missing_debug_implementations,
    reason = "plotters' drawing area has none"
)]
pub struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
}

/// Returns the SVG of this size that `paint` draws.
pub fn svg(
    size: (u32, u32),
    paint: impl FnOnce(&Canvas<'_>) -> Result<(), Trouble>,
) -> Result<String, Trouble> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
        area.fill(&WHITE).map_err(failed)?;
        let canvas = Canvas { area };
        paint(&canvas)?;
        canvas.area.present().map_err(failed)?;
    }
    Ok(text)
}

fn failed(error: impl std::error::Error) -> Trouble {
    Trouble::Plot(error.to_string())
}

impl Canvas<'_> {
    pub fn path(&self, places: Vec<Place>, pen: Pen) -> Result<(), Trouble> {
        let style = pen.color.stroke_width(pen.width);
        let (dash, gap) = match pen.dash {
            Dash::Solid => {
                return self
                    .area
                    .draw(&PathElement::new(places, style))
                    .map_err(failed);
            }
            Dash::Dashed => (7, 4),
            Dash::Dotted => (2, 3),
        };
        let dashed = DashedPathElement::new(places, dash, gap, style);
        self.area.draw(&dashed).map_err(failed)
    }

    pub fn line(&self, from: Place, to: Place, pen: Pen) -> Result<(), Trouble> {
        self.path(vec![from, to], pen)
    }

    /// Draws a filled shape with an opacity.
    pub fn block(&self, corners: [Place; 2], color: RGBColor, opacity: f64) -> Result<(), Trouble> {
        let filled = Rectangle::new(corners, color.mix(opacity).filled());
        self.area.draw(&filled).map_err(failed)
    }

    /// Draws a dot or a ring.
    pub fn dot(
        &self,
        at: Place,
        radius: i32,
        color: RGBColor,
        filled: bool,
    ) -> Result<(), Trouble> {
        let style = ShapeStyle {
            color: color.to_rgba(),
            filled,
            stroke_width: 2,
        };
        self.area
            .draw(&Circle::new(at, radius, style))
            .map_err(failed)
    }

    pub fn text(
        &self,
        text: &str,
        at: Place,
        size: i32,
        anchor: Anchor,
        color: RGBColor,
    ) -> Result<(), Trouble> {
        let (transform, h) = match anchor {
            Anchor::Left => (FontTransform::None, HPos::Left),
            Anchor::Middle => (FontTransform::None, HPos::Center),
            Anchor::Right => (FontTransform::None, HPos::Right),
            Anchor::Upwards => (FontTransform::Rotate270, HPos::Center),
        };
        let font = ("sans-serif", size).into_font().transform(transform);
        let style = TextStyle::from(font)
            .color(&color)
            .pos(Pos::new(h, VPos::Center));
        self.area.draw(&Text::new(text, at, style)).map_err(failed)
    }
}

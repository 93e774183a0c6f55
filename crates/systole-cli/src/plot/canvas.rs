//! Lines and text on a picture.

use std::sync::Once;

use plotters::backend::{BitMapBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{
    Circle, DashedPathElement, Drawable, PathElement, PointCollection, Rectangle, Text,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color, FontStyle, FontTransform, IntoFont, RGBColor, ShapeStyle, TextStyle, WHITE,
    register_font,
};

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

/// The format of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    Svg,
    Png,
}

#[expect(
    missing_debug_implementations,
    reason = "plotters' drawing area has none"
)]
pub struct Canvas<'a> {
    area: Area<'a>,
}

enum Area<'a> {
    Svg(DrawingArea<SVGBackend<'a>, Shift>),
    Png(DrawingArea<BitMapBackend<'a>, Shift>),
}

/// Returns the file of this size that `paint` draws.
pub fn draw(
    picture: Picture,
    size: (u32, u32),
    paint: impl FnOnce(&Canvas<'_>) -> Result<(), Trouble>,
) -> Result<Vec<u8>, Trouble> {
    match picture {
        Picture::Svg => svg(size, paint).map(String::into_bytes),
        Picture::Png => png(size, paint),
    }
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
        let canvas = Canvas {
            area: Area::Svg(area.clone()),
        };
        paint(&canvas)?;
        area.present().map_err(failed)?;
    }
    Ok(text)
}

/// A pixel has three bytes.
const PIXEL: usize = 3;

fn png(
    (width, height): (u32, u32),
    paint: impl FnOnce(&Canvas<'_>) -> Result<(), Trouble>,
) -> Result<Vec<u8>, Trouble> {
    load_font();
    let mut pixels = vec![0; PIXEL * width as usize * height as usize];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        area.fill(&WHITE).map_err(failed)?;
        let canvas = Canvas {
            area: Area::Png(area.clone()),
        };
        paint(&canvas)?;
        area.present().map_err(failed)?;
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(file)
}

/// Makes the font known with which text is drawn into pixels. An SVG names a font of the reader's.
fn load_font() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let font = dejavu::sans::regular();
        let _ = register_font("sans-serif", FontStyle::Normal, font); // it is a font
    });
}

fn failed(error: impl std::error::Error) -> Trouble {
    Trouble::Plot(error.to_string())
}

impl<'c> Canvas<'c> {
    fn put<E>(&self, element: &E) -> Result<(), Trouble>
    where
        for<'e> &'e E: PointCollection<'e, Place>,
        E: Drawable<SVGBackend<'c>> + Drawable<BitMapBackend<'c>>,
    {
        match &self.area {
            Area::Svg(area) => area.draw(element).map_err(failed),
            Area::Png(area) => area.draw(element).map_err(failed),
        }
    }

    pub fn path(&self, places: Vec<Place>, pen: Pen) -> Result<(), Trouble> {
        let style = pen.color.stroke_width(pen.width);
        let (dash, gap) = match pen.dash {
            Dash::Solid => {
                return self.put(&PathElement::new(places, style));
            }
            Dash::Dashed => (7, 4),
            Dash::Dotted => (2, 3),
        };
        self.put(&DashedPathElement::new(places, dash, gap, style))
    }

    pub fn line(&self, from: Place, to: Place, pen: Pen) -> Result<(), Trouble> {
        self.path(vec![from, to], pen)
    }

    /// Draws a filled shape with an opacity.
    pub fn block(&self, corners: [Place; 2], color: RGBColor, opacity: f64) -> Result<(), Trouble> {
        let filled = Rectangle::new(corners, color.mix(opacity).filled());
        self.put(&filled)
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
        self.put(&Circle::new(at, radius, style))
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
        self.put(&Text::new(text.to_owned(), at, style))
    }
}
